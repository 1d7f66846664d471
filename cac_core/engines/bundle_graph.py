# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write the network of a bundle into it as a graph, so that a robot needs no PyTorch (bundle format 2)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from cac_core import inference_equations
from cac_core.bundle import ModelBundle
from cac_core.bundle.model_bundle import check_pixels
from cac_core.engines.common import CHECK_TOLERANCE
from cac_core.engines.conversion import INPUT, LOGITS, onnx_bytes
from cac_core.engines.graph import LogitsGraph
from cac_core.engines.openvino_quietly import openvino_core
from cac_core.support.errors import EngineError, first_line

MOST_IMAGES = 256
"""How many images a graph is compared with PyTorch on."""

Run = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def with_graph(bundle: ModelBundle, images: NDArray[np.uint8] | None = None) -> ModelBundle:
    """The same model in format 2.

    Args:
        bundle: in any format.
        images: ``(M, S, S, C)`` real ones, if there are any, to compare the graph with PyTorch on.

    Raises:
        EngineError: when the network cannot be written as a graph, or the graph decides another way than PyTorch.
    """
    network = LogitsGraph(bundle)
    content = onnx_bytes(network, bundle, LOGITS, {})
    pixels = check_pixels(bundle.preprocessing)
    if images is not None:
        pixels = np.concatenate([pixels, images[:: max(1, -(-len(images) // MOST_IMAGES))]])
    with torch.inference_mode():
        expected = np.concatenate([network(part).numpy() for part in torch.split(torch.from_numpy(pixels), 32)])
    try:
        run = _runtime(content)
        own = np.concatenate([run(pixels[i : i + 1]) for i in range(len(pixels))]) if run else expected
    except Exception as error:  # the libraries raise plain RuntimeErrors for whatever they cannot do
        raise EngineError(f"the graph of this network does not run ({first_line(error)})") from error
    _compare(own, expected, bundle)
    return replace(bundle, graph=content, check_logits=expected[:2], checksum="")


def _runtime(content: bytes) -> Run | None:
    """What runs a graph here: OpenVINO, else ONNX Runtime, else nothing."""
    try:
        core = openvino_core()
        compiled = core.compile_model(core.read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return lambda pixels: np.array(compiled(pixels)[0])
    except ImportError:
        pass
    try:
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda pixels: np.asarray(session.run(None, {INPUT: pixels})[0])


def _compare(own: NDArray[np.float32], expected: NDArray[np.float32], bundle: ModelBundle) -> None:
    difference = float(np.abs(own - expected).max())
    nearest = [inference_equations.distances(logits, bundle.centres).argmin(axis=-1) for logits in (own, expected)]
    far_apart = not difference <= CHECK_TOLERANCE * max(1.0, float(np.abs(expected).max()))
    if far_apart or (nearest[0] != nearest[1]).any():
        raise EngineError(f"the graph of this network disagrees with PyTorch (logits differ by {difference:.3g})")
