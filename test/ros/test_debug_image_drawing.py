# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The annotated image says what was decided, at every size, and leaves the frame as it was."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cac_core.predictor import Decision, Reason, failed
from cac_core.preprocessing import ColourOrder, Frame
from cac_ros.drawing.annotated import annotate, bar_fill, details, headline

GREEN, ORANGE, RED = (80, 200, 60), (40, 140, 255), (70, 70, 240)


def decision(score: float, threshold: float = 1.0, label: str = "cup") -> Decision:
    unknown = not score <= threshold
    scores = np.array([min(score, 1e30)], np.float32)
    reason = Reason.ABOVE_THRESHOLD if unknown else Reason.OK
    return Decision(unknown, -1 if unknown else 0, "" if unknown else label, 0, label, score, threshold, reason, scores)


def frame(height: int, width: int, order: ColourOrder = "bgr") -> Frame:
    channels = {"grey": (), "rgb": (3,), "bgr": (3,), "rgba": (4,), "bgra": (4,)}[order]
    return Frame(np.full((height, width, *channels), 128, np.uint8), order)


def share_of(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> float:
    return float((picture == colour).all(axis=2).mean())


@pytest.mark.parametrize(("height", "width"), [(240, 320), (480, 640), (1080, 1920), (640, 360), (2160, 3840)])
def test_it_keeps_the_size_and_draws_at_the_top_only(height: int, width: int) -> None:
    picture = annotate(frame(height, width), decision(0.5), 3.2)
    assert picture.shape == (height, width, 3)
    drawn = (picture != 128).any(axis=(1, 2))
    assert 40 <= drawn.sum() <= 0.25 * height
    assert drawn[: drawn.sum()].all(), "in one piece, at the top"


@pytest.mark.parametrize(
    ("shown", "colour"),
    [(decision(0.5), GREEN), (decision(1.5), ORANGE), (failed(Reason.NOT_FINITE), RED)],
)
@pytest.mark.parametrize("background", [0, 255])
def test_known_unknown_and_error_have_their_own_colour_everywhere(
    shown: Decision, colour: tuple[int, int, int], background: int
) -> None:
    pixels = np.full((240, 320, 3), background, np.uint8)
    picture = annotate(Frame(pixels, "bgr"), shown, 3.2)
    assert share_of(picture, colour) > 0.005
    assert all(share_of(picture, other) == 0 for other in {GREEN, ORANGE, RED} - {colour})


def test_letters_are_readable_in_small_and_large_pictures() -> None:
    for height, width, least in ((240, 320, 14), (1080, 1920, 45)):
        picture = annotate(frame(height, width), decision(1.5), 3.2)
        left = picture[:, round(0.015 * width) : width // 4]
        coloured = np.abs(left.astype(int) - ORANGE).max(axis=2) < 30
        rows = np.flatnonzero(coloured.any(axis=1))
        headline_rows = rows[: np.flatnonzero(np.diff(rows, append=rows[-1] + 99) > 1)[0] + 1]
        assert len(headline_rows) >= least, f"the word UNKNOWN is {len(headline_rows)} pixels high"


def test_it_says_label_score_threshold_and_nearest_class() -> None:
    assert (headline(decision(0.62, 1.4)), details(decision(0.62, 1.4))) == ("cup", "score 0.62, limit 1.4")
    assert (headline(decision(2.1, 1.4)), details(decision(2.1, 1.4))) == (
        "UNKNOWN",
        "score 2.1, limit 1.4, nearest cup",
    )
    assert (headline(failed(Reason.BAD_FRAME)), details(failed(Reason.BAD_FRAME))) == ("UNKNOWN", "bad frame")


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_bar_crosses_the_mark_exactly_when_the_frame_is_unknown(score: float, threshold: float) -> None:
    fill = bar_fill(decision(score, threshold))
    assert 0 <= fill <= 1
    if threshold > 1e-300:
        assert (fill > 0.5) == (score > threshold) or math.isclose(score, threshold)


def test_the_bar_is_as_long_as_the_score() -> None:
    lengths = [share_of(annotate(frame(240, 320), decision(score, 2.0, label=" "), 1.0), GREEN) for score in (0.5, 1.5)]
    assert lengths[1] > 2 * lengths[0] > 0


@pytest.mark.parametrize("order", ["rgb", "bgr", "rgba", "bgra", "grey"])
def test_the_frame_is_not_changed_and_its_colours_are_right(order: ColourOrder) -> None:
    blue = {"rgb": (0, 0, 255), "bgr": (255, 0, 0), "rgba": (0, 0, 255, 9), "bgra": (255, 0, 0, 9), "grey": 77}[order]
    colour = np.array(blue, np.uint8)
    pixels = np.empty((240, 320, *colour.shape), np.uint8)
    pixels[:] = colour
    before = pixels.copy()
    pixels.flags.writeable = False
    picture = annotate(Frame(pixels, order), decision(0.5), 3.2)
    assert (pixels == before).all()
    assert tuple(picture[-1, -1]) == ((77, 77, 77) if order == "grey" else (255, 0, 0))


def test_a_view_with_padded_rows_can_be_drawn_on() -> None:
    padded = np.full((240, 400, 3), 128, np.uint8)
    picture = annotate(Frame(padded[:, :320], "bgr"), decision(0.5), 3.2)
    assert (picture == annotate(frame(240, 320), decision(0.5), 3.2)).all()


def test_small_pictures_are_enlarged_by_a_whole_factor() -> None:
    assert annotate(frame(48, 64), decision(0.5), 3.2).shape == (240, 320, 3)
    assert annotate(frame(32, 32), decision(0.5), 3.2).shape == (320, 320, 3)


def test_a_frame_that_could_not_be_read_is_a_black_picture_that_says_so() -> None:
    picture = annotate(None, failed(Reason.BAD_FRAME), 3.2)
    assert picture.shape == (240, 320, 3)
    assert share_of(picture, RED) > 0.005
    assert (picture[-1] == 0).all()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 300),
    st.integers(1, 700),
    st.text(max_size=60),
    st.floats(0) | st.just(math.nan),
    st.floats(0) | st.just(math.nan),
    st.floats(0, 1e6),
)
def test_nothing_makes_it_fail(
    height: int, width: int, label: str, score: float, threshold: float, latency_ms: float
) -> None:
    picture = annotate(frame(height, width), decision(score, threshold, label), latency_ms)
    assert picture.dtype == np.uint8
    assert cv2.imencode(".png", picture)[0]
