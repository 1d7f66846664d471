# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Inference engines: uint8 frames of any size in, rejection scores out. One file per engine."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle
from cac_core.bundle.variants import FLOAT32, VARIANTS
from cac_core.preprocessing import Frame
from cac_core.support.devices import (
    INSTALL_TRAIN,
    choose_device,
    cpu_multiplies_bf16,
    cpu_multiplies_int8,
    is_installed,
)
from cac_core.support.errors import DisagreementError, EngineError

ENGINES = ("auto", "torch", "openvino", "onnxruntime")
PRECISIONS = ("auto", FLOAT32, *VARIANTS)


class Engine(Protocol):
    """What every engine can do."""

    name: str
    device: str
    precision: str
    """``float32`` or the variant whose centres and thresholds belong to the scores."""
    notes: tuple[str, ...]
    """Sentences worth logging once, such as a fallback that was taken."""

    def rejection_scores(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """γ ``(B, N)`` of a batch of frames; NaN where the network returned no finite number."""
        ...


def make_engine(
    bundle: ModelBundle, name: str = "auto", device: str = "auto", threads: int = 0, precision: str = "auto"
) -> Engine:
    """Make the engine of that name.

    ``auto`` takes PyTorch on CUDA and OpenVINO on the CPU; where OpenVINO is not installed or cannot compile the model
    it takes PyTorch there too, or ONNX Runtime on a robot without PyTorch, and says so in the notes. An engine that
    computes other logits than those stored with the model is never replaced by another one: that is an error.

    Args:
        bundle: the model.
        name: one of :data:`ENGINES`.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        threads: CPU threads of the engine; 0 lets it choose. PyTorch's are those of the whole process.
        precision: of the backbone, one of :data:`PRECISIONS`. Other than float32 it is a variant of the bundle with
            centres and thresholds of its own. ``auto`` is float32, or the variant that :func:`fast_variants` gives.

    Raises:
        VariantMissingError: the bundle has no such variant.
        DisagreementError: the engine computes other logits than those stored with the model.
        EngineError: for a name or precision that does not exist or that the engine does not have, or an engine asked
            for by name that cannot run this model.
        DeviceError: for a device that is not there.
    """
    if precision not in PRECISIONS:
        raise EngineError(f"there is no precision named {precision!r}: use one of {', '.join(PRECISIONS)}")
    if name not in ENGINES:
        raise EngineError(f"there is no engine named {name!r}: use one of {', '.join(ENGINES)}")
    if name == "auto":
        chosen, notes = choose_device(device)
        on_the_cpu = chosen == "cpu"
        engine = _on_the_cpu(bundle, threads, precision) if on_the_cpu else _torch(bundle, chosen, threads, precision)
        engine.notes = (*notes, *engine.notes)
        return engine
    if name == "openvino" and precision == "auto":
        return _fastest_openvino(bundle, device, threads)
    makers = {"torch": _torch, "openvino": _openvino, "onnxruntime": _onnxruntime}
    return makers[name](bundle, device, threads, precision)


def fast_variants(bundle: ModelBundle) -> tuple[str, ...]:
    """The variants that ``precision: auto`` may take on this CPU, the fastest first.

    The processor's instructions decide, and no measurement: the same robot always decides alike. A variant counts only
    if its AUROC and accuracy were measured when it was written and are as good as those of float32
    (:attr:`cac_core.bundle.variants.Variant.is_close`).
    """
    fast = {"int8": cpu_multiplies_int8(), "bf16": cpu_multiplies_bf16(), "fp16": False}
    return tuple(v.precision for v in bundle.variants if v.engine == "openvino" and v.is_close and fast[v.precision])


def _on_the_cpu(bundle: ModelBundle, threads: int, precision: str) -> Engine:
    """OpenVINO; where it is not installed or cannot compile the model PyTorch, or ONNX Runtime without PyTorch."""
    other = "torch" if is_installed("torch") or not is_installed("onnxruntime") else "onnxruntime"
    if not is_installed("openvino"):
        return make_engine(bundle, other, "cpu", threads, precision)
    try:
        return make_engine(bundle, "openvino", "cpu", threads, precision)
    except DisagreementError:
        raise  # the file contradicts itself or the arithmetic is wrong here: nobody knows which, so nothing answers
    except EngineError as error:
        if not is_installed(other) or precision not in ("auto", FLOAT32):
            raise
        engine = make_engine(bundle, other, "cpu", threads, precision)
        engine.notes = (f"{error}; running with {other} instead", *engine.notes)
        return engine


def _fastest_openvino(bundle: ModelBundle, device: str, threads: int) -> Engine:
    """The fastest variant that answers as it did when it was written, else float32."""
    notes: list[str] = []
    for precision in (*fast_variants(bundle), FLOAT32):
        try:
            engine = _openvino(bundle, device, threads, precision)
        except EngineError as error:
            if precision == FLOAT32:
                raise
            notes.append(f"{error}; variant {precision} is not used")
            continue
        engine.notes = (*notes, *engine.notes)
        return engine
    raise AssertionError("float32 is the last one")


def _torch(bundle: ModelBundle, device: str, threads: int, precision: str) -> Engine:
    try:
        import torch
    except ImportError as error:
        raise EngineError(
            f"engine torch needs PyTorch, which is not installed: {INSTALL_TRAIN}, or use engine openvino"
        ) from error

    chosen = bundle.in_precision(FLOAT32 if precision == "auto" else precision)
    if threads:
        torch.set_num_threads(threads)
    if choose_device(device)[0] != "cpu":
        from cac_core.engines.cuda_engine import CudaEngine

        return CudaEngine(chosen, device)
    from cac_core.engines.torch_engine import TorchEngine

    return TorchEngine(chosen, device)


def _openvino(bundle: ModelBundle, device: str, threads: int, precision: str) -> Engine:
    from cac_core.engines.openvino_engine import OpenVINOEngine

    return OpenVINOEngine(bundle.in_precision(precision), device, threads)


def _onnxruntime(bundle: ModelBundle, device: str, threads: int, precision: str) -> Engine:
    from cac_core.engines.onnx_engine import ONNXEngine

    return ONNXEngine(bundle.in_precision(FLOAT32 if precision == "auto" else precision), device, threads)
