# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is seen of a training while it runs."""

import time
from collections.abc import Callable
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from cac_core.support import console
from cac_core.training.schedule import Schedule

SECONDS_PER_LINE = 30.0
"""Off a terminal there is no bar, but a line now and then."""


class Progress(Callback):
    """One bar over the whole training, with the last epoch's figures; off a terminal a line now and then.

    Args:
        figures: gives the figures of the last epoch as text; empty before there are any.
        title: what is trained.
    """

    def __init__(self, figures: Callable[[], str], title: str = "training") -> None:
        self.figures = figures
        self.title = title
        self.bar = console.progress_bar(self.line)
        self.task = self.bar.add_task(title, visible=False)
        self.next_line = 0.0
        self.epoch, self.epochs, self.batch, self.batches = 0, 0, 0, 0
        self.images, self.since = 0, time.monotonic()

    def line(self) -> str:
        """Where the training is and how fast; the images are counted from one such line to the next."""
        now = time.monotonic()
        speed = self.images / max(now - self.since, 1e-9)
        self.images, self.since = 0, now
        where = f"epoch {self.epoch + 1} of {self.epochs}, step {self.batch} of {self.batches}"
        return f"{self.title}: {where}, {speed:.0f} images/s"

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the bar on the first process."""
        if trainer.is_global_zero:
            self.epochs, self.batches = trainer.max_epochs or 0, int(trainer.num_training_batches)
            total = self.epochs * self.batches
            self.bar.update(self.task, total=total, completed=trainer.global_step, visible=True)
            self.bar.start()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note the epoch."""
        self.epoch, self.batch = trainer.current_epoch, 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Advance by one step."""
        self.batch = batch_idx + 1
        self.images += len(batch[0]) * trainer.world_size
        self.bar.update(self.task, completed=self.epoch * self.batches + self.batch)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the epoch's figures."""
        text = self.figures()
        if not (text and trainer.is_global_zero):
            return
        self.bar.update(self.task, description=text)
        if self.bar.disable and time.monotonic() >= self.next_line:
            console.say(f"{text} (of at most {self.epochs} epochs, {self.line().rpartition(', ')[2]})")
            self.next_line = time.monotonic() + SECONDS_PER_LINE

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the bar as it stands."""
        self.bar.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the terminal back before the error is printed."""
        self.bar.stop()


def last_epoch(schedule: Schedule) -> str:
    """The figures of the last epoch; empty before the first one ends."""
    if not schedule.history:
        return ""
    last = schedule.history[-1]
    return (
        f"epoch {last['epoch']}: loss {last['train_loss']:.2f}, validation anchor loss {last['val_anchor']:.2f}, "
        f"accuracy {last['val_accuracy']:.3f}"
    )
