# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What happens after each epoch: it is recorded, and the two-stage schedule takes its next step."""

from dataclasses import asdict
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from cac_core.training.config import ScheduleConfig
from cac_core.training.module import CACModule
from cac_core.training.stopping import Step, TwoStage


class Schedule(Callback):
    """Records every epoch and runs the two-stage schedule; its state travels in the checkpoint.

    With ``one_cycle`` it only records: the rate falls to nothing at the end, so the last weights are the ones to keep.

    Attributes:
        history: one record per finished epoch.
        state: where the two-stage schedule stands.
        best: the weights with the lowest validation anchor loss (two_stage).
    """

    def __init__(self, config: ScheduleConfig) -> None:
        self.config = config
        self.history: list[dict[str, float]] = []
        self.state = TwoStage()
        self.best: dict[str, Tensor] = {}

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"history": self.history, "state": asdict(self.state), "best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.history = state_dict["history"]
        self.state = TwoStage(**state_dict["state"])
        self.best = state_dict["best"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that was killed after its last epoch has nothing left to train."""
        if self.state.finished:
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the epoch and take the schedule's next step."""
        assert isinstance(pl_module, CACModule)
        means = pl_module.finish_epoch()
        optimiser = trainer.optimizers[0]
        record = {"epoch": trainer.current_epoch + 1, "stage": self.state.stage, "lr": optimiser.param_groups[-1]["lr"]}
        self.history.append({**record, **means})
        for logger in trainer.loggers:
            logger.log_metrics(self.history[-1], step=trainer.current_epoch + 1)
        if self.config.kind != "two_stage":
            return
        step = self.state.observe(means["val_anchor"], self.config)
        if self.state.improved:
            self.best = {k: v.detach().cpu().clone() for k, v in pl_module.backbone.state_dict().items()}
        if step is Step.SECOND_STAGE:
            pl_module.backbone.load_state_dict(self.best)
            for group in optimiser.param_groups:
                group["lr"] *= self.config.second_lr_factor
            optimiser.state.clear()  # the momentum belongs to other weights
        elif step is Step.FINISH:
            trainer.should_stop = True

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the chosen weights in the module."""
        assert isinstance(pl_module, CACModule)
        if self.best:
            pl_module.backbone.load_state_dict(self.best)
