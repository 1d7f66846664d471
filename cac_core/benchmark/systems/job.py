# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a system gets to train with, and the loop for networks with objectives of their own."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from cac_core.backbones.paper_network import PaperNetwork
from cac_core.benchmark.batches_on_device import BatchesOnDevice
from cac_core.benchmark.fit import fit
from cac_core.benchmark.recipes import Recipe
from cac_core.benchmark.stored_networks import Trained
from cac_core.data import LabelledImages
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import TrainingError
from cac_core.training.augment import Augment
from cac_core.training.config import OptimiserConfig
from cac_core.training.lightning_trainer import make_trainer
from cac_core.training.progress import Progress


class Objective(Protocol):
    """What one stage of a system minimises: one loss for each of its optimisers, in turn on every batch."""

    @property
    def network(self) -> nn.Module:
        """Everything that is trained, and everything that must be on the same device."""

    def optimisers(self) -> Sequence[Optimizer]:
        """One or two."""

    def loss(self, turn: int, images: Tensor, labels: Tensor) -> Tensor:
        """The loss that the optimiser of this turn lowers, of normalised images ``(B, C, S, S)``."""


@dataclass(frozen=True)
class Job:
    """One trial to train a system on.

    Attributes:
        train: known images.
        validation: known images that choose weights.
        preprocessing: of the network, with the mean and deviation of the training images.
        recipe: epochs, batch size, augmentation.
        device: where to train.
        show_progress: whether a bar is wanted.
    """

    train: LabelledImages
    validation: LabelledImages
    preprocessing: Preprocessing
    recipe: Recipe
    device: torch.device
    show_progress: bool = True

    @property
    def classes(self) -> int:
        """N."""
        return len(self.train.class_names)

    @property
    def width(self) -> float:
        """Of the paper's network, as a share of its filters."""
        return float(self.recipe.config.model.options.get("width", 1.0))

    @property
    def epochs(self) -> int:
        """Of each stage."""
        return self.recipe.config.schedule.most_epochs

    def classifier(self, outputs: int | None = None, channels: int | None = None) -> PaperNetwork:
        """The paper's network, untrained, with N logits unless another number is given."""
        p, options = self.preprocessing, self.recipe.config.model.options
        dropout = float(options.get("dropout", 0.2))
        return PaperNetwork(outputs or self.classes, p.image_size, channels or p.channels, self.width, dropout)

    def fit_classifier(self, network: nn.Module, train: LabelledImages | None = None) -> Trained:
        """Train by cross-entropy with the recipe, on further images (and a further class) if they are given."""
        data = self.train if train is None else train
        recipe, p = self.recipe, self.preprocessing
        return fit(network, "cross_entropy", data, self.validation, p, recipe, self.device, self.show_progress)

    def fit_objective(self, objective: Objective, title: str, epochs: int | None = None) -> None:
        """Minimise an objective for the recipe's number of epochs; the rates fall along a cosine.

        Raises:
            TrainingError: when a loss is not finite any more.
        """
        config, p = self.recipe.config, self.preprocessing
        batches = BatchesOnDevice(
            self.train,
            config.optimiser.batch_size,
            config.seed,
            lambda: module.current_epoch,
            Augment(config.augment, p.image_size, p.channels),
            p,
            self.device,
        )
        epochs = epochs or self.epochs
        module = _InTurn(objective, batches, epochs, title)
        callbacks = [Progress(module.last_epoch, title)] if self.show_progress else []
        recipe = replace(self.recipe, config=replace(config, precision="float32"))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="pytorch_lightning")
            trainer = make_trainer(recipe.config, self.device, callbacks, epochs=epochs, tune_convolutions=True)
            trainer.fit(module)
        if trainer.interrupted:
            raise KeyboardInterrupt
        objective.network.eval()


def sgd(parameters: list[nn.Parameter], config: OptimiserConfig) -> SGD:
    """The recipe's optimiser."""
    return SGD(parameters, config.lr, config.momentum, weight_decay=config.weight_decay, nesterov=True)


TrainSystem = Callable[[Job], Trained]
"""Trains a system; the ``backbone`` of what it returns maps normalised images to a representation ``(B, D)``."""


class _InTurn(LightningModule):
    """Every optimiser of an objective takes one step on each batch."""

    def __init__(self, objective: Objective, batches: BatchesOnDevice, epochs: int, title: str) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = objective.network
        self.objective = objective
        self.batches = batches
        self.steps = epochs * len(batches)
        self.title = title
        self._rates: list[LambdaLR] = []

    def train_dataloader(self) -> BatchesOnDevice:
        return self.batches

    def configure_optimizers(self) -> list[Optimizer]:
        found = list(self.objective.optimisers())
        self._rates = [
            LambdaLR(each, lambda step: 0.5 * (1.0 + math.cos(math.pi * min(step, self.steps) / self.steps)))
            for each in found
        ]
        return found

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        images, labels = batch
        optimisers = self.optimizers()
        for turn, optimiser in enumerate(optimisers if isinstance(optimisers, list) else [optimisers]):
            loss = self.objective.loss(turn, images, labels)
            optimiser.zero_grad()
            self.manual_backward(loss)
            optimiser.step()
            self._rates[turn].step()
            self._last = loss.detach()

    def on_train_epoch_end(self) -> None:
        if not torch.isfinite(self._last):
            raise TrainingError(f"the loss of {self.title or 'a system'} is not finite any more: lower the rate.")

    def last_epoch(self) -> str:
        """The figures of the epoch that ends."""
        return f"{self.title}: epoch {self.current_epoch + 1}, loss {float(self._last):.4g}"
