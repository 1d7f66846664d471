# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.benchmark table1 --datasets MNIST --trials 0 1 2 3 4 --data-root DIR``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from cac_core.support import console

EPILOGUE = """\
examples:
  python -m cac_core.benchmark table1 --datasets MNIST --trials 0 1 2 3 4 --data-root ../shared/datasets
  python -m cac_core.benchmark table1 --quick
  python -m cac_core.benchmark table1 --dataset-folder my_photos --splits my_splits.json --family mine
Stop it at any time: the same command goes on after the networks that are finished.
"""

TABLES_AND_FIGURES = (
    "table1", "table2", "table3", "table4", "table5", "figure1", "figure2", "figure3", "figure4", "figure5",
)  # fmt: skip


def make_parser() -> argparse.ArgumentParser:
    """The parser."""
    parser = argparse.ArgumentParser(
        prog="python -m cac_core.benchmark",
        description="Train and measure what a table or figure of the paper shows.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("experiment", choices=TABLES_AND_FIGURES, help="which table or figure")
    data = parser.add_argument_group("data")
    data.add_argument(
        "--datasets", nargs="+", default=(), metavar="NAME",
        help="MNIST, SVHN, CIFAR10, CIFAR+10, CIFAR+50, TinyImageNet, digits; default: those of the table or figure",
    )  # fmt: skip
    data.add_argument("--trials", nargs="+", type=int, default=(), metavar="N", help="0 to 4; default: all")
    data.add_argument("--family", help="split family, neal2018 or cac2020; default: that of the table or figure")
    data.add_argument("--data-root", type=Path, help="folder that holds the datasets")
    data.add_argument("--download", action="store_true", help="fetch missing datasets from the internet")
    data.add_argument("--dataset-folder", type=Path, help="your own labelled image folder, one folder per class")
    data.add_argument("--splits", type=Path, help="JSON file with the splits of --dataset-folder, by class name")
    training = parser.add_argument_group("training")
    training.add_argument(
        "--recipe", choices=("paper", "short", "small", "strong"), default="paper",
        help="paper (two stages), short (one cycle of 6 epochs), small (12 epochs, a quarter of the width), strong "
        "(RandAugment, label smoothing, warm restarts)",
    )  # fmt: skip
    training.add_argument("--quick", action="store_true", help="a small version on the digits of scikit-learn")
    training.add_argument("--losses", nargs="+", default=(), metavar="LOSS", help="table1: which losses to train")
    training.add_argument("--epochs", type=int, help="another number of epochs than the recipe's")
    training.add_argument("--backbone", help="another network than the paper's")
    training.add_argument(
        "--width", type=float, help="share of the paper's filters, 0.5 for half; default: the recipe's"
    )
    training.add_argument("--seed", type=int, default=0, help="the same seed gives the same results on a CPU")
    machine = parser.add_argument_group("machine")
    machine.add_argument("--out", type=Path, default=Path("benchmark_results"), help="results and finished networks")
    machine.add_argument("--device", default="auto", help="auto, cpu or cuda:N")
    machine.add_argument("--precision", choices=("auto", "float32", "bf16", "fp16"), default="auto")
    machine.add_argument("--jobs", type=int, default=1, help="networks to train at the same time (on a GPU)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one experiment as the command line says."""
    values = make_parser().parse_args(arguments)
    # Only now, because they load the training stack: --help answers at once.
    from cac_core.benchmark.results import NAMES
    from cac_core.benchmark.runner import run
    from cac_core.benchmark.settings import Settings
    from cac_core.benchmark.tables import TABLE1
    from cac_core.benchmark.trials import TrialSource
    from cac_core.support.errors import DataError, TrainingError

    offered = list(dict.fromkeys(loss for _, loss, _, _ in TABLE1))
    for name in values.losses:
        if name not in offered:
            raise TrainingError(f"table1 has no loss {name!r}; choose from {', '.join(offered)}.")
    if values.losses and values.experiment != "table1":
        raise TrainingError(f"--losses belongs to table1: {values.experiment} has its own.")
    for name in ("epochs", "jobs"):
        if getattr(values, name) is not None and getattr(values, name) < 1:
            raise TrainingError(f"--{name} must be at least 1, not {getattr(values, name)}.")
    if values.width is not None and not 0.0 < values.width <= 4.0:
        raise TrainingError(f"--width must lie above 0 and not above 4, not {values.width:g}.")
    if values.quick and (values.dataset_folder or values.recipe != "paper" or set(values.datasets) - {"digits"}):
        raise DataError("--quick has its own recipe and runs on the digits: leave out other datasets and --recipe.")
    if values.splits and not values.dataset_folder:
        raise DataError("--splits belongs to --dataset-folder: give the folder of images too.")
    settings = Settings(
        out=values.out,
        source=TrialSource(values.data_root, values.download, values.dataset_folder, values.splits),
        datasets=tuple(values.datasets),
        trials=tuple(values.trials),
        family=values.family,
        losses=tuple(values.losses),
        recipe=values.recipe,
        quick=values.quick,
        epochs=values.epochs,
        seed=values.seed,
        backbone=values.backbone,
        width=values.width,
        device=values.device,
        precision=values.precision,
        jobs=values.jobs,
    )
    result, files = run(values.experiment, settings)
    columns = ("dataset", "splits", "method", NAMES[result.rows[0].measure], "paper")
    rows = [(r.dataset, r.family, r.method, r.text(), str(r.paper or "–")) for r in result.rows]
    console.out.print(console.table(result.title, columns, rows))
    for file in files:
        console.out.print(str(file), markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    console.run_command(main)
