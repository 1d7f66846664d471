# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The training and validation step as a LightningModule, with its own sums for each epoch."""

from typing import Any

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn

from cac_core import equations
from cac_core.losses import CACLoss
from cac_core.model import normalise
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import TrainingError
from cac_core.training.augment import Augment
from cac_core.training.batches import OrderedBatches, TrainingBatches, mix_seed
from cac_core.training.config import TrainConfig
from cac_core.training.frozen import freeze
from cac_core.training.learning_rates import optimiser_of


class CACModule(LightningModule):
    """A backbone that learns with the CAC loss.

    Args:
        backbone: maps ``(B, C, S, S)`` to logits ``(B, N)``.
        num_classes: N.
        preprocessing: mean and std of the network input.
        config: everything else.
        training: batches to train on.
        validation: batches to validate on.
    """

    def __init__(
        self,
        backbone: nn.Module,
        num_classes: int,
        preprocessing: Preprocessing,
        config: TrainConfig,
        training: TrainingBatches,
        validation: OrderedBatches,
    ) -> None:
        super().__init__()
        # channels_last is what the input already is; convolutions on CPUs and tensor cores are faster with it.
        self.backbone = backbone.to(memory_format=torch.channels_last)
        self._frozen = freeze(self.backbone, config.model.frozen)
        self.loss = CACLoss(
            num_classes, config.loss.anchor_weight, config.loss.anchor_magnitude, config.loss.known_unknown_weight
        )
        self.augment = Augment(config.augment, preprocessing.image_size, preprocessing.channels)
        self.preprocessing = preprocessing
        self.config = config
        self.training_batches = training
        self.validation_batches = validation
        self._sums: dict[str, Tensor] = {}

    def train_dataloader(self) -> TrainingBatches:
        """Batches to train on."""
        return self.training_batches

    def val_dataloader(self) -> OrderedBatches:
        """Batches to validate on."""
        return self.validation_batches

    def on_train_epoch_start(self) -> None:
        """Start new sums; what is frozen keeps its statistics, too."""
        self._sums = {}
        for part in self._frozen:
            part.eval()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Seed augmentation and dropout by epoch and step, so that a resumed run equals an unbroken one."""
        torch.manual_seed(mix_seed(self.config.seed, self.current_epoch, batch_idx, self.global_rank))

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """The loss of one augmented batch.

        Raises:
            TrainingError: when it is not finite.
        """
        pixels, labels = batch
        terms = self.loss(self.backbone(normalise(self.augment(pixels), self.preprocessing)), labels)
        self._add("train", len(labels), loss=terms.total, anchor=terms.anchor)
        if not bool(torch.isfinite(terms.total)):
            raise TrainingError(self.not_finite())
        loss: Tensor = terms.total
        return loss

    def on_validation_epoch_start(self) -> None:
        """Give all processes the batch-normalisation statistics of the first: they differ after the last step."""
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            for buffer in self.backbone.buffers():
                torch.distributed.broadcast(buffer, 0)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Add one batch to the sums; "right" means nearest to its own anchor."""
        pixels, labels = batch
        logits = self.backbone(normalise(pixels, self.preprocessing))
        terms = self.loss(logits, labels)
        with torch.autocast(logits.device.type, enabled=False):
            nearest = equations.distances(logits, self.loss.anchors).argmin(dim=-1)
        right = (nearest == labels).float().mean()
        self._add("val", len(labels), loss=terms.total, anchor=terms.anchor, accuracy=right)

    def finish_epoch(self) -> dict[str, float]:
        """Means over the epoch and over all processes; every process must call it.

        Raises:
            TrainingError: when one of them is not finite.
        """
        reduce = self.trainer.strategy.reduce
        sums = {name: reduce(value, reduce_op="sum") for name, value in sorted(self._sums.items())}
        means = {
            name: float(value) / float(sums[name.partition("_")[0] + "_images"])
            for name, value in sums.items()
            if not name.endswith("_images")
        }
        if not all(value - value == 0.0 for value in means.values()):
            raise TrainingError(self.not_finite())
        return means

    def not_finite(self) -> str:
        """The sentence for a loss that is NaN or infinite."""
        lr = self.trainer.optimizers[0].param_groups[-1]["lr"]
        return (
            f"the loss is not a finite number any more in epoch {self.current_epoch + 1} (learning rate {lr:.3g}): "
            f"start again with a smaller learning rate, e.g. --optimiser.lr {self.config.optimiser.lr / 10:.3g}."
        )

    def configure_optimizers(self) -> Any:
        """As :func:`cac_core.training.learning_rates.optimiser_of` says."""
        return optimiser_of(self.backbone, self.config, len(self.training_batches))

    def _add(self, part: str, images: int, **means: Tensor) -> None:
        for name, mean in {**means, "images": torch.ones((), device=self.device)}.items():
            key = f"{part}_{name}"
            self._sums[key] = self._sums.get(key, torch.zeros((), device=self.device)) + mean.detach() * images
