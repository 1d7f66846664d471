# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.import_authors_checkpoint net.pth --dataset MNIST --out model.cac``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cac_core.support import console
from cac_core.support.command import Command, run
from cac_core.support.errors import CacError
from cac_core.support.option_types import Share


@dataclass(frozen=True)
class ImportConfig:
    """Turn a checkpoint of the paper's authors into a bundle, without running code from it.

    Attributes:
        path: the authors' file.
        dataset: what it was trained on.
        out: bundle to write.
        split: FAMILY/TRIAL; the published weights are of cac2020.
        data_root: folder of the dataset, to calibrate centres and thresholds. Without it every image is unknown until a
            threshold is set by hand.
        mean: normalisation per channel, in units of [0, 1]; that of the known training images, as the authors take it,
            when not given.
        std: normalisation per channel, in units of [0, 1].
        known_kept: share of known images the threshold keeps.
    """

    path: Path
    dataset: Literal["MNIST", "SVHN", "CIFAR10", "CIFAR+10", "CIFAR+50", "TinyImageNet"]
    out: Path
    split: str = "cac2020/0"
    data_root: Path | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    known_kept: Share = 0.95


COMMAND = Command(
    ImportConfig,
    "python -m cac_core.import_authors_checkpoint net.pth --dataset MNIST --split cac2020/0 --out model.cac",
    positional=("path",),
)


def main(words: Sequence[str] | None = None) -> int:
    """Import one checkpoint as the command line says."""
    config = COMMAND.parse(words)
    family, _, trial = config.split.partition("/")
    if not trial.isdigit():
        raise CacError(f"--split must be FAMILY/TRIAL such as cac2020/0, not {config.split!r}.")
    channels = 1 if config.dataset == "MNIST" else 3
    for option, given in (("mean", config.mean), ("std", config.std)):
        if given is not None and len(given) != channels:
            raise CacError(f"--{option} needs {channels} number(s), one per channel of {config.dataset}.")
    from cac_core.benchmark.authors_bundle import make_imported_bundle
    from cac_core.benchmark.authors_checkpoint import read_checkpoint
    from cac_core.bundle import save_bundle
    from cac_core.data import class_split
    from cac_core.support.files import check_writable

    check_writable(config.out)
    with console.activity(f"importing {config.path.name}"):
        bundle, notes = make_imported_bundle(
            read_checkpoint(config.path),
            class_split(family, config.dataset, int(trial)),
            data_root=config.data_root,
            mean=config.mean,
            std=config.std,
            known_kept=config.known_kept,
            name=config.out.stem,
        )
    saved = save_bundle(bundle, config.out)
    for note in notes:
        console.warn(note)
    right = bundle.training["validation_accuracy"]
    if right is not None:
        console.out.print(f"right    {right:.2%} of the known validation images", markup=False, highlight=False)
    console.out.print(f"model    {config.out} ({saved.model_id})", markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    run(main)
