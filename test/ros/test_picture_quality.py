# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Black, saturated and frozen pictures are refused, and no others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cac_core.predictor import Reason
from cac_core.preprocessing import Frame
from cac_ros.node.answers import answer
from cac_ros.node.arrived_image import ArrivedImage, Verdict, look
from cac_ros.node.picture_quality import PictureCheck, PictureLimits, exposure, same

CHECK = PictureLimits(dark=0.05, bright=0.98)


def plain(value: int | tuple[int, ...], order: str = "rgb", height: int = 480, width: int = 640) -> Frame:
    channels = () if order == "grey" else (len(order),)
    pixels = np.empty((height, width, *channels), np.uint8)
    pixels[:] = value
    return Frame(pixels, order)  # type: ignore[arg-type]


def noisy(seed: int, mean: int = 128) -> Frame:
    rng = np.random.default_rng(seed)
    return Frame(np.clip(rng.normal(mean, 8, (480, 640, 3)), 0, 255).astype(np.uint8), "rgb")


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (plain(0), Reason.TOO_DARK),
        (plain(12), Reason.TOO_DARK),
        (plain(13), Reason.OK),
        (plain(250), Reason.TOO_BRIGHT),
        (plain(249), Reason.OK),
        (plain(0, "grey"), Reason.TOO_DARK),
        (plain(255, "grey"), Reason.TOO_BRIGHT),
        (plain((0, 0, 0, 255), "rgba"), Reason.TOO_DARK),
        (plain((255, 255, 255, 0), "bgra"), Reason.TOO_BRIGHT),
        (plain((0, 0, 200)), Reason.OK),
        (plain((255, 255, 0)), Reason.OK),
        (plain(0, height=1, width=1), Reason.TOO_DARK),
        (noisy(0), Reason.OK),
    ],
)
def test_black_and_saturated(frame: Frame, reason: Reason) -> None:
    found, sentence = exposure(frame, CHECK)
    assert found == reason
    assert bool(sentence) == (reason != Reason.OK)


def test_a_lit_corner_makes_a_black_picture_good_a_bright_spot_does_not() -> None:
    frame = plain(0)
    frame.pixels[:100, :60] = 255
    assert exposure(frame, CHECK)[0] == Reason.TOO_DARK
    frame.pixels[:160, :200] = 255
    assert exposure(frame, CHECK)[0] == Reason.OK


@given(st.integers(0, 255), st.booleans())
def test_nothing_is_refused_when_nothing_is_checked(value: int, grey: bool) -> None:
    frame = plain(value, "grey" if grey else "rgb", 8, 8)
    picture_check = PictureCheck()
    assert not PictureLimits().any
    assert all(picture_check.check(frame, float(t), PictureLimits())[0] == Reason.OK for t in range(5))


def test_a_picture_that_repeats_is_frozen_until_it_changes() -> None:
    picture_check, limits = PictureCheck(), PictureLimits(frozen_after=1.0)
    reasons = [picture_check.check(noisy(0), t, limits)[0] for t in (0.0, 0.5, 0.9, 1.0, 1.1)]
    assert reasons == [Reason.OK] * 3 + [Reason.FROZEN] * 2
    assert picture_check.check(noisy(1), 1.2, limits)[0] == Reason.OK
    assert picture_check.check(noisy(1), 2.1, limits)[0] == Reason.OK
    assert picture_check.check(noisy(1), 2.3, limits) == (
        Reason.FROZEN,
        "The camera has sent the same picture for 1.1 s.",
    )


def test_two_equal_frames_far_apart_are_not_frozen() -> None:
    picture_check, limits = PictureCheck(), PictureLimits(frozen_after=1.0)
    assert [picture_check.check(noisy(0), t, limits)[0] for t in (0.0, 60.0)] == [Reason.OK] * 2


def test_one_pixel_of_noise_is_a_living_camera() -> None:
    first, second = noisy(0), noisy(0)
    assert same(first, second)
    second.pixels[1, 1, 1] += 1  # not on the grid that is looked at first
    assert not same(first, second)
    assert not same(first, Frame(first.pixels, "bgr"))
    assert not same(first, Frame(first.pixels[:-1], "rgb"))


def test_a_refused_frame_is_not_given_to_the_engine_and_counts_as_failed() -> None:
    class Model:
        class predictor:  # noqa: N801
            @staticmethod
            def predict(frames: list[Frame], theta: object) -> list[object]:
                assert not frames, "the engine got the frame"
                return []

        theta, smallest_side = None, 0

    class Message:
        encoding, width, height, step, is_bigendian, data = "mono8", 4, 4, 4, 0, bytes(16)

    def gate(frame: Frame, arrived: float) -> Verdict:
        return exposure(frame, CHECK)

    (result,) = answer([lambda: look(ArrivedImage(Message(), 0.0), 0, gate)], Model())  # type: ignore[arg-type]
    assert result.decision.reason == Reason.TOO_DARK
    assert (result.decision.unknown, result.decision.label, result.failed) == (True, "", True)
    assert result.problem.startswith("The picture is black")


def test_a_frame_out_of_its_turn_is_judged_and_not_remembered() -> None:
    check, limits = PictureCheck(), PictureLimits(frozen_after=1.0)
    frames = [plain(128) for _ in range(4)]
    for arrived, frame in zip((0.0, 0.5, 0.9), frames, strict=False):
        assert check.check(frame, arrived, limits)[0] == Reason.OK
    assert check.check_aside(frames[3], 0.95, limits)[0] == Reason.OK, "not for so long yet"
    assert check.check_aside(frames[3], 1.1, limits)[0] == Reason.FROZEN
    assert check.check_aside(noisy(1), 1.2, limits)[0] == Reason.OK
    assert check.check_aside(plain(0), 1.2, PictureLimits(dark=0.05))[0] == Reason.TOO_DARK
    assert check.check(frames[3], 1.3, limits)[0] == Reason.FROZEN, "the ones aside changed nothing"
