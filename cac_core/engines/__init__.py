# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Inference engines: uint8 frames of any size in, rejection scores out. One file per engine."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle
from cac_core.errors import EngineError
from cac_core.preprocessing import Frame

ENGINES = ("auto", "torch", "openvino", "onnxruntime")


class Engine(Protocol):
    """What every engine can do."""

    name: str
    device: str
    notes: tuple[str, ...]
    """Sentences worth logging once, such as a fallback that was taken."""

    def rejection_scores(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """γ ``(B, N)`` of a batch of frames; NaN where the network returned no finite number."""
        ...


def make_engine(bundle: ModelBundle, name: str = "auto", device: str = "auto", threads: int = 0) -> Engine:
    """Make the engine of that name.

    ``auto`` takes PyTorch on CUDA and OpenVINO on the CPU; where OpenVINO is not installed or cannot compile the model
    it takes PyTorch there too, and says so in the notes.

    Args:
        bundle: the model.
        name: one of :data:`ENGINES`.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        threads: CPU threads of OpenVINO and ONNX Runtime; 0 lets them choose.

    Raises:
        EngineError: for a name that does not exist, or an engine asked for by name that cannot run this model.
        DeviceError: for a device that is not there.
    """
    from cac_core.engines.devices import resolve_device
    from cac_core.engines.torch_engine import TorchEngine

    if name == "torch":
        return TorchEngine(bundle, device)
    if name == "openvino":
        from cac_core.engines.openvino_engine import OpenVINOEngine

        return OpenVINOEngine(bundle, device, threads)
    if name == "onnxruntime":
        from cac_core.engines.onnx_engine import ONNXEngine

        return ONNXEngine(bundle, device, threads)
    if name != "auto":
        raise EngineError(f"there is no engine named {name!r}: use one of {', '.join(ENGINES)}")
    chosen, notes = resolve_device(device)
    engine: Engine
    if chosen.type == "cpu" and find_spec("openvino") is not None:
        from cac_core.engines.openvino_engine import OpenVINOEngine

        try:
            engine = OpenVINOEngine(bundle, "cpu", threads)
        except EngineError as error:
            engine = TorchEngine(bundle, "cpu")
            notes = (*notes, f"{error}; running with torch instead")
    else:
        engine = TorchEngine(bundle, str(chosen))
    engine.notes = (*notes, *engine.notes)
    return engine
