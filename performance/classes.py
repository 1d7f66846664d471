# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Time and memory of loss and scores over the number of classes: ``python -m performance classes``."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile

from cac_core import equations
from cac_core.benchmark.anchored_distances import anchored_distances
from cac_core.support import console
from cac_core.support.command import Command, run
from cac_core.support.devices import resolve_device
from cac_core.support.ranges import PositiveInt

SIZES = (10, 100, 1000, 10000)


def seconds(step: Callable[[], object], repeats: int, device: torch.device) -> float:
    """Median time of a step."""
    step()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def allocated(step: Callable[[], object], device: torch.device) -> float:
    """Bytes that a step allocates in all (not the peak, which is smaller)."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as measured:
        step()
    key = "self_device_memory_usage" if device.type == "cuda" else "self_cpu_memory_usage"
    return float(sum(max(0, getattr(event, key)) for event in measured.events()))


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
    device, _ = resolve_device(values.device)
    rows = []
    for n in SIZES:
        z = torch.randn(values.batch, n, device=device, requires_grad=True)
        y = torch.arange(values.batch, device=device) % n
        d = anchored_distances(z.detach())

        def loss(z: torch.Tensor = z, y: torch.Tensor = y) -> None:
            z.grad = None
            equations.cac_loss(anchored_distances(z), y).backward()  # type: ignore[no-untyped-call]

        def scores(d: torch.Tensor = d) -> torch.Tensor:
            return equations.rejection_scores(d)

        cells = [f"{n}"]
        for step in (loss, scores):
            cells.append(f"{1e3 * seconds(step, values.repeats, device):.2f}")
            cells.append(f"{allocated(step, device) / 2**20:.2f}")
        if n <= values.matrix:
            centres = equations.anchored_centres(n).to(device)

            def by_matrix(z: torch.Tensor = z, y: torch.Tensor = y, centres: torch.Tensor = centres) -> None:
                z.grad = None
                equations.cac_loss(equations.distances(z, centres), y).backward()  # type: ignore[no-untyped-call]

            cells.append(f"{1e3 * seconds(by_matrix, values.repeats, device):.2f}")
        else:
            cells.append("–")
        rows.append(tuple(cells))
    columns = ("classes", "loss, ms", "MiB", "scores, ms", "MiB", "by matrix, ms")
    console.out.print(console.table(f"Batch {values.batch}, {device}: medians; MiB allocated in all", columns, rows))
    return 0


if __name__ == "__main__":
    run(main)
