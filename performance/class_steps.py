# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The steps that :mod:`performance.classes` times."""

import statistics
import time
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

from cac_core import equations
from cac_core.benchmark.anchored_distances import anchored_distances

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


def measure(batch: int, repeats: int, matrix: int, device: torch.device) -> list[tuple[str, ...]]:
    """A line for each number of classes; the arguments are those of the command."""
    rows = []
    for n in SIZES:
        z = torch.randn(batch, n, device=device, requires_grad=True)
        y = torch.arange(batch, device=device) % n
        d = anchored_distances(z.detach())

        def loss(z: torch.Tensor = z, y: torch.Tensor = y) -> None:
            z.grad = None
            equations.cac_loss(anchored_distances(z), y).backward()  # type: ignore[no-untyped-call]

        def scores(d: torch.Tensor = d) -> torch.Tensor:
            return equations.rejection_scores(d)

        cells = [f"{n}"]
        for step in (loss, scores):
            cells.append(f"{1e3 * seconds(step, repeats, device):.2f}")
            cells.append(f"{allocated(step, device) / 2**20:.2f}")
        if n <= matrix:
            centres = equations.anchored_centres(n).to(device)

            def by_matrix(z: torch.Tensor = z, y: torch.Tensor = y, centres: torch.Tensor = centres) -> None:
                z.grad = None
                equations.cac_loss(equations.distances(z, centres), y).backward()  # type: ignore[no-untyped-call]

            cells.append(f"{1e3 * seconds(by_matrix, repeats, device):.2f}")
        else:
            cells.append("–")
        rows.append(tuple(cells))
    return rows
