# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Layer-wise learning rates: pretrained layers near the input need less change than the new ones at the end."""

from typing import Any

from torch import nn


def layer_rates(network: nn.Module, lr: float, first_layer: float) -> list[dict[str, Any]]:
    """Parameter groups whose rates rise geometrically from the first layer to the last.

    Layers are the modules that hold parameters, in the order in which the network registers them; torchvision and timm
    register them in the order of use.

    Args:
        network: to train.
        lr: rate of the last layer.
        first_layer: rate of the first layer as a share of ``lr``, in (0, 1]; 1 gives every layer the same.

    Returns:
        Groups ``{"params": …, "lr": …}`` for an optimiser, first layer first, every parameter in exactly one.
    """
    if not 0.0 < first_layer <= 1.0:
        raise ValueError(f"the first layer's share of the rate must lie above 0 and not above 1, not {first_layer}")
    own = [list(layer.parameters(recurse=False)) for layer in network.modules()]
    layers = [parameters for parameters in own if parameters]
    if first_layer == 1.0 or len(layers) < 2:
        return [{"params": list(network.parameters()), "lr": lr}]
    last = len(layers) - 1
    return [{"params": layer, "lr": lr * first_layer ** (1.0 - i / last)} for i, layer in enumerate(layers)]
