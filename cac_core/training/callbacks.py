# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What happens between epochs: the schedule, the record of the run, its checkpoint, and the progress bar."""

import csv
import io
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn

from cac_core.support import console
from cac_core.support.files import write_atomically
from cac_core.training.config import CHECKPOINT, ScheduleConfig
from cac_core.training.module import CACModule
from cac_core.training.stopping import Step, TwoStage

METRICS = "metrics.csv"
SECONDS_PER_LINE = 30.0
"""Off a terminal there is no bar, but a line now and then."""


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


class AverageWeights(Callback):
    """An exponential moving average of the backbone's weights and statistics, which training ends with.

    Validation between epochs still looks at the weights of that moment.

    Args:
        decay: what each step keeps of the average; less in the first steps, when the average knows little.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.average: dict[str, Tensor] = {}

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"steps": self.steps, "average": self.average}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.steps, self.average = state_dict["steps"], state_dict["average"]

    @torch.no_grad()
    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any, **kwargs: Any) -> None:
        """Take the weights of one more step into the average."""
        assert isinstance(pl_module, CACModule)
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        for name, value in pl_module.backbone.state_dict().items():
            before = self.average.get(name)
            if before is None or not value.is_floating_point():
                self.average[name] = value.detach().clone()
            else:
                self.average[name] = before.to(value).lerp(value, 1.0 - decay)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the average in the module."""
        assert isinstance(pl_module, CACModule)
        if self.average:
            pl_module.backbone.load_state_dict(self.average)


class KeepStatistics(Callback):
    """The statistics of batch normalisation stay as they are: those of a few photos are worse than those learnt before.

    Their scale and shift learn all the same.
    """

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Hold them; the beginning of an epoch sets the whole network to training."""
        for layer in pl_module.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.eval()


class SaveRun(Callback):
    """After every epoch: a checkpoint to resume from and the table of epochs so far. Comes after :class:`Schedule`.

    Args:
        folder: where they go.
        schedule: has the records.
    """

    def __init__(self, folder: Path, schedule: Schedule) -> None:
        self.folder = folder
        self.schedule = schedule

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write both; Lightning writes checkpoints under another name and renames them."""
        if trainer.is_global_zero:
            write_atomically(self.folder / METRICS, _as_csv(self.schedule.history).encode())
        trainer.save_checkpoint(self.folder / CHECKPOINT)


class Progress(Callback):
    """One bar over the whole training, with the last epoch's figures."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.bar = console.progress_bar()
        self.task = self.bar.add_task("training", visible=False)
        self.next_line = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the bar on the first process."""
        if trainer.is_global_zero:
            total = (trainer.max_epochs or 0) * int(trainer.num_training_batches)
            self.bar.update(self.task, total=total, completed=trainer.global_step, visible=True)
            self.bar.start()

    def on_train_batch_end(self, trainer: Trainer, *args: Any, **kwargs: Any) -> None:
        """Advance by one step."""
        self.bar.update(self.task, completed=trainer.global_step)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the epoch's figures."""
        if not (self.schedule.history and trainer.is_global_zero):
            return
        last = self.schedule.history[-1]
        text = (
            f"epoch {last['epoch']}: loss {last['train_loss']:.2f}, validation anchor loss {last['val_anchor']:.2f}, "
            f"accuracy {last['val_accuracy']:.3f}"
        )
        self.bar.update(self.task, description=text)
        if self.bar.disable and time.monotonic() >= self.next_line:
            console.err.print(f"{text} (of at most {trainer.max_epochs} epochs)", markup=False, highlight=False)
            self.next_line = time.monotonic() + SECONDS_PER_LINE

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the bar as it stands."""
        self.bar.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the terminal back before the error is printed."""
        self.bar.stop()


def _as_csv(history: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
