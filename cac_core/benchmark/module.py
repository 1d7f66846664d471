# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The training of one benchmark network: the package's own module and schedule, with another loss and batches."""

import logging
import math
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn

from cac_core import equations
from cac_core.benchmark.baseline_losses import (
    AnchorLoss,
    CenterLoss,
    CrossEntropy,
    LearntCACLoss,
    ObjectosphereLoss,
    TupletLoss,
)
from cac_core.benchmark.batches import ResidentBatches
from cac_core.benchmark.recipes import Recipe
from cac_core.data import LabelledImages
from cac_core.losses import CACLoss
from cac_core.model import normalise
from cac_core.preprocessing import Preprocessing
from cac_core.training.augment import Augment
from cac_core.training.batches import OrderedBatches
from cac_core.training.callbacks import AverageWeights, Progress, Schedule
from cac_core.training.module import CACModule
from cac_core.training.precision import choose_precision, depthwise_in_float32

LOSSES = (
    "cac",
    "tuplet",
    "anchor",
    "center",
    "center_learnt",
    "cac_learnt",
    "cross_entropy",
    "objectosphere",
    "entropic",
)
"""Every loss by name."""

CHOSEN_BY_ANCHOR_LOSS = ("cac", "anchor")
"""The authors' rule "lowest validation anchor loss" chooses their weights; the other losses use their own value."""

VALIDATION_BATCH = 1024


def make_loss(name: str, num_classes: int, recipe: Recipe) -> CACLoss:
    """A loss by name with the recipe's λ, α and label smoothing."""
    weight, magnitude = recipe.config.loss.anchor_weight, recipe.config.loss.anchor_magnitude
    smoothing = recipe.strong.label_smoothing if recipe.strong else 0.0
    if name == "cac":
        return CACLoss(num_classes, weight, magnitude, label_smoothing=smoothing)
    if name == "tuplet":
        return TupletLoss(num_classes, weight, magnitude)
    if name == "anchor":
        return AnchorLoss(num_classes, weight, magnitude)
    if name in ("center", "center_learnt"):
        return CenterLoss(num_classes, anchor_magnitude=magnitude, learnt=name == "center_learnt")
    if name == "cac_learnt":
        return LearntCACLoss(num_classes, weight)
    if name == "cross_entropy":
        return CrossEntropy(num_classes, smoothing)
    if name in ("objectosphere", "entropic"):
        return ObjectosphereLoss(num_classes, weight=0.0 if name == "entropic" else 0.01)
    raise ValueError(f"there is no loss {name!r}; choose one of {', '.join(LOSSES)}")


class BenchmarkModule(CACModule):
    """:class:`CACModule` with any loss, on batches that are augmented and normalised already.

    Args:
        backbone: maps ``(B, C, S, S)`` to logits ``(B, N)``.
        loss: any of :data:`LOSSES`.
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
        training: ResidentBatches,
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


class KeepCentres(Callback):
    """Learnt centres belong to the weights they were learnt with: keep, restore and leave them together.

    Comes after :class:`Schedule`.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.stage = schedule.state.stage
        self.best: Tensor | None = None

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Follow what the schedule did."""
        assert isinstance(pl_module, BenchmarkModule)
        if self.schedule.state.improved:
            self.best = pl_module.loss.anchors.clone()
        if self.schedule.state.stage != self.stage:
            self.stage = self.schedule.state.stage
            self.restore(pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the centres of the chosen weights."""
        assert isinstance(pl_module, BenchmarkModule)
        self.restore(pl_module)

    def restore(self, module: "BenchmarkModule") -> None:
        """Put the kept centres back."""
        if self.best is not None:
            module.loss.anchors = self.best.clone()


def fit(
    backbone: nn.Module,
    loss_name: str,
    train: LabelledImages,
    validation: LabelledImages,
    preprocessing: Preprocessing,
    recipe: Recipe,
    device: torch.device,
    show_progress: bool = True,
    further_callbacks: Sequence[Callback] = (),
) -> tuple[nn.Module, Tensor, list[dict[str, float]]]:
    """Train one network; randomness outside is left as it was.

    Returns:
        The backbone with its chosen weights, the loss's centres ``(N, N)`` on the CPU, and a record per epoch.

    Raises:
        TrainingError: when the loss is not finite any more.
    """
    config = recipe.config
    num_classes = len(train.class_names)
    batches = ResidentBatches(
        train,
        config.optimiser.batch_size,
        config.seed,
        lambda: module.current_epoch,
        Augment(config.augment, preprocessing.image_size, preprocessing.channels),
        preprocessing,
        device,
    )
    held_out = LabelledImages(validation.images.to(device), validation.labels.to(device), validation.class_names, ())
    module = BenchmarkModule(
        backbone,
        make_loss(loss_name, num_classes, recipe),
        loss_name in CHOSEN_BY_ANCHOR_LOSS,
        preprocessing,
        recipe,
        batches,
        OrderedBatches(held_out, VALIDATION_BATCH),
    )
    schedule = Schedule(config.schedule)
    callbacks: list[Callback] = [schedule, KeepCentres(schedule)]
    if config.optimiser.ema:
        callbacks.append(AverageWeights(config.optimiser.ema))
    if show_progress:
        callbacks.append(Progress(schedule))
    callbacks += further_callbacks
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        trainer = _trainer(recipe, device, callbacks)
        with depthwise_in_float32(backbone, device):
            trainer.fit(module)
    if trainer.interrupted:
        raise KeyboardInterrupt
    return module.backbone, module.loss.anchors.detach().cpu(), schedule.history


def _trainer(recipe: Recipe, device: torch.device, callbacks: list[Callback]) -> Trainer:
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    cuda = device.type == "cuda"
    return Trainer(
        accelerator="cuda" if cuda else "cpu",
        devices=[device.index or 0] if cuda else 1,
        precision=choose_precision(recipe.config.precision, device),
        max_epochs=recipe.config.schedule.most_epochs,
        callbacks=callbacks,
        benchmark=cuda,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
