# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Inference engines: uint8 frames of any size in, rejection scores out. One file per engine."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle
from cac_core.preprocessing import Frame
from cac_core.support.devices import INSTALL_TRAIN, choose_device, is_installed
from cac_core.support.errors import EngineError

ENGINES = ("auto", "torch", "openvino", "onnxruntime")
PRECISIONS = ("auto", "float32", "bf16", "fp16")


class Engine(Protocol):
    """What every engine can do."""

    name: str
    device: str
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
    it takes PyTorch there too, or ONNX Runtime on a robot without PyTorch, and says so in the notes.

    Args:
        bundle: the model.
        name: one of :data:`ENGINES`.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        threads: CPU threads of the engine; 0 lets it choose. PyTorch's are those of the whole process.
        precision: of the backbone, one of :data:`PRECISIONS`; ``auto`` is float32, the others decide some frames
            differently.

    Raises:
        EngineError: for a name or precision that does not exist or that the engine does not have, or an engine asked
            for by name that cannot run this model.
        DeviceError: for a device that is not there.
    """
    if precision not in PRECISIONS:
        raise EngineError(f"there is no precision named {precision!r}: use one of {', '.join(PRECISIONS)}")
    if name == "torch":
        return _torch(bundle, device, threads, precision)
    if name == "openvino":
        return _openvino(bundle, device, threads, precision)
    if name == "onnxruntime":
        from cac_core.engines.onnx_engine import ONNXEngine

        _refuse(name, precision, "bf16", "fp16")
        return ONNXEngine(bundle, device, threads)
    if name != "auto":
        raise EngineError(f"there is no engine named {name!r}: use one of {', '.join(ENGINES)}")
    chosen, notes = choose_device(device)
    engine = _on_the_cpu(bundle, threads, precision) if chosen == "cpu" else _torch(bundle, chosen, threads, precision)
    engine.notes = (*notes, *engine.notes)
    return engine


def _on_the_cpu(bundle: ModelBundle, threads: int, precision: str) -> Engine:
    """OpenVINO; where it is not installed or cannot compile the model PyTorch, or ONNX Runtime without PyTorch."""
    other = "torch" if is_installed("torch") or not is_installed("onnxruntime") else "onnxruntime"
    if not is_installed("openvino"):
        return make_engine(bundle, other, "cpu", threads, precision)
    try:
        return _openvino(bundle, "cpu", threads, precision)
    except EngineError as error:
        if not is_installed(other):
            raise
        engine = make_engine(bundle, other, "cpu", threads, precision)
        engine.notes = (f"{error}; running with {other} instead", *engine.notes)
        return engine


def _torch(bundle: ModelBundle, device: str, threads: int, precision: str) -> Engine:
    try:
        import torch
    except ImportError as error:
        raise EngineError(
            f"engine torch needs PyTorch, which is not installed: {INSTALL_TRAIN}, or use engine openvino"
        ) from error

    if threads:
        torch.set_num_threads(threads)
    if choose_device(device)[0] != "cpu":
        from cac_core.engines.cuda_engine import CudaEngine

        return CudaEngine(bundle, device, precision)
    from cac_core.engines.torch_engine import TorchEngine

    return TorchEngine(bundle, device, precision)


def _openvino(bundle: ModelBundle, device: str, threads: int, precision: str) -> Engine:
    from cac_core.engines.openvino_engine import OpenVINOEngine

    _refuse("openvino", precision, "fp16")
    return OpenVINOEngine(bundle, device, threads, "bf16" if precision == "bf16" else "float32")


def _refuse(name: str, precision: str, *missing: str) -> None:
    if precision in missing:
        raise EngineError(f"engine {name} does not compute in {precision}: use precision auto, or engine torch")
