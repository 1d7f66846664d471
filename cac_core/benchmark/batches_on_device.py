# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training batches of small images that stay on the device: augmentation and normalisation run on many at once."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from cac_core.data import LabelledImages
from cac_core.model import normalise
from cac_core.preprocessing import Preprocessing
from cac_core.training.batches import TrainingBatches, mix_seed

CHUNK = {"cuda": 4096, "cpu": 512}
"""Images that are augmented together: on a GPU the cost is per call, on a CPU they should stay in its caches."""


class BatchesOnDevice(TrainingBatches):
    """One epoch of shuffled, augmented and normalised batches ``(float32 (B, C, S, S), int64 (B,))`` on the device.

    Order and batch sizes are those of :class:`TrainingBatches`.

    Args:
        data: the images; they are moved to the device once, as uint8.
        batch_size: per step.
        seed: of order and augmentation.
        epoch: tells the current epoch.
        augment: uint8 ``(B, S, S, C)`` to the same.
        preprocessing: mean and std.
        device: where everything happens.
    """

    def __init__(
        self,
        data: LabelledImages,
        batch_size: int,
        seed: int,
        epoch: Callable[[], int],
        augment: nn.Module,
        preprocessing: Preprocessing,
        device: torch.device,
    ) -> None:
        super().__init__(data, batch_size, seed, epoch)
        self.images = data.images.to(device)
        self.labels = data.labels.to(device)
        self.augment = augment.to(device)
        self.preprocessing = preprocessing
        self.device = device
        self.together = max(1, CHUNK[device.type] // batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield each batch."""
        generator = torch.Generator().manual_seed(mix_seed(self.seed, self.epoch()))
        order = torch.randperm(len(self.labels), generator=generator)
        sizes = [len(part) for part in torch.tensor_split(order, self.steps)]
        order = order.to(self.device)
        start = 0
        for first in range(0, self.steps, self.together):
            own = sizes[first : first + self.together]
            chosen = order[start : start + sum(own)]
            start += sum(own)
            torch.manual_seed(mix_seed(self.seed, self.epoch(), first))
            inputs = normalise(self.augment(self.images[chosen]), self.preprocessing)
            yield from zip(torch.split(inputs, own), torch.split(self.labels[chosen], own), strict=True)
