# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much each layer may learn: pretrained layers near the input need less change than the new ones at the end."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from cac_core.support.errors import TrainingError


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
