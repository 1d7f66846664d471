# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compare weights with the network they belong to before memory is taken for it.

A file of a few bytes can name a network with billions of weights. So the network is first built on PyTorch's meta
device, where a tensor has a shape and no memory.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from cac_core.backbones.spec import BackboneError

_WEIGHTS_ARE_MADE_BY = {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn}


class _OnlyWeightsOnMeta(TorchFunctionMode):
    """Like ``torch.device("meta")``, but numbers that a network computes with while it is built stay numbers."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        more = {"device": torch.device("meta")} if func in _WEIGHTS_ARE_MADE_BY else {}
        return func(*args, **{**(kwargs or {}), **more})


def check_shapes(make: Callable[[], nn.Module], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """See that weights are those of a network, by their names and shapes; takes no memory for the network.

    Args:
        make: builds the network.
        shapes: of each weight, by its name in PyTorch.

    Raises:
        BackboneError: with the first difference.
    """
    try:
        with torch.device("meta"):
            network = make()
    except RuntimeError:  # a network that computes with tensors while it is built, such as torchvision's RegNet
        with _OnlyWeightsOnMeta():
            network = make()
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    for name in sorted(wanted.keys() | shapes.keys()):
        if name not in shapes:
            raise BackboneError(f"the file lacks {name}")
        if name not in wanted:
            raise BackboneError(f"the network has no {name[:100]}")
        if wanted[name] != shapes[name]:
            raise BackboneError(f"{name} is {shapes[name]} in the file and {wanted[name]} in the network")
