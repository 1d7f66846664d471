# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which arithmetic pays off on this machine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

from cac_core.support.devices import cpu_multiplies_bf16

LightningPrecision = Literal["32-true", "bf16-mixed", "16-mixed"]


def choose_precision(wanted: str, device: torch.device) -> LightningPrecision:
    """Lightning's name for the precision wanted (``auto``, ``float32``, ``bf16``, ``fp16``) on this device."""
    if wanted == "float32":
        return "32-true"
    if wanted == "fp16":
        return "16-mixed"
    if wanted == "bf16":
        return "bf16-mixed"
    if device.type == "cuda":
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
    return "bf16-mixed" if cpu_multiplies_bf16() else "32-true"


@contextmanager
def depthwise_in_float32(network: nn.Module, device: torch.device) -> Iterator[None]:
    """Within this context, depthwise convolutions that learn compute in float32 on a CPU, whatever autocast says.

    Their bf16 gradients take oneDNN three to four times as long as float32 ones and were more than half of a training
    step of EfficientNet-Lite0. What comes before and after stays in the lower precision.
    """
    convolutions = [m for m in network.modules() if _learns_depthwise(m)] if device.type == "cpu" else []
    for convolution in convolutions:
        convolution.forward = _InFloat32(convolution.forward)
    try:
        yield
    finally:
        for convolution in convolutions:
            del convolution.forward


class _InFloat32:
    def __init__(self, forward: Callable[[Tensor], Tensor]) -> None:
        self._forward = forward

    def __call__(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return self._forward(x.float()).to(x.dtype)


def _learns_depthwise(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1 and module.weight.requires_grad
