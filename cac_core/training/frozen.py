# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What does not learn: parts of a network, and the statistics of its batch normalisation."""

from collections.abc import Sequence

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import nn

from cac_core.support.errors import TrainingError

BatchNorm = nn.modules.batchnorm._BatchNorm
"""What all layers of batch normalisation have in common."""


def freeze(network: nn.Module, names: Sequence[str]) -> list[nn.Module]:
    """Let parts of a network learn nothing.

    Their batch-normalisation statistics change all the same unless the caller keeps the parts in evaluation mode.

    Args:
        network: whose parts.
        names: as :meth:`torch.nn.Module.named_modules` gives them.

    Returns:
        The parts.

    Raises:
        TrainingError: when there is no such part, or nothing is left to learn.
    """
    parts = dict(network.named_modules())
    for name in names:
        if name not in parts:
            there = ", ".join(part for part in parts if part and part.count(".") <= name.count("."))
            raise TrainingError(f"model.frozen names {name!r}, which the network does not have; it has {there}.")
        parts[name].requires_grad_(False)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise TrainingError("model.frozen leaves nothing to learn: name fewer parts.")
    return [parts[name] for name in names]


class KeepStatistics(Callback):
    """The statistics of batch normalisation stay as they are: those of a few photos are worse than those learnt before.

    Their scale and shift learn all the same.
    """

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Hold them; the beginning of an epoch sets the whole network to training."""
        for layer in pl_module.modules():
            if isinstance(layer, BatchNorm):
                layer.eval()
