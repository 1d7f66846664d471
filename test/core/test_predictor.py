# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frames in, decisions out: preprocessing, engines, and every way it can fail."""

import dataclasses
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cac_core import equations
from cac_core.model import build_model, normalise
from cac_core.predictor import Predictor, Reason, failed
from cac_core.preprocessing import ColourOrder, Fit, Frame, Interpolation, Preprocessing, resize
from cac_core.support import errors
from test.core.bundles import random_frames, tiny_bundle

# --- preprocessing


def test_every_colour_order_of_one_picture_gives_the_same_input() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    alpha = np.full((40, 60, 1), 255, np.uint8)
    expected = resize(Frame(rgb, "rgb"), Preprocessing(32))
    for frame in (
        Frame(rgb[..., ::-1].copy(), "bgr"),
        Frame(np.concatenate([rgb, alpha], 2), "rgba"),
        Frame(np.concatenate([rgb[..., ::-1], alpha], 2), "bgra"),
    ):
        np.testing.assert_array_equal(resize(frame, Preprocessing(32)), expected)


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from(["stretch", "crop", "pad"]),
    st.sampled_from(["mipmap", "area", "linear", "cubic"]),
    st.sampled_from(["rgb", "bgr", "rgba", "bgra", "grey"]),
    st.sampled_from([1, 3]),
)
def test_any_frame_becomes_the_networks_square(
    h: int, w: int, fit: Fit, interpolation: Interpolation, order: ColourOrder, channels: int
) -> None:
    shape = (h, w) if order == "grey" else (h, w, len(order))
    p = Preprocessing(16, channels, fit, interpolation, (0.5,) * channels, (0.5,) * channels)
    result = resize(Frame(np.full(shape, 90, np.uint8), order), p)
    assert result.shape == (16, 16, channels)
    assert result.dtype == np.uint8
    if fit != "pad":
        assert np.abs(result.astype(int) - 90).max() <= 1  # a flat picture stays flat


def literal_halves(pixels: NDArray[np.uint8], times: int) -> NDArray[np.uint8]:
    """Averages of 2×2 pixels, halves rounded up, in plain integers."""
    for _ in range(times):
        h, w = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
        whole = pixels[:h, :w].astype(int)
        pixels = ((whole[::2, ::2] + whole[1::2, ::2] + whole[::2, 1::2] + whole[1::2, 1::2] + 2) // 4).astype(np.uint8)
    return pixels


@pytest.mark.parametrize(
    ("h", "w", "times"), [(40, 50, 0), (63, 90, 0), (64, 64, 1), (127, 200, 1), (129, 131, 2), (480, 480, 3)]
)
@pytest.mark.parametrize("order", ["grey", "rgb", "rgba"])
def test_mipmap_is_averages_of_four_pixels_and_then_linear(h: int, w: int, times: int, order: ColourOrder) -> None:
    pixels = np.random.default_rng(h).integers(0, 256, (h, w) if order == "grey" else (h, w, len(order)), np.uint8)
    before = pixels.copy()
    linear = Preprocessing(32, fit="stretch", interpolation="linear")
    expected = resize(Frame(np.ascontiguousarray(literal_halves(pixels, times)), order), linear)
    given_as = Preprocessing(32, fit="stretch", interpolation="mipmap")
    np.testing.assert_array_equal(resize(Frame(pixels, order), given_as), expected)
    np.testing.assert_array_equal(pixels, before)


def test_mipmap_shows_the_network_every_pixel_where_linear_skips_some() -> None:
    stripes = np.zeros((480, 480, 3), np.uint8)
    stripes[:, ::4] = 200  # a quarter of the columns, thinner than what a skipping resize reads
    seen = {name: resize(Frame(stripes, "rgb"), Preprocessing(48, interpolation=name)) for name in ("mipmap", "linear")}
    assert np.abs(seen["mipmap"].astype(int) - 50).max() <= 2
    assert np.abs(seen["linear"].astype(int) - 50).max() > 40


def test_a_view_with_padded_rows_is_read_right() -> None:
    buffer = np.random.default_rng(0).integers(0, 256, (48, 70 * 3), dtype=np.uint8)
    view = np.lib.stride_tricks.as_strided(buffer, (48, 64, 3), (210, 3, 1))
    np.testing.assert_array_equal(
        resize(Frame(view, "bgr"), Preprocessing(32)), resize(Frame(view.copy(), "bgr"), Preprocessing(32))
    )


def test_crop_takes_the_centre_and_pad_keeps_everything() -> None:
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    assert resize(Frame(wide, "rgb"), Preprocessing(10, fit="crop")).min() == 200
    padded = resize(Frame(wide, "rgb"), Preprocessing(30, fit="pad"))
    assert padded[:9].max() == 0
    assert padded[15, 15].tolist() == [200] * 3


@pytest.mark.parametrize("name", [f.name for f in dataclasses.fields(Preprocessing)])
def test_no_value_of_a_stored_preprocessing_is_made_up(name: str) -> None:
    stored = Preprocessing(32).to_dict()
    assert Preprocessing.from_dict(stored) == Preprocessing(32)
    del stored[name]
    with pytest.raises(ValueError, match=f"lacks {name}"):
        Preprocessing.from_dict(stored)


def test_normalise_is_the_usual_formula() -> None:
    p = Preprocessing(4)
    pixels = torch.randint(0, 256, (2, 4, 4, 3), dtype=torch.uint8)
    expected = (pixels.permute(0, 3, 1, 2).double() / 255 - torch.tensor(p.mean).view(1, 3, 1, 1)) / torch.tensor(
        p.std
    ).view(1, 3, 1, 1)
    torch.testing.assert_close(normalise(pixels, p).double(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"image_size": 0}, "image_size"),
        ({"image_size": 32, "channels": 2}, "channels"),
        ({"image_size": 32, "fit": "squeeze"}, "fit"),
        ({"image_size": 32, "interpolation": "nearest"}, "interpolation"),
        ({"image_size": 32, "std": (0.0, 1.0, 1.0)}, "std"),
        ({"image_size": 32, "mean": (0.5,)}, "3 values"),
        ({"image_size": 32, "mean": (float("nan"),) * 3}, "finite"),
    ],
)
def test_preprocessing_that_makes_no_sense_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Preprocessing(**values)


# --- the predictor


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(tiny_bundle(), engine="torch", device="cpu")


def test_the_predictor_is_the_equations_over_the_network(predictor: Predictor) -> None:
    frames = random_frames(4)
    bundle = predictor.bundle
    batch = torch.from_numpy(np.stack([resize(f, bundle.preprocessing) for f in frames]))
    with torch.no_grad():
        d = build_model(bundle)(normalise(batch, bundle.preprocessing))
    gamma = equations.rejection_scores(d)
    theta = bundle.thresholds.theta()
    for i, decision in enumerate(predictor.predict(frames)):
        np.testing.assert_allclose(decision.rejection_scores, gamma[i], rtol=1e-4)
        assert decision.nearest_index == int(gamma[i].argmin())
        assert decision.rejection_score == pytest.approx(float(gamma[i].min()), rel=1e-4)
        assert decision.threshold == pytest.approx(float(theta[0]))
        assert decision.unknown == (decision.rejection_score > decision.threshold)


def test_known_and_unknown_are_told_apart_by_the_threshold(predictor: Predictor) -> None:
    frame = random_frames(1)
    score = predictor.predict(frame)[0].rejection_score
    kept = predictor.predict(frame, predictor.theta(threshold=score * 1.01))[0]
    assert (kept.unknown, kept.reason, kept.label) == (False, Reason.OK, predictor.class_names[kept.class_index])
    rejected = predictor.predict(frame, predictor.theta(threshold=score * 0.99))[0]
    assert (rejected.unknown, rejected.reason, rejected.class_index, rejected.label) == (
        True,
        Reason.ABOVE_THRESHOLD,
        -1,
        "",
    )
    assert rejected.nearest_label == kept.label


def test_a_batch_equals_one_by_one(predictor: Predictor) -> None:
    frames = random_frames(4)
    for together, alone in zip(predictor.predict(frames), [predictor.predict([f])[0] for f in frames], strict=True):
        np.testing.assert_allclose(together.rejection_scores, alone.rejection_scores, rtol=1e-4)
        assert together.class_index == alone.class_index
    assert predictor.predict([]) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_an_engine_that_returns_no_number_means_unknown(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    gamma = np.array([[0.0, 0.1, 0.2], [value, 0.1, 0.2]], dtype=np.float32)
    monkeypatch.setattr(predictor._engine, "rejection_scores", lambda frames: gamma)
    good, bad = predictor.predict(random_frames(2), predictor.theta(threshold=5.0))
    assert good.label == "cup"
    assert bad.unknown
    assert bad.reason == Reason.NOT_FINITE
    assert (bad.class_index, bad.label, bad.nearest_label, bad.rejection_score) == (-1, "", "", float("inf"))


def test_an_engine_that_raises_becomes_one_kind_of_error(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(frames: Sequence[Frame]) -> NoReturn:
        raise RuntimeError("out of something")

    monkeypatch.setattr(predictor._engine, "rejection_scores", explode)
    with pytest.raises(errors.EngineError, match="engine torch failed: RuntimeError: out of something"):
        predictor.predict(random_frames(1))


def test_an_engine_that_returns_the_wrong_shape_is_an_error(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictor._engine, "rejection_scores", lambda frames: np.zeros((1, 2), np.float32))
    with pytest.raises(errors.EngineError, match="shape"):
        predictor.predict(random_frames(1))


def test_a_failed_frame_is_unknown_and_carries_no_label() -> None:
    for reason in (Reason.BAD_FRAME, Reason.ENGINE_ERROR, Reason.NOT_FINITE):
        decision = failed(reason)
        assert decision.unknown
        assert (decision.class_index, decision.label, decision.nearest_label) == (-1, "", "")
        assert decision.rejection_score == float("inf")


def test_thresholds_can_be_chosen_at_run_time(predictor: Predictor) -> None:
    assert predictor.theta(known_kept=0.5)[0] < predictor.theta(known_kept=0.99)[0]
    assert predictor.theta(threshold=1.25).tolist() == [1.25] * 3
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="threshold"):
            predictor.theta(threshold=wrong)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_auto_falls_back_to_the_cpu_but_a_named_device_must_be_there() -> None:
    auto = Predictor(tiny_bundle(), device="auto")
    assert auto.device_name == "cpu"
    assert any("CPU" in note for note in auto.notes)
    for device in ("cuda", "cuda:0", "cuda:3"):
        with pytest.raises(errors.DeviceError, match="use device auto or cpu"):
            Predictor(tiny_bundle(), device=device)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_gives_the_decisions_of_the_cpu() -> None:
    frames = random_frames(16)
    cpu, cuda = Predictor(tiny_bundle(), device="cpu"), Predictor(tiny_bundle(), device="auto")
    assert cuda.device_name == "cuda:0"
    for a, b in zip(cpu.predict(frames), cuda.predict(frames), strict=True):
        np.testing.assert_allclose(a.rejection_scores, b.rejection_scores, rtol=2e-2)
        assert a.class_index == b.class_index
    with pytest.raises(errors.DeviceError):
        Predictor(tiny_bundle(), device="cuda:63")


def test_names_that_do_not_exist_are_refused() -> None:
    with pytest.raises(errors.DeviceError, match="no device named"):
        Predictor(tiny_bundle(), device="gpu")
    with pytest.raises(errors.EngineError, match="no engine named"):
        Predictor(tiny_bundle(), engine="magic")


def test_an_opencv_resize_never_copies_the_frame_before_it() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    frame.setflags(write=False)  # as a view on a message's bytes is
    expected = cv2.resize(frame[:, 80:560], (32, 32), interpolation=cv2.INTER_AREA)
    area = Preprocessing(32, interpolation="area")
    np.testing.assert_array_equal(resize(Frame(frame, "rgb"), area), expected)
    resize(Frame(frame, "rgb"), Preprocessing(32))  # would fail if it wrote


def test_loading_a_model_imports_neither_ros_nor_the_training_stack() -> None:
    code = (
        "import sys, cac_core.predictor; "
        "print([m for m in ('rclpy', 'pytorch_lightning', 'kornia', 'plotly', 'timm', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=Path.cwd(), check=True
    )
    assert done.stdout.strip() == "[]"


def test_replacing_the_centres_changes_the_decision_not_the_network() -> None:
    bundle = tiny_bundle()
    frame = random_frames(1)
    near = int(Predictor(bundle, "torch", device="cpu").predict(frame)[0].nearest_index)
    swapped = np.roll(bundle.centres, 1, axis=0)
    moved = Predictor(dataclasses.replace(bundle, centres=swapped), "torch", device="cpu").predict(frame)[0]
    assert moved.nearest_index == (near + 1) % 3
