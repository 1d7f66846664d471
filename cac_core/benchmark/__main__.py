# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.benchmark table1 --datasets MNIST --trials 0 1 2 3 4 --data-root DIR``."""

from collections.abc import Sequence

from cac_core.benchmark.config import BenchmarkConfig
from cac_core.support import console
from cac_core.support.command import Command, run

NOTES = """\
more examples:
  python -m cac_core.benchmark table1 --datasets MNIST --trials 0 1 2 3 4 --data-root ../shared/datasets
  python -m cac_core.benchmark table1 --dataset-folder my_photos --splits my_splits.json --family mine
Stop it at any time: the same command goes on after the networks that are finished.
"""

COMMAND = Command(
    BenchmarkConfig, "python -m cac_core.benchmark table1 --quick", positional=("experiment",), notes=NOTES
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one experiment as the command line says."""
    config = COMMAND.parse(words)
    # Only now, because they load the training stack: --help answers at once.
    from cac_core.benchmark.results import NAMES
    from cac_core.benchmark.runner import run as run_experiment

    result, files = run_experiment(config)
    columns = ("dataset", "splits", "method", NAMES[result.rows[0].measure], "paper")
    rows = [(r.dataset, r.family, r.method, r.text(), str(r.paper or "–")) for r in result.rows]
    console.out.print(console.table(result.title, columns, rows))
    for file in files:
        console.out.print(str(file), markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    run(main)
