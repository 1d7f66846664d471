# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.export model.cac --format onnx``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cac_core.support import console
from cac_core.support.command import Command, run


@dataclass
class ExportConfig:
    """Write a model as one graph from uint8 pixels to rejection scores.

    The result needs nothing of this package. It is checked against PyTorch before it is written.

    Attributes:
        model: the bundle, a .cac file.
        format: onnx, openvino (an .xml and a .bin file) or tensorrt (for this machine's GPU).
        out: the file to write; the model's name with the format's ending when omitted.
    """

    model: Path
    format: Literal["onnx", "openvino", "tensorrt"] = "onnx"
    out: Path | None = None


COMMAND = Command(ExportConfig, "python -m cac_core.export shop.cac --format onnx", positional=("model",))


def main(words: Sequence[str] | None = None) -> int:
    """Export as the command line says."""
    config = COMMAND.parse(words)
    from cac_core.bundle import load_bundle
    from cac_core.engines.graph_files import export_onnx, export_openvino, export_tensorrt
    from cac_core.support.files import check_writable

    formats = {
        "onnx": (".onnx", export_onnx),
        "openvino": (".xml", export_openvino),
        "tensorrt": (".engine", export_tensorrt),
    }
    suffix, write = formats[config.format]
    bundle = load_bundle(config.model)
    path = config.out or config.model.with_suffix(suffix)
    check_writable(path)
    with console.activity(f"exporting {config.model.name} to {config.format}"):
        write(bundle, path)
    theta = float(bundle.thresholds.theta()[0])
    console.out.print(f"{path}  (checked against PyTorch; θ = {theta:.4g})", highlight=False)
    return 0


if __name__ == "__main__":
    run(main)
