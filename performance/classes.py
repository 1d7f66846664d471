# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Time and memory of loss and scores over the number of classes: ``python -m performance classes``."""

from collections.abc import Sequence
from dataclasses import dataclass

from cac_core.support import console
from cac_core.support.command import Command, run
from cac_core.support.devices import resolve_device
from cac_core.support.option_types import PositiveInt


@dataclass
class ClassesOptions:
    """Time and memory of loss and scores over the number of classes.

    For 10 to 10,000 classes: loss and gradient through the anchored distances, and rejection scores from distances.
    Both hold a few tensors of batch times classes and nothing larger. Beside them, up to --matrix classes, the way
    through a matrix of centres, as after calibration: its time grows with the square of the classes, because each of
    the N centres has N coordinates.

    Attributes:
        batch: images per step.
        repeats: the medians of so many are printed.
        matrix: most classes for the way through a matrix.
        device: auto, cpu or cuda:N.
    """

    batch: PositiveInt = 128
    repeats: PositiveInt = 7
    matrix: PositiveInt = 1000
    device: str = "auto"


COMMAND = Command(ClassesOptions, "python -m performance classes --device cpu")


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    values = COMMAND.parse(words)
    from performance.class_steps import measure  # only now: it loads PyTorch, and --help needs none

    device, _ = resolve_device(values.device)
    rows = measure(values.batch, values.repeats, values.matrix, device)
    columns = ("classes", "loss, ms", "MiB", "scores, ms", "MiB", "by matrix, ms")
    console.out.print(console.table(f"Batch {values.batch}, {device}: medians; MiB allocated in all", columns, rows))
    return 0


if __name__ == "__main__":
    run(main)
