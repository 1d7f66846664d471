# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The training and validation step of a benchmark network: those of the package, with another loss and batches."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from cac_core import equations
from cac_core.benchmark.batches_on_device import BatchesOnDevice
from cac_core.benchmark.recipes import Recipe
from cac_core.losses import CACLoss
from cac_core.model import normalise
from cac_core.preprocessing import Preprocessing
from cac_core.training.batches import OrderedBatches
from cac_core.training.module import CACModule


class BenchmarkModule(CACModule):
    """:class:`CACModule` with any loss, on batches that are augmented and normalised already.

    Args:
        backbone: maps ``(B, C, S, S)`` to logits ``(B, N)``.
        loss: any of :data:`cac_core.benchmark.loss_by_name.LOSSES`.
        by_anchor_loss: choose weights by the validation anchor loss instead of the loss itself.
        preprocessing: mean and std.
        recipe: everything else.
        training: batches to train on.
        validation: batches to validate on.
    """

    def __init__(
        self,
        backbone: nn.Module,
        loss: CACLoss,
        by_anchor_loss: bool,
        preprocessing: Preprocessing,
        recipe: Recipe,
        training: BatchesOnDevice,
        validation: OrderedBatches,
    ) -> None:
        super().__init__(backbone, len(loss.anchors), preprocessing, recipe.config, training, validation)
        self.loss = loss
        self.by_anchor_loss = by_anchor_loss
        self.strong = recipe.strong

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """The loss of one batch; whether it is finite is asked once per epoch, because asking waits for the GPU."""
        inputs, labels = batch
        total: Tensor = self.loss(self.backbone(inputs), labels).total
        self._add("train", len(labels), loss=total)
        return total

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """As :class:`CACModule`; what chooses the weights goes by the name of the anchor loss."""
        pixels, labels = batch
        logits = self.backbone(self.normalised(pixels))
        terms = self.loss(logits, labels)
        with torch.autocast(logits.device.type, enabled=False):
            nearest = equations.distances(logits, self.loss.anchors).argmin(dim=-1)
        chosen_by = terms.anchor if self.by_anchor_loss else terms.total
        right = (nearest == labels).float().mean()
        self._add("val", len(labels), loss=terms.total, anchor=chosen_by, accuracy=right)

    def normalised(self, pixels: Tensor) -> Tensor:
        """Network input ``(B, C, S, S)``."""
        return normalise(pixels, self.preprocessing)

    def configure_optimizers(self) -> Any:
        """As :class:`CACModule`; the strong recipe runs several cosine cycles with a short warm-up."""
        if self.strong is None:
            return super().configure_optimizers()
        o, total = self.config.optimiser, self.config.schedule.epochs * len(self.training_batches)
        optimiser = torch.optim.SGD(
            self.parameters(), lr=o.lr, momentum=o.momentum, weight_decay=o.weight_decay, nesterov=True
        )
        cycle, warm_up = -(-total // self.strong.cycles), max(1, min(500, total // 10))

        def share(step: int) -> float:
            return min(1.0, (step + 1) / warm_up) * 0.5 * (1.0 + math.cos(math.pi * (step % cycle) / cycle))

        rate = torch.optim.lr_scheduler.LambdaLR(optimiser, share)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": rate, "interval": "step"}}
