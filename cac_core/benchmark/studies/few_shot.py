# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Few photos, near unknowns: ``python -m cac_core.benchmark.studies.few_shot --root photos --splits 5``.

Which recipe and which score is better is found on many random choices of known classes, in pairs.
"""

from collections.abc import Sequence

from cac_core.benchmark.studies.config import FewShotStudy
from cac_core.support.command import Command, run

NOTES = """\
more examples:
  python -m cac_core.benchmark.studies.few_shot --root photos --recipes photos my_recipe.yaml --per-class 20 --splits 10
  python -m cac_core.benchmark.studies.few_shot --dataset CIFAR10 --data-root ../shared/datasets --known 6
"""

COMMAND = Command(FewShotStudy, "python -m cac_core.benchmark.studies.few_shot --root photos --splits 5", notes=NOTES)


def main(words: Sequence[str] | None = None) -> int:
    """Train, measure and print as the command line says."""
    values = COMMAND.parse(words)
    from cac_core.benchmark.studies.few_shot_run import run_study  # only now: it loads PyTorch, and --help needs none

    run_study(values)
    return 0


if __name__ == "__main__":
    run(main)
