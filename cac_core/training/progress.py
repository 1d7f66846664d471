# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is seen of a training while it runs."""

import time
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from cac_core.support import console
from cac_core.training.schedule import Schedule

SECONDS_PER_LINE = 30.0
"""Off a terminal there is no bar, but a line now and then."""


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
