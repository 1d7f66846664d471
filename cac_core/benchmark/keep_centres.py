# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Learnt centres of the chosen weights."""

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from cac_core.benchmark.module import BenchmarkModule
from cac_core.training.schedule import Schedule


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

    def restore(self, module: BenchmarkModule) -> None:
        """Put the kept centres back."""
        if self.best is not None:
            module.loss.anchors = self.best.clone()
