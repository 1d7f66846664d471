# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Open-set trials on real handwritten digits: ``python -m cac_core.benchmark.studies.digits``.

Trains every trial of a split family with a recipe, evaluates on held-out digits, and prints AUROC, accuracy and CCR
with mean and standard deviation over the trials, beside two other scores of the same networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cac_core.support.command import Command, run


@dataclass(frozen=True)
class DigitsStudy:
    """Open-set trials on real handwritten digits.

    Trains every trial of a split family with a recipe, evaluates on held-out digits, and prints AUROC, accuracy and CCR
    with mean and standard deviation over the trials, beside two other scores of the same networks.

    Attributes:
        recipe: how to train: a recipe's name, or a YAML file.
        family: split family, neal2018 or cac2020.
        trials: which trials.
        seed: seed of the trainings.
        json: also write the figures to this file.
    """

    recipe: str = "digits"
    family: str = "neal2018"
    trials: tuple[int, ...] = (0, 1, 2, 3, 4)
    seed: int = 0
    json: Path | None = None


COMMAND = Command(DigitsStudy, "python -m cac_core.benchmark.studies.digits --trials 0 1", aliases={"config": "recipe"})


def main(words: Sequence[str] | None = None) -> int:
    """Run the trials as the command line says."""
    options = COMMAND.parse(words)
    from cac_core.benchmark.studies.digits_trials import run_study  # only now: it loads PyTorch, and --help needs none

    run_study(options)
    return 0


if __name__ == "__main__":
    run(main)
