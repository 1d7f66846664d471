# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much each layer learns, and when: rates by layer, warm-up, and the fall to nothing of one_cycle.

Pretrained layers near the input need less change than the new ones at the end.
"""

from typing import Any

import torch
from torch import nn

from cac_core.training.config import TrainConfig


def optimiser_of(network: nn.Module, config: TrainConfig, steps: int) -> Any:
    """SGD with momentum as in the paper, or AdamW; one_cycle changes the rate at every step.

    The rate of one_cycle rises during ``schedule.warm_up`` of all steps, and then falls to nothing. That of two_stage
    changes between epochs; see :class:`cac_core.training.schedule.Schedule`.

    Args:
        network: to train.
        config: optimiser and schedule.
        steps: per epoch.

    Returns:
        What :meth:`pytorch_lightning.LightningModule.configure_optimizers` gives.
    """
    o, schedule = config.optimiser, config.schedule
    groups = layer_rates(network, o.lr, o.first_layer_lr)
    optimiser: torch.optim.Optimizer
    if o.name == "sgd":
        optimiser = torch.optim.SGD(groups, lr=o.lr, momentum=o.momentum, weight_decay=o.weight_decay)
    else:
        optimiser = torch.optim.AdamW(groups, lr=o.lr, weight_decay=o.weight_decay)
    if schedule.kind != "one_cycle":
        return optimiser
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        [group["lr"] for group in groups],
        total_steps=max(2, schedule.epochs * steps),
        pct_start=schedule.warm_up,
        cycle_momentum=False,
    )
    return {"optimizer": optimiser, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}


def layer_rates(network: nn.Module, lr: float, first_layer: float) -> list[dict[str, Any]]:
    """Parameter groups whose rates rise geometrically from the first layer to the last.

    Layers are the modules that hold parameters, in the order in which the network registers them; torchvision and timm
    register them in the order of use.

    Args:
        network: to train.
        lr: rate of the last layer.
        first_layer: rate of the first layer as a share of ``lr``, in (0, 1]; 1 gives every layer the same.

    Returns:
        Groups ``{"params": …, "lr": …}`` for an optimiser, first layer first; what learns is in exactly one.
    """
    if not 0.0 < first_layer <= 1.0:
        raise ValueError(f"the first layer's share of the rate must lie above 0 and not above 1, not {first_layer}")
    own = [[p for p in layer.parameters(recurse=False) if p.requires_grad] for layer in network.modules()]
    layers = [parameters for parameters in own if parameters]
    if first_layer == 1.0 or len(layers) < 2:
        return [{"params": [parameter for layer in layers for parameter in layer], "lr": lr}]
    last = len(layers) - 1
    return [{"params": layer, "lr": lr * first_layer ** (1.0 - i / last)} for i, layer in enumerate(layers)]
