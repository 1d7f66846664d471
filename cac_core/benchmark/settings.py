# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a user chooses for a benchmark."""

from dataclasses import dataclass, field
from pathlib import Path

from cac_core.benchmark.networks import NetworkSpec
from cac_core.benchmark.recipes import RecipeName
from cac_core.benchmark.trials import DIGITS, TrialSource, TrialSpec

QUICK_TRIALS = (0, 1)


@dataclass(frozen=True)
class Settings:
    """Settings of one command.

    Attributes:
        out: the benchmark folder.
        source: where images lie.
        datasets: which; the experiment's own when empty.
        trials: which; the experiment's own when empty.
        family: of the splits; the experiment's own when not given.
        losses: which to train (table1); the experiment's own when empty.
        recipe: how to train.
        quick: a small version on the digits.
        epochs: another number of epochs.
        seed: of the trainings.
        backbone: another network.
        width: of the paper's network, as a share of its filters; the recipe's when not given.
        device: auto, cpu or cuda:N.
        precision: as in training.
        jobs: networks that are trained at the same time.
    """

    out: Path = Path("benchmark_results")
    source: TrialSource = field(default_factory=TrialSource)
    datasets: tuple[str, ...] = ()
    trials: tuple[int, ...] = ()
    family: str | None = None
    losses: tuple[str, ...] = ()
    recipe: RecipeName = "paper"
    quick: bool = False
    epochs: int | None = None
    seed: int = 0
    backbone: str | None = None
    width: float | None = None
    device: str = "auto"
    precision: str = "auto"
    jobs: int = 1

    def datasets_or(self, usual: tuple[str, ...]) -> tuple[str, ...]:
        """The datasets to use."""
        if self.quick:
            return (DIGITS,)
        return self.datasets or ((self.source.folder_name,) if self.source.folder_name else usual)

    def trials_or(self, usual: tuple[int, ...]) -> tuple[int, ...]:
        """The trials to use."""
        return self.trials or (tuple(t for t in usual if t in QUICK_TRIALS) if self.quick else usual)

    def network(
        self, trial: TrialSpec, loss: str, backbone: str = "paper", options: dict[str, float] | None = None
    ) -> NetworkSpec:
        """A network with these settings."""
        return NetworkSpec(
            trial,
            loss,
            "quick" if self.quick else self.recipe,
            self.seed,
            self.epochs,
            self.backbone or ("paper" if self.quick else backbone),
            options or {},
            self.source.fingerprint(trial.split.dataset),
            self.width,
        )
