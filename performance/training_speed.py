# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training images per second of the paper's network: ``python -m performance training_speed``."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from cac_core.support import console
from cac_core.support.allocator import keep_freed_memory
from cac_core.support.command import Command, run
from cac_core.support.devices import resolve_device
from cac_core.support.option_types import PositiveInt


@dataclass
class TrainingSpeedOptions:
    """Training images per second of the paper's network.

    The benchmark's own training (images in memory as uint8, augmentation of whole batches, the precision that pays off
    on this machine) beside a plain loop written like the authors': float32, transforms of single PIL images, and
    negatives gathered by a Python list. Both train the same network on the same images with the same augmentation, in
    turns in one run, so that whatever else the machine does hits both. The images are random: only the time counts.

    Then the recipe for photos: how much of a training step is the network itself, and not augmentation, normalisation,
    or the loop around it.

    Attributes:
        images: per epoch.
        photos: per epoch of the recipe for photos.
        repeats: the medians of so many are printed.
        workers: loader processes of the plain loop.
        device: auto, cpu or cuda:N.
    """

    images: PositiveInt = 1280
    photos: PositiveInt = 128
    repeats: PositiveInt = 5
    workers: int = 0
    device: str = "auto"


COMMAND = Command(TrainingSpeedOptions, "python -m performance training_speed --device cpu")


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    values = COMMAND.parse(words)
    # Only now, because they load PyTorch: --help answers at once.
    import torch

    from cac_core.training.precision import choose_precision
    from performance.training_loops import BATCH, measure, measure_photos

    device, _ = resolve_device(values.device)
    ours, plain = measure(values.images, values.repeats, device, values.workers)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    rows = [
        (f"ours ({choose_precision('auto', device)})", *_cells(ours)),
        (f"plain loop (float32, {values.workers} loader processes)", *_cells(plain)),
    ]
    columns = ("training", "images/s, median", "smallest", "largest")
    console.out.print(console.table(f"Paper's network, MNIST size, batch {BATCH}, {name}", columns, rows))
    ratio = statistics.median(a / b for a, b in zip(ours, plain, strict=True))
    console.out.print(f"ratio, median over {values.repeats} turns: {ratio:.2f}")
    keep_freed_memory(all_of_it=True)  # as the command does; only now, because the plain loop does not
    whole, alone = measure_photos(values.photos, values.repeats, device)
    share = statistics.median(a / w for a, w in zip(alone, whole, strict=True))
    console.out.print(
        f"recipe for photos: {values.photos / statistics.median(whole):.1f} images/s; the network alone takes "
        f"{share:.0%} of a step (median over {values.repeats} turns)"
    )
    return 0


def _cells(values: list[float]) -> tuple[str, str, str]:
    return f"{statistics.median(values):.0f}", f"{min(values):.0f}", f"{max(values):.0f}"


if __name__ == "__main__":
    run(main)
