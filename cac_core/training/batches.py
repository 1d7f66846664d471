# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Batches of in-memory images: no worker processes, no per-image Python, the same on every resume."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from cac_core.data import LabelledImages


def mix_seed(*numbers: int) -> int:
    """One seed from several numbers, so that neighbouring epochs and steps have unrelated randomness."""
    value = 0x9E3779B97F4A7C15
    for number in numbers:  # splitmix64
        value = (value + number + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        value ^= value >> 31
    return value >> 1


class TrainingBatches:
    """One epoch of shuffled batches ``(uint8 (B, S, S, C), int64 (B,))``.

    The order depends on the seed and the epoch alone. Batches differ by one image at most, so that no tiny last batch
    upsets batch normalisation; every process takes its part of every batch.

    Args:
        data: the images.
        batch_size: per step over all processes.
        seed: of the order.
        epoch: tells the current epoch.
        rank: this process.
        world: number of processes.
        balanced: every class gives the same number of images to an epoch: a small class repeats its images, a large
            one shows others in the next epoch. The length of an epoch stays about the same.
    """

    def __init__(
        self,
        data: LabelledImages,
        batch_size: int,
        seed: int,
        epoch: Callable[[], int],
        rank: int = 0,
        world: int = 1,
        *,
        balanced: bool = False,
    ) -> None:
        self.data = data
        self.seed = seed
        self.epoch = epoch
        self.rank = rank
        self.world = world
        self.balanced = balanced
        self.steps = max(1, round(len(data) / batch_size))

    def __len__(self) -> int:
        """Steps per epoch."""
        return self.steps

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's part of each batch."""
        generator = torch.Generator().manual_seed(mix_seed(self.seed, self.epoch()))
        order = (_balanced_order if self.balanced else _order)(self.data.labels, generator)
        for batch in torch.tensor_split(order, self.steps):
            # Parts of equal size make the mean of the processes' gradients the gradient of the whole batch.
            own = batch[: len(batch) - len(batch) % self.world][self.rank :: self.world]
            yield self.data.images[own], self.data.labels[own]


def _order(labels: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randperm(len(labels), generator=generator)


def _balanced_order(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Positions of equally many images per class, every image of a class once before one of them comes again."""
    classes = torch.unique(labels).tolist()
    each = max(1, round(len(labels) / len(classes)))
    chosen = []
    for label in classes:
        own = torch.nonzero(labels == label).flatten()
        rounds = [own[torch.randperm(len(own), generator=generator)] for _ in range(math.ceil(each / len(own)))]
        chosen.append(torch.cat(rounds)[:each])
    positions = torch.cat(chosen)
    return positions[torch.randperm(len(positions), generator=generator)]


class OrderedBatches:
    """All images once, in order; every process takes its part (parts may differ by one image).

    Args:
        data: the images.
        batch_size: per step of this process.
        rank: this process.
        world: number of processes.
    """

    def __init__(self, data: LabelledImages, batch_size: int, rank: int = 0, world: int = 1) -> None:
        self.data = data
        self.own = torch.arange(rank, len(data), world)
        self.batch_size = batch_size

    def __len__(self) -> int:
        """Number of batches."""
        return math.ceil(len(self.own) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield each batch."""
        for batch in torch.split(self.own, self.batch_size):
            yield self.data.images[batch], self.data.labels[batch]
