# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that can be set about a benchmark, with its checks.

The attribute texts are the help of ``python -m cac_core.benchmark --help``.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cac_core.benchmark.authors_values import DIGITS
from cac_core.support.errors import DataError, TrainingError

if TYPE_CHECKING:
    from cac_core.benchmark.trial_source import TrialSource

Experiment = Literal[
    "table1", "table2", "table3", "table4", "table5", "figure1", "figure2", "figure3", "figure4", "figure5"
]
RecipeName = Literal["paper", "short", "small", "strong"]

QUICK_TRIALS = (0, 1)


@dataclass(frozen=True)
class BenchmarkConfig:
    """Train and measure what a table or figure of the paper shows.

    Attributes:
        experiment: which table or figure.
        datasets: MNIST, SVHN, CIFAR10, CIFAR+10, CIFAR+50, TinyImageNet, digits; those of the table or figure when not
            given.
        trials: 0 to 4; all when not given.
        family: split family, neal2018 or cac2020; that of the table or figure when not given.
        data_root: folder that holds the datasets.
        download: fetch missing datasets from the internet.
        dataset_folder: your own labelled image folder, one folder per class.
        splits: JSON file with the splits of dataset_folder, by class name.
        recipe: paper (two stages), short (one cycle of 6 epochs), small (12 epochs, a quarter of the width), strong
            (RandAugment, label smoothing, warm restarts).
        quick: a small version on the digits of scikit-learn.
        systems: which systems to train (table1 only): cac, softmax, openmax, c2ae, crosr, gfror, osrci, g-openmax,
            arpl, supcon.
        losses: which losses to train (table1 only).
        epochs: another number of epochs than the recipe's.
        backbone: another network than the paper's.
        width: share of the paper's filters, 0.5 for half; the recipe's when not given.
        seed: the same seed gives the same results on a CPU.
        out: folder for results and finished networks.
        device: auto, cpu or cuda:N.
        precision: auto (bf16 where the hardware has it), float32, bf16 or fp16 (CUDA only).
        jobs: networks to train at the same time (on a GPU).
    """

    experiment: Experiment
    datasets: tuple[str, ...] = ()
    trials: tuple[int, ...] = ()
    family: str | None = None
    data_root: Path | None = None
    download: bool = False
    dataset_folder: Path | None = None
    splits: Path | None = None
    recipe: RecipeName = "paper"
    quick: bool = False
    systems: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    epochs: int | None = None
    backbone: str | None = None
    width: float | None = None
    seed: int = 0
    out: Path = Path("benchmark_results")
    device: str = "auto"
    precision: Literal["auto", "float32", "bf16", "fp16"] = "auto"
    jobs: int = 1

    @cached_property
    def source(self) -> "TrialSource":
        """Where images lie."""
        from cac_core.benchmark.trial_source import TrialSource  # not before --help has answered: it loads torch

        return TrialSource(self.data_root, self.download, self.dataset_folder, self.splits)

    def datasets_or(self, usual: tuple[str, ...]) -> tuple[str, ...]:
        """The datasets to use."""
        if self.quick:
            return (DIGITS,)
        return self.datasets or ((self.source.folder_name,) if self.source.folder_name else usual)

    def trials_or(self, usual: tuple[int, ...]) -> tuple[int, ...]:
        """The trials to use."""
        return self.trials or (tuple(t for t in usual if t in QUICK_TRIALS) if self.quick else usual)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: what the results depend on, without places and machines."""
        return {
            "datasets": list(self.datasets),
            "trials": list(self.trials),
            "family": self.family,
            "systems": list(self.systems),
            "losses": list(self.losses),
            "recipe": "quick" if self.quick else self.recipe,
            "epochs": self.epochs,
            "seed": self.seed,
            "backbone": self.backbone,
            "width": self.width,
            "precision": self.precision,
        }


def check(config: BenchmarkConfig) -> None:
    """Find values that cannot work before hours are spent on them.

    Raises:
        TrainingError: for a number or a choice that cannot be.
        DataError: for images that do not belong to each other.
    """
    for name, chosen in (("systems", config.systems), ("losses", config.losses)):
        if chosen and config.experiment != "table1":
            raise TrainingError(f"--{name} belongs to table1: {config.experiment} has its own.")
    for name, value in (("epochs", config.epochs), ("jobs", config.jobs)):
        if value is not None and value < 1:
            raise TrainingError(f"--{name} must be at least 1, not {value}.")
    if config.width is not None and not 0.0 < config.width <= 4.0:
        raise TrainingError(f"--width must lie above 0 and not above 4, not {config.width:g}.")
    if config.quick and (config.dataset_folder or config.recipe != "paper" or set(config.datasets) - {DIGITS}):
        raise DataError("--quick has its own recipe and runs on the digits: leave out other datasets and --recipe.")
    if config.splits and not config.dataset_folder:
        raise DataError("--splits belongs to --dataset-folder: give the folder of images too.")
