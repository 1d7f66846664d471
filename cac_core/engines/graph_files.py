# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bundle as one graph in a file, from uint8 pixels to rejection scores.

The file needs nothing of this package: feed it pixels of the network's size (RGB or grey), read γ, compare the
smallest with θ. Class names, θ, the threshold grid and the preprocessing are in its metadata. Every graph is checked
against PyTorch before it is written.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle
from cac_core.engines.conversion import INPUT, OUTPUT, example_pixels, metadata, onnx_bytes, openvino_model
from cac_core.engines.graph import ScoreGraph
from cac_core.engines.openvino_quietly import import_openvino
from cac_core.support.errors import EngineError
from cac_core.support.files import write_atomically, write_together

TOLERANCE = 1e-3
"""Largest difference from PyTorch's γ that a graph may have, relative to the largest γ of the check."""


def export_onnx(bundle: ModelBundle, path: Path) -> Path:
    """Write an ONNX file; returns its path. Raises EngineError when it disagrees with PyTorch."""
    content = onnx_bytes(ScoreGraph(bundle), bundle, OUTPUT, metadata(bundle))
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineError("checking an ONNX file needs one more package: pip install onnxruntime") from error
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    pixels = example_pixels(bundle, 4)
    check_scores(session.run(None, {INPUT: pixels.numpy()})[0], bundle, "ONNX")
    write_atomically(path, content)
    return path


def export_openvino(bundle: ModelBundle, path: Path) -> Path:
    """Write an OpenVINO graph (.xml and .bin); returns the .xml. Raises EngineError when it disagrees with PyTorch."""
    try:
        openvino: Any = import_openvino()
    except ImportError as error:
        raise EngineError("exporting to OpenVINO needs one more package: pip install openvino") from error
    if path.suffix != ".xml":
        raise EngineError(f"an OpenVINO graph is a file whose name ends in .xml, not {path.name}: give another --out")
    graph: Any = openvino_model(ScoreGraph(bundle), bundle)
    for key, value in metadata(bundle).items():
        graph.set_rt_info(value, ["cac_ros", key])
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    check_scores(compiled(example_pixels(bundle, 4).numpy())[0], bundle, "OpenVINO")
    with tempfile.TemporaryDirectory() as folder:
        openvino.save_model(graph, Path(folder) / "graph.xml", compress_to_fp16=False)
        parts = ((".bin", path.with_suffix(".bin")), (".xml", path))
        # Both or none: one network's weights in another's graph would give wrong answers without an error.
        write_together({target: (Path(folder) / f"graph{suffix}").read_bytes() for suffix, target in parts})
    return path


def export_tensorrt(bundle: ModelBundle, path: Path) -> Path:
    """Build a TensorRT engine for this machine's GPU with batch sizes 1 to 16; returns its path.

    Raises:
        EngineError: without TensorRT, or when TensorRT refuses the graph.
    """
    try:
        import tensorrt as trt
    except ImportError as error:
        raise EngineError("exporting to TensorRT needs an NVIDIA GPU and its package: pip install tensorrt") from error
    builder = trt.Builder(trt.Logger(trt.Logger.ERROR))
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, trt.Logger(trt.Logger.ERROR))
    if not parser.parse(onnx_bytes(ScoreGraph(bundle), bundle, OUTPUT, metadata(bundle))):
        raise EngineError(f"TensorRT cannot read this graph: {parser.get_error(0).desc()}")
    settings, profile = builder.create_builder_config(), builder.create_optimization_profile()
    p = bundle.preprocessing
    one = (p.image_size, p.image_size, p.channels)
    profile.set_shape(INPUT, (1, *one), (1, *one), (16, *one))
    settings.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, settings)
    if plan is None:
        raise EngineError("TensorRT could not build an engine for this graph: see its messages above")
    write_atomically(path, bytes(plan))
    return path


def check_scores(gamma: NDArray[np.float32], bundle: ModelBundle, what: str) -> float:
    """Compare γ of the example pixels with PyTorch's; returns the largest difference.

    Raises:
        EngineError: when they differ by more than the tolerance, or decide differently.
    """
    with torch.inference_mode():
        expected = ScoreGraph(bundle)(example_pixels(bundle, len(gamma))).numpy()
    difference = float(np.abs(gamma - expected).max())
    if not difference <= TOLERANCE * max(1.0, float(expected.max())) or (gamma.argmin(1) != expected.argmin(1)).any():
        raise EngineError(
            f"the {what} graph disagrees with PyTorch (γ differs by {difference:.3g}): it was not written"
        )
    return difference
