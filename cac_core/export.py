# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.export model.cac --format onnx`` or ``--precision int8 --data.root PHOTOS``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cac_core.support import console
from cac_core.support.command import Command, run
from cac_core.support.command_words import UsageError

NOTES = """\
--precision writes no graph beside the model but a variant into it: the same network in another arithmetic, with centres
from the training photos and thresholds from the validation photos that were computed with it. A model file can hold
several. It says what each costs: accuracy, AUROC, known kept, unknown rejected, agreement with float32.

more examples:
  python -m cac_core.export shop.cac --precision int8 --data.root photos --data.unknown other_things
  python -m cac_core.export shop.cac --precision bf16 --data.root photos --out fast.cac
"""


@dataclass
class ExportData:
    """The photos of the model's training.

    Attributes:
        root: folder with one folder of photos per class, the one that the model was trained with.
        unknown: folder of photos of other things, to see what the variant does to them.
        known_unknown: as in the training; needed where false_accept chose the threshold.
    """

    root: Path | None = None
    unknown: Path | None = None
    known_unknown: Path | None = None


@dataclass
class ExportConfig:
    """Write a model as one graph from uint8 pixels to rejection scores, or as a variant for faster robots.

    A graph needs nothing of this package. It is checked against PyTorch before it is written.

    Attributes:
        model: the bundle, a .cac file.
        format: onnx, openvino (an .xml and a .bin file) or tensorrt (for this machine's GPU); onnx when not given.
        out: the file to write; when omitted, the model's name with the format's ending, or with precision the model
            itself.
        precision: write a variant in int8, bf16 or fp16 into the model file.
        data: with precision, the photos of the model's training.
        device: with precision, what computes the variant: auto and cpu take OpenVINO, cuda:N takes PyTorch. fp16 takes
            CUDA if there is a device.
    """

    model: Path
    format: Literal["onnx", "openvino", "tensorrt"] | None = None
    out: Path | None = None
    precision: Literal["int8", "bf16", "fp16"] | None = None
    data: ExportData = field(default_factory=ExportData)
    device: str = "auto"


COMMAND = Command(ExportConfig, "python -m cac_core.export shop.cac --format onnx", positional=("model",), notes=NOTES)


def main(words: Sequence[str] | None = None) -> int:
    """Export as the command line says."""
    config = COMMAND.parse(words)
    if config.precision is not None:
        return write_variant(config, config.precision)
    if config.data != ExportData() or config.device != "auto":
        raise UsageError("--data and --device belong to --precision: leave them out.")
    return write_graph(config)


def write_graph(config: ExportConfig) -> int:
    """Write a file that needs nothing of this package."""
    from cac_core.bundle import load_bundle
    from cac_core.engines.graph_files import export_onnx, export_openvino, export_tensorrt
    from cac_core.support.files import check_writable

    formats = {
        "onnx": (".onnx", export_onnx),
        "openvino": (".xml", export_openvino),
        "tensorrt": (".engine", export_tensorrt),
    }
    kind = config.format or "onnx"
    suffix, write = formats[kind]
    bundle = load_bundle(config.model)
    path = config.out or config.model.with_suffix(suffix)
    check_writable(path)
    with console.activity(f"exporting {config.model.name} to {kind}"):
        write(bundle, path)
    theta = float(bundle.thresholds.theta()[0])
    console.out.print(f"{path}  (checked against PyTorch; θ = {theta:.4g})", highlight=False)
    return 0


def write_variant(config: ExportConfig, precision: str) -> int:
    """Write a variant into the model file and say what it costs."""
    if config.format is not None:
        raise UsageError("--precision writes into the model file, and --format beside it: give one of them.")
    from cac_core.bundle import load_bundle, save_bundle
    from cac_core.reports.variant_tables import variant_tables
    from cac_core.support.files import check_writable
    from cac_core.training.variant_data import load_variant_data
    from cac_core.training.variants import add_variant

    before = load_bundle(config.model)
    path = config.out or config.model
    check_writable(path, 2 * config.model.stat().st_size)
    data, doubts = load_variant_data(before, config.data.root, config.data.unknown, config.data.known_unknown)
    bundle, notes = add_variant(before, data, precision, config.device)
    saved = save_bundle(bundle, path)
    chosen = next(each for each in saved.variants if each.precision == precision)
    for table in variant_tables(chosen):
        console.out.print(table)
    for problem in (*doubts, *data.problems, *notes):
        console.warn(problem)
    variants = ", ".join(each.precision for each in saved.variants)
    console.out.print(
        f"{path}  {before.model_id} → {saved.model_id}, variants: {variants}", markup=False, highlight=False
    )
    return 0


if __name__ == "__main__":
    run(main)
