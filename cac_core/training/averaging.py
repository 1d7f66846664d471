# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A moving average of the weights."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from cac_core.training.module import CACModule


# Lightning's WeightAveraging validates with the average, which changes the record of epochs; so we keep our own.
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
