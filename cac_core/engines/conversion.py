# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From PyTorch to other formats: a network over uint8 pixels as an ONNX file or an OpenVINO model."""

import contextlib
import io
import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cac_core.bundle import ModelBundle
from cac_core.engines.openvino_quietly import import_openvino
from cac_core.support.errors import EngineError, first_line

INPUT, OUTPUT, LOGITS = "pixels", "rejection_scores", "logits"


def metadata(bundle: ModelBundle) -> dict[str, str]:
    """What a user of the exported graph needs, as the strings that graph formats can hold."""
    thresholds = bundle.thresholds
    document = {
        "model_id": bundle.model_id,
        "class_names": list(bundle.class_names),
        "preprocessing": bundle.preprocessing.to_dict(),
        "threshold": float(thresholds.theta()[0]),
        "known_kept": thresholds.known_kept,
        "threshold_grid": [float(f"{q:.7g}") for q in thresholds.quantiles.tolist()],
        "decision": "unknown unless the smallest rejection score is finite and <= threshold (eq. 9)",
    }
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in document.items()}


def onnx_bytes(graph: nn.Module, bundle: ModelBundle, output: str, metadata: Mapping[str, str]) -> bytes:
    """A graph over uint8 pixels as an ONNX file with a free batch size.

    Args:
        graph: uint8 ``(B, S, S, C)`` to the output.
        bundle: whose preprocessing gives S and C.
        output: its name.
        metadata: further entries of the file.

    Returns:
        The same bytes for the same network and versions: what the exporter remarks on its way is left out.

    Raises:
        EngineError: when the exporter is not installed or cannot handle the network.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  torch's exporter needs it and says so less clearly
    except ImportError as error:
        raise EngineError("exporting to ONNX needs two more packages: pip install onnx onnxscript") from error
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(folder) / "graph.onnx"
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # the exporter reports its progress with print
                torch.onnx.export(
                    graph.eval(),
                    (example_pixels(bundle, 2),),
                    file,
                    input_names=[INPUT],
                    output_names=[output],
                    dynamic_shapes=({0: torch.export.Dim("batch")},),
                    dynamo=True,
                    external_data=False,
                    verbose=False,
                )
        except Exception as error:  # the exporter wraps whatever it meets in the network
            raise EngineError(f"this network cannot be exported to ONNX ({first_line(error)})") from error
        model = onnx.load(file)
    for part in (model.graph, *model.graph.node):  # line numbers and paths of this machine
        del part.metadata_props[:]
        part.ClearField("doc_string")
    del model.graph.value_info[:]
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    content: bytes = model.SerializeToString()
    return content


def openvino_model(graph: nn.Module, bundle: ModelBundle) -> Any:
    """A graph over uint8 pixels as an OpenVINO model with a free batch size; raises ImportError without OpenVINO."""
    openvino: Any = import_openvino()
    p = bundle.preprocessing
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on constants, which are constants here
        return openvino.convert_model(
            graph,
            example_input=example_pixels(bundle),
            input=[([-1, p.image_size, p.image_size, p.channels], openvino.Type.u8)],
        )


def example_pixels(bundle: ModelBundle, batch_size: int = 1) -> Tensor:
    """Random pixels of the right shape and type, always the same ones."""
    p = bundle.preprocessing
    generator = torch.Generator().manual_seed(0)
    return torch.randint(
        0, 256, (batch_size, p.image_size, p.image_size, p.channels), dtype=torch.uint8, generator=generator
    )
