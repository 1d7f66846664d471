# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Mean and standard deviation of the network's input."""

from torch import Tensor

from cac_core.backbones.build import ALIASES
from cac_core.training.config import TrainConfig

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and std per channel of uint8 ``(M, S, S, C)``, in units of [0, 1]."""
    means, stds = [], []
    for channel in range(images.shape[-1]):
        # Counting values is exact and needs no floating-point copy of the images.
        counts = images[..., channel].flatten().bincount(minlength=256).double()
        values = counts.new_tensor(range(256)) / 255.0
        mean = float((counts * values).sum() / counts.sum())
        variance = float((counts * (values - mean) ** 2).sum() / counts.sum())
        means.append(mean)
        stds.append(max(variance**0.5, 1.0 / 255.0))  # images of one value must not divide by zero
    return tuple(means), tuple(stds)


def pretrained_statistics(config: TrainConfig) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and std that pretrained weights expect; None when training from scratch or on grey images."""
    name = ALIASES.get(config.model.backbone, config.model.backbone)
    if not config.model.pretrained or name == "paper" or config.preprocessing.channels != 3:
        return None
    from torchvision import models

    if name in models.list_models(module=models):
        return IMAGENET
    import timm

    pretrained = timm.get_pretrained_cfg(name.removeprefix("timm/"), allow_unregistered=True)
    return (tuple(pretrained.mean), tuple(pretrained.std)) if pretrained else IMAGENET
