# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Open-set trials on real handwritten digits: ``python -m cac_core.benchmark.studies.digits``.

Trains every trial of a split family with a recipe, evaluates on held-out digits, and prints AUROC, accuracy and CCR
with mean and standard deviation over the trials, beside two other scores of the same networks.
"""

from collections.abc import Sequence

from cac_core.benchmark.studies.config import DigitsStudy
from cac_core.support.command import Command, run

COMMAND = Command(DigitsStudy, "python -m cac_core.benchmark.studies.digits --trials 0 1", aliases={"config": "recipe"})


def main(words: Sequence[str] | None = None) -> int:
    """Run the trials as the command line says."""
    options = COMMAND.parse(words)
    from cac_core.benchmark.studies.digits_trials import run_study  # only now: it loads PyTorch, and --help needs none

    run_study(options)
    return 0


if __name__ == "__main__":
    run(main)
