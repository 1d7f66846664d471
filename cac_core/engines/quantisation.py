# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network of a bundle in 8-bit integers: post-training quantisation with OpenVINO's NNCF.

The result is an ONNX file with plain QuantizeLinear and DequantizeLinear operators, so what is true of every graph in a
bundle is true of it too. Only the machine that writes the variant needs NNCF, the robot does not.
"""

import contextlib
import io
import logging
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.engines.openvino_quietly import import_openvino
from cac_core.support.errors import EngineError, first_line

FEWEST_PHOTOS = 30
"""With fewer the ranges of the activations are a guess."""
MOST_PHOTOS = 300
"""What NNCF looks at unless told otherwise; more change nothing."""

INSTALL_QUANTISE = "run pip install '.[quantise]' in the folder of cac_ros"


def quantised(graph: bytes, pixels: NDArray[np.uint8], ends_in_float32: bool = False) -> bytes:
    """A graph with 8-bit weights and activations.

    Weights use 7 of the 8 bits (NNCF's overflow fix). Without it, sums saturate on CPUs without VNNI, and the same file
    gives other logits there: measured with EfficientNet-Lite0, they differed by 14 % of the largest. With it they are
    equal to the last bit.

    Args:
        graph: the ONNX file of the bundle.
        pixels: uint8 ``(M, S, S, C)``, training photos of all classes; the ranges of activations come from them.
        ends_in_float32: leave the first and the last layer with weights as they are.

    Returns:
        The same bytes for the same graph, photos and versions.

    Raises:
        EngineError: too few photos, NNCF is not installed, or it cannot quantise this network.
    """
    if len(pixels) < FEWEST_PHOTOS:
        raise EngineError(
            f"quantising needs at least {FEWEST_PHOTOS} training photos, and there are {len(pixels)}: add photos, or "
            "use precision bf16"
        )
    nncf = _import_nncf()
    import onnx

    chosen = pixels[np.linspace(0, len(pixels) - 1, min(len(pixels), MOST_PHOTOS)).round().astype(int)]
    model: Any = onnx.load_from_string(graph)
    name = model.graph.input[0].name
    settings: dict[str, Any] = {}
    if ends_in_float32:
        layers = [node.name for node in model.graph.node if node.op_type in ("Conv", "Gemm", "MatMul")]
        settings["ignored_scope"] = nncf.IgnoredScope(names=sorted({layers[0], layers[-1]}))
    try:
        # NNCF shows its progress on standard output.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = nncf.quantize(
                model,
                nncf.Dataset(chosen, lambda image: {name: image[np.newaxis]}),
                subset_size=len(chosen),
                advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE),
                **settings,
            )
    except Exception as error:  # NNCF raises whatever it meets in the network
        raise EngineError(f"this network cannot be quantised ({first_line(error)}): use precision bf16") from error
    content: bytes = found.SerializeToString()
    return content


def _import_nncf() -> Any:
    import_openvino()  # NNCF would report every call to a web service; its stub is taken where that package is hidden
    try:
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # it remarks that there is no CUDA
        import nncf
    except ImportError as error:
        raise EngineError(f"writing an int8 variant needs NNCF, which is not installed: {INSTALL_QUANTISE}") from error
    nncf.set_log_level(logging.ERROR)
    return nncf
