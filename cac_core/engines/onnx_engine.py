# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ONNX Runtime engine: CPU, CUDA or TensorRT through its execution providers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle
from cac_core.engines.common import (
    NEEDS_TORCH,
    cached_graph,
    check_engine,
    check_variant_engine,
    is_whole,
    keep_graph,
    resized_batch,
    scores_of_logits,
)
from cac_core.preprocessing import Frame
from cac_core.support.devices import is_installed
from cac_core.support.errors import DeviceError, EngineError, first_line

GRAPH = "graph.onnx"


class ONNXEngine:
    """Runs a bundle with ONNX Runtime.

    Args:
        bundle: the model.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; ``auto`` takes a GPU when this ONNX Runtime has one.
        threads: number of CPU threads; 0 lets ONNX Runtime choose.

    Raises:
        EngineError: when ONNX Runtime is not installed or cannot run this model.
        DeviceError: when a CUDA device asked for by name cannot be used.
    """

    name = "onnxruntime"

    def __init__(self, bundle: ModelBundle, device: str = "auto", threads: int = 0) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise EngineError(
                "engine onnxruntime is not installed: pip install onnxruntime onnx onnxscript, or use engine torch"
            ) from error
        check_variant_engine(bundle, self.name)
        self.precision = bundle.precision
        self._preprocessing = bundle.preprocessing
        self._centres = bundle.centres
        self.notes: tuple[str, ...] = ()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        providers = _providers(device, onnxruntime.get_available_providers())
        graph = self._read_or_export(bundle, onnxruntime.__version__)
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=providers)
        except Exception as error:  # ONNX Runtime raises its own family of exceptions, none of them documented
            raise EngineError(f"ONNX Runtime cannot run this model ({first_line(error)}): use engine torch") from error
        in_use = self._session.get_providers()[0]
        self.device = "cpu" if in_use == "CPUExecutionProvider" else (device if ":" in device else "cuda:0")
        if device.startswith("cuda") and self.device == "cpu":
            raise DeviceError(f"ONNX Runtime cannot use {device} (its CUDA provider did not load): use device cpu")
        check_engine(self.logits, bundle, "ONNX Runtime")

    def rejection_scores(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """γ ``(B, N)`` of a batch of frames of any sizes."""
        return scores_of_logits(self.logits(resized_batch(frames, self._preprocessing)), self._centres)

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits ``(B, D)`` of pixels ``(B, S, S, C)``."""
        logits: NDArray[np.float32] = self._session.run(None, {"pixels": pixels})[0]
        return logits

    def _read_or_export(self, bundle: ModelBundle, version: str) -> bytes:
        if bundle.graph:
            return bundle.graph
        folder = cached_graph(bundle, "onnx", version)
        if is_whole(folder):
            return (folder / GRAPH).read_bytes()
        if not is_installed("torch"):
            raise EngineError(NEEDS_TORCH)
        from cac_core.engines.conversion import LOGITS, onnx_bytes
        from cac_core.engines.graph import LogitsGraph

        content = onnx_bytes(LogitsGraph(bundle), bundle, LOGITS, {})

        def write(into: Path) -> None:
            (into / GRAPH).write_bytes(content)

        note = keep_graph(folder, write)
        self.notes = (note,) if note else ()
        return content


def _providers(device: str, available: Sequence[str]) -> list[Any]:
    if device not in ("auto", "cpu") and not device.startswith("cuda"):
        raise DeviceError(f"there is no device named {device!r}: use auto, cpu or cuda:N")
    if device != "cpu" and "CUDAExecutionProvider" in available:
        index = int(device.partition(":")[2] or 0)
        return [("CUDAExecutionProvider", {"device_id": index}), "CPUExecutionProvider"]
    if device.startswith("cuda"):
        raise DeviceError(f"this ONNX Runtime has no CUDA provider for {device}: pip install onnxruntime-gpu")
    return ["CPUExecutionProvider"]
