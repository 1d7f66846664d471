# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The CPU engine: OpenCV resizes, then one static OpenVINO graph from uint8 pixels to logits.

A bundle of format 2 brings its graph, and no PyTorch is needed. That of format 1 is converted, which takes seconds, and
the converted graph is kept on disk under the model's checksum.
"""

import re
from collections.abc import Sequence
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
    static_parts,
)
from cac_core.engines.openvino_quietly import import_openvino, openvino_core
from cac_core.preprocessing import Frame
from cac_core.support.devices import is_installed
from cac_core.support.errors import DeviceError, EngineError, first_line

GRAPH = "graph.xml"

_HINTS = {"float32": "f32", "int8": "f32", "bf16": "bf16", "fp16": "f16"}
"""What OpenVINO computes in where the graph says nothing. The graph of int8 says itself what is quantised."""


class OpenVINOEngine:
    """Runs a bundle with OpenVINO on the CPU.

    Args:
        bundle: the model, in the precision to compute in; the head is always float32.
        device: ``auto`` or ``cpu``.
        threads: number of threads; 0 lets OpenVINO choose.

    Raises:
        EngineError: when OpenVINO is not installed, cannot compile this model, or the CPU lacks the precision.
        DeviceError: for any device but the CPU.
    """

    name = "openvino"
    device = "cpu"

    def __init__(self, bundle: ModelBundle, device: str = "auto", threads: int = 0) -> None:
        if device not in ("auto", "cpu"):
            raise DeviceError(f"engine openvino runs on the CPU, not on {device}: use device cpu, or engine torch")
        try:
            openvino: Any = import_openvino()
        except ImportError as error:
            raise EngineError("engine openvino is not installed: pip install openvino, or use engine torch") from error
        check_variant_engine(bundle, self.name)
        self.precision = bundle.precision
        self.notes: tuple[str, ...] = ()
        self._ov = openvino
        self._preprocessing = bundle.preprocessing
        self._centres = bundle.centres
        self._shape = (bundle.preprocessing.image_size, bundle.preprocessing.image_size, bundle.preprocessing.channels)
        self._settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _HINTS[bundle.precision],
            **({"INFERENCE_NUM_THREADS": threads} if threads else {}),
        }
        self._core = openvino_core()
        needed = {"bf16": "BF16", "fp16": "FP16"}.get(bundle.precision)
        if needed and needed not in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise EngineError(f"this CPU does not compute in {bundle.precision}: use precision auto or float32")
        self._requests: dict[int, Any] = {}
        try:
            self._graph = self._core.read_model(bundle.graph) if bundle.graph else self._read_or_convert(bundle)
            self._request(1)
            check_engine(self.logits, bundle, "OpenVINO")
        except EngineError:
            raise
        except Exception as error:  # OpenVINO raises plain RuntimeErrors for whatever it cannot do
            raise EngineError(
                f"OpenVINO cannot compile this model ({_reason(error)}): use engine torch or onnxruntime"
            ) from error

    def rejection_scores(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """γ ``(B, N)`` of a batch of frames of any sizes."""
        return scores_of_logits(self.logits(resized_batch(frames, self._preprocessing)), self._centres)

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits ``(B, D)`` of pixels ``(B, S, S, C)``."""
        logits, start = [], 0
        for part in static_parts(len(pixels)):
            outputs = self._request(part).infer({0: pixels[start : start + part]}, share_inputs=True)
            logits.append(outputs[0])
            start += part
        return np.concatenate(logits)

    def _request(self, batch_size: int) -> Any:
        if batch_size not in self._requests:
            graph = self._graph.clone()
            graph.reshape([batch_size, *self._shape])
            self._requests[batch_size] = self._core.compile_model(graph, "CPU", self._settings).create_infer_request()
        return self._requests[batch_size]

    def _read_or_convert(self, bundle: ModelBundle) -> Any:
        folder = cached_graph(bundle, "openvino", self._ov.__version__)
        if is_whole(folder):
            return self._core.read_model(folder / GRAPH)
        graph = self._convert(bundle)
        note = keep_graph(folder, lambda into: self._ov.save_model(graph, into / GRAPH, compress_to_fp16=False))
        self.notes = (note,) if note else ()
        return graph

    def _convert(self, bundle: ModelBundle) -> Any:
        if not is_installed("torch"):
            raise EngineError(NEEDS_TORCH)
        from cac_core.engines.conversion import openvino_model
        from cac_core.engines.graph import LogitsGraph

        return openvino_model(LogitsGraph(bundle), bundle)


def _reason(error: Exception) -> str:
    """What OpenVINO says about a graph, without the places in its source code that come first."""
    if found := re.search(r"No conversion rule found for operations: (.+)", str(error)):
        return "it has no operator " + re.sub(r"-\d+", "", found[1])
    lines = [line for line in str(error).strip().splitlines() if not re.match(r"Exception from|Check '|\s*$", line)]
    return lines[0] if lines else first_line(error)
