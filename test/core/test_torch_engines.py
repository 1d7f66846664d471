# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PyTorch on CPU and CUDA: precision, memory that runs out, and the resize that a GPU does.

Without a GPU all of the CUDA engine runs on the CPU except pinning and capture; what needs a GPU is skipped.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cac_core.bundle import ModelBundle
from cac_core.engines import make_engine
from cac_core.engines.cuda_engine import CudaEngine
from cac_core.engines.device_resize import area_resized, source_pixels
from cac_core.engines.torch_engine import TorchEngine, backbone_dtype
from cac_core.predictor import Predictor, Reason
from cac_core.preprocessing import ColourOrder, Fit, Frame, Interpolation, Preprocessing, resize
from cac_core.support import devices, errors
from cac_core.support.devices import cpu_multiplies_bf16
from test.core.bundles import random_frames, tiny_bundle, with_variant

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
ENGINES = [TorchEngine, CudaEngine]
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")


def small_memory(kind: type[TorchEngine], room: int) -> tuple[TorchEngine, list[int]]:
    """An engine where more than ``room`` frames at once do not fit in memory, and how many it was given each time."""
    sizes: list[int] = []

    class Small(kind):  # type: ignore[valid-type, misc]
        def _logits(self, frames: Sequence[Frame]) -> Any:
            sizes.append(len(frames))
            if len(frames) > room:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB.")
            return super()._logits(frames)

    return Small(tiny_bundle(), "cpu"), sizes


# --- the same answers


@pytest.mark.parametrize("interpolation", ["mipmap", "area", "linear", "cubic"])
@pytest.mark.parametrize("fit", ["crop", "stretch", "pad"])
def test_static_buffers_give_the_scores_of_the_plain_engine(interpolation: Interpolation, fit: Fit) -> None:
    p = dataclasses.replace(tiny_bundle().preprocessing, interpolation=interpolation, fit=fit)
    bundle = tiny_bundle(preprocessing=p)
    plain, static = TorchEngine(bundle, "cpu"), CudaEngine(bundle, "cpu")
    frames = [*random_frames(21), Frame(random_frames(1)[0].pixels[::-1, ::2], "bgr")]
    for count in (1, 2, 3, 22, 1):  # sizes that come again find their buffers filled
        expected = plain.rejection_scores(frames[-count:])
        np.testing.assert_allclose(static.rejection_scores(frames[-count:]), expected, rtol=1e-2, atol=1e-3)


def test_a_frame_size_that_changes_in_mid_stream_changes_nothing_else() -> None:
    engine, plain = CudaEngine(tiny_bundle(), "cpu"), TorchEngine(tiny_bundle(), "cpu")
    rng = np.random.default_rng(0)
    for size in (100, 40, 200, 33, 200):
        frame = [Frame(rng.integers(0, 256, (size, size + 7, 3), dtype=np.uint8), "rgb")]
        np.testing.assert_allclose(engine.rejection_scores(frame), plain.rejection_scores(frame), rtol=1e-2, atol=1e-3)


@given(
    st.integers(32, 150),
    st.integers(32, 150),
    st.sampled_from(["crop", "stretch"]),
    st.sampled_from(["rgb", "bgr", "rgba", "bgra", "grey"]),
)
@settings(deadline=None, max_examples=60)
def test_the_resize_of_the_gpu_is_opencvs_but_for_rounding(
    height: int, width: int, fit: Fit, order: ColourOrder
) -> None:
    shape = (height, width) if order == "grey" else (height, width, len(order))
    frame = Frame(np.random.default_rng(height * width).integers(0, 256, shape, dtype=np.uint8), order)
    p = Preprocessing(32, fit=fit, interpolation="area")
    source = source_pixels(frame, p)
    if source is None:
        assert 64 in (min(height, width), height, width)
        return
    ours = area_resized(torch.from_numpy(np.ascontiguousarray(source)), order, 32).numpy().astype(int)
    difference = np.abs(ours - resize(frame, p))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01  # averages that lie in the middle of two values are rounded either way


def test_what_the_gpu_cannot_resize_like_opencv_is_left_to_opencv() -> None:
    frame = Frame(np.zeros((100, 120, 3), np.uint8), "rgb")
    area = Preprocessing(32, fit="crop", interpolation="area")
    source = source_pixels(frame, area)
    assert source is not None
    assert np.shares_memory(source, frame.pixels)
    grey = Preprocessing(32, 1, interpolation="area", mean=(0.5,), std=(0.5,))
    others = [
        dataclasses.replace(area, **c) for c in ({"interpolation": "linear"}, {"fit": "pad"}, {"image_size": 101})
    ]
    for p in (*others, dataclasses.replace(area, image_size=50), grey):
        assert source_pixels(frame, p) is None


# --- precision


def test_lower_precisions_run_where_the_hardware_has_them_only() -> None:
    same: dict[str, Any] = {"engine": "torch", "centres": tiny_bundle().centres}
    half, brain = (with_variant(tiny_bundle(), precision, **same) for precision in ("fp16", "bf16"))
    exact = make_engine(half, "torch", "cpu").rejection_scores(random_frames(4))
    with pytest.raises(errors.EngineError, match="float16 on CUDA only: use precision bf16 or auto"):
        make_engine(half, "torch", "cpu", precision="fp16")
    if not cpu_multiplies_bf16():
        with pytest.raises(errors.EngineError, match="cpu does not compute in bfloat16: use precision auto"):
            make_engine(brain, "torch", "cpu", precision="bf16")
        return
    coarse = make_engine(brain, "torch", "cpu", precision="bf16").rejection_scores(random_frames(4))
    assert not np.array_equal(coarse, exact)
    np.testing.assert_allclose(coarse, exact, rtol=0.05)


def test_a_cpu_without_bfloat16_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cac_core.engines.torch_engine.cpu_multiplies_bf16", lambda: False)
    with pytest.raises(errors.EngineError, match="cpu does not compute in bfloat16: use precision auto or float32"):
        TorchEngine(with_variant(tiny_bundle(), "bf16", "torch").in_precision("bf16"), "cpu")


def test_float32_is_the_default_everywhere_and_float16_is_there_on_cuda() -> None:
    assert [backbone_dtype("float32", device) for device in (CPU, CUDA)] == [torch.float32] * 2
    assert backbone_dtype("fp16", CUDA) is torch.float16


# --- memory


@pytest.mark.parametrize("kind", ENGINES)
def test_a_batch_too_large_is_halved_which_is_said_and_remembered(kind: type[TorchEngine]) -> None:
    (engine, sizes), frames = small_memory(kind, room=3), random_frames(13)
    expected = kind(tiny_bundle(), "cpu").rejection_scores(frames)
    np.testing.assert_allclose(engine.rejection_scores(frames), expected, rtol=1e-4, atol=1e-5)
    assert sizes == [13, 6, 3, 3, 3, 3, 1]
    assert [note for note in engine.notes if "at most 3" in note and "ran out of memory" in note]
    notes = engine.notes
    np.testing.assert_allclose(engine.rejection_scores(frames), expected, rtol=1e-4, atol=1e-5)
    assert sizes[7:] == [3, 3, 3, 3, 1]
    assert engine.notes == notes


@pytest.mark.parametrize("kind", ENGINES)
def test_memory_too_small_for_one_frame_is_an_error_that_says_what_to_do(
    kind: type[TorchEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(tiny_bundle(), "torch", "cpu")
    monkeypatch.setattr(predictor, "_engine", small_memory(kind, room=0)[0])
    with pytest.raises(errors.EngineError, match=r"too little memory for one frame: .* use device cpu"):
        predictor.predict(random_frames(2))


def test_what_an_engine_has_to_say_while_it_runs_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = Predictor(tiny_bundle(), "torch", "cpu")
    monkeypatch.setattr(predictor, "_engine", small_memory(TorchEngine, room=1)[0])
    assert predictor.new_notes() == ()
    predictor.predict(random_frames(2))
    (note,) = predictor.new_notes()
    assert "at most 1" in note
    predictor.predict(random_frames(2))
    assert predictor.new_notes() == ()
    assert note in predictor.notes


# --- faults


@pytest.mark.parametrize("kind", ENGINES)
def test_a_network_that_overflows_means_unknown(kind: type[TorchEngine], monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tiny_bundle()
    broken = dataclasses.replace(
        bundle, state={**bundle.state, "classifier.bias": np.full(3, np.inf, dtype=np.float32)}
    )
    predictor = Predictor(bundle, "torch", "cpu")
    monkeypatch.setattr(predictor, "_engine", kind(broken, "cpu"))
    for decision in predictor.predict(random_frames(3)):
        assert (decision.unknown, decision.label, decision.reason) == (True, "", Reason.NOT_FINITE)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
@pytest.mark.parametrize("name", ["auto", "torch"])
def test_cuda_asked_for_by_name_must_be_there(name: str) -> None:
    with pytest.raises(errors.DeviceError, match=r"no CUDA device found.*use device auto or cpu"):
        make_engine(tiny_bundle(), name, "cuda:0")


@pytest.mark.parametrize("name", ["auto", "torch"])
def test_cuda_is_taken_by_the_engine_that_is_made_for_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(devices, "_has_gpu_driver", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)

    def on_the_cpu(bundle: ModelBundle, device: str) -> CudaEngine:
        asked.append((device, bundle.precision))
        return CudaEngine(bundle, "cpu")

    monkeypatch.setattr("cac_core.engines.cuda_engine.CudaEngine", on_the_cpu)
    assert type(make_engine(tiny_bundle(), name, "cuda:1")) is CudaEngine
    assert type(make_engine(tiny_bundle(), name, "cpu")) is not CudaEngine
    assert asked == [("cuda:1", "float32")]


# --- with a GPU


@needs_cuda
@pytest.mark.parametrize(("precision", "tolerance"), [("auto", 1e-3), ("fp16", 0.02), ("bf16", 0.05)])
def test_a_gpu_decides_as_the_cpu_does(precision: str, tolerance: float) -> None:
    frames = random_frames(21)
    bundle = tiny_bundle()
    if precision != "auto":
        bundle = with_variant(bundle, precision, "torch", centres=bundle.centres)
    engine = make_engine(bundle, "auto", "cuda:0", precision=precision)
    expected = TorchEngine(tiny_bundle(), "cpu").rejection_scores(frames)
    for _ in range(2):
        np.testing.assert_allclose(engine.rejection_scores(frames), expected, rtol=tolerance, atol=tolerance)
    assert engine.notes == ()  # it was captured


@needs_cuda
def test_a_network_that_cannot_be_captured_runs_without_a_graph() -> None:
    engine = CudaEngine(tiny_bundle(), "cuda:0")
    forward = engine._graph.model.backbone.forward
    engine._graph.model.backbone.forward = lambda images: forward(images) + float(images.sum().item() * 0)
    frames = random_frames(3)
    expected = TorchEngine(tiny_bundle(), "cpu").rejection_scores(frames)
    np.testing.assert_allclose(engine.rejection_scores(frames), expected, rtol=1e-3, atol=1e-3)
    assert any("without a CUDA graph" in note for note in engine.notes)


@needs_cuda
def test_a_full_gpu_is_survived() -> None:
    engine, frames = CudaEngine(tiny_bundle(), "cuda:0"), random_frames(1)
    expected = engine.rejection_scores(frames)
    try:
        torch.cuda.set_per_process_memory_fraction(1e-9)
        torch.cuda.empty_cache()
        with pytest.raises(errors.EngineError, match="too little memory for one frame"):
            CudaEngine.rejection_scores(engine, [Frame(np.zeros((4000, 4000, 3), np.uint8), "rgb")])
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    np.testing.assert_allclose(engine.rejection_scores(frames), expected, rtol=1e-4)


def test_an_engine_is_compared_with_its_model_without_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    """On CUDA, TF32 would round to ten bits, and a sound model would seem damaged."""
    allowed: list[bool] = []
    monkeypatch.setattr(
        "cac_core.engines.torch_engine.check_engine", lambda *_: allowed.append(torch.backends.cudnn.allow_tf32)
    )
    before = torch.backends.cudnn.allow_tf32
    TorchEngine(tiny_bundle(), "cpu")
    assert allowed == [False]
    assert torch.backends.cudnn.allow_tf32 == before
