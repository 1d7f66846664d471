# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Random changes of whole batches of training images, with kornia; every image draws its own."""

import torch
from torch import Tensor, nn

from cac_core.training.config import AugmentConfig


class Augment(nn.Module):
    """Geometry first, then colour, then noise, then erasing.

    Takes and returns uint8 ``(B, S, S, C)``, so that what follows is exactly what inference does with a camera frame.
    Randomness comes from torch's global generator: seed it before each step and a resumed run equals an unbroken one.

    Args:
        config: how much of each; zeros cost nothing.
        image_size: S.
        channels: C.
    """

    def __init__(self, config: AugmentConfig, image_size: int, channels: int) -> None:
        super().__init__()
        import kornia.augmentation as K

        c = config
        steps: list[nn.Module] = []
        if c.scale_min < 1.0:
            side = (image_size, image_size)
            steps.append(K.RandomResizedCrop(side, scale=(c.scale_min, 1.0), cropping_mode="resample", p=1.0))
        if c.flip:
            steps.append(K.RandomHorizontalFlip(p=c.flip))
        if c.rotation or c.shift or c.zoom or c.shear:
            steps.append(
                K.RandomAffine(
                    degrees=c.rotation,
                    translate=(c.shift, c.shift) if c.shift else None,
                    scale=(1.0 - c.zoom, 1.0 + c.zoom) if c.zoom else None,
                    shear=c.shear or None,
                    padding_mode="border",
                    p=1.0,
                )
            )
        if c.saturation or c.hue:
            steps.append(K.ColorJitter(saturation=c.saturation, hue=c.hue, p=1.0))
        if c.brightness or c.contrast:
            steps.append(_BrightnessContrast(c.brightness, c.contrast))
        if c.noise:
            steps.append(_Noise(c.noise))
        if c.erase:
            steps.append(K.RandomErasing(p=c.erase, scale=(0.02, 0.2), value=0.5))
        self.steps = nn.ModuleList(steps)
        self.channels = channels

    @torch.no_grad()
    def forward(self, pixels: Tensor) -> Tensor:
        """Change uint8 ``(B, S, S, C)``; the input stays as it is."""
        if not self.steps:
            return pixels
        images = pixels.permute(0, 3, 1, 2).float() / 255.0
        for step in self.steps:
            images = step(images)
        return (images * 255.0).round_().clamp_(0.0, 255.0).to(torch.uint8).permute(0, 2, 3, 1)


class _BrightnessContrast(nn.Module):
    """Contrast about the image's own mean, then an offset, both uniform: what exposure and lamps do to a frame."""

    def __init__(self, brightness: float, contrast: float) -> None:
        super().__init__()
        self.brightness = brightness
        self.contrast = contrast

    def forward(self, images: Tensor) -> Tensor:
        gain = 1.0 + self.contrast * _uniform(images)
        offset = self.brightness * _uniform(images)
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        return ((images - mean) * gain + mean + offset).clamp_(0.0, 1.0)


class _Noise(nn.Module):
    """Gaussian pixel noise whose strength differs from image to image, as it does with the light."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self.most = most

    def forward(self, images: Tensor) -> Tensor:
        strength = self.most * torch.rand(len(images), 1, 1, 1, device=images.device)
        return (images + strength * torch.randn_like(images)).clamp_(0.0, 1.0)


def _uniform(images: Tensor) -> Tensor:
    return torch.rand(len(images), 1, 1, 1, device=images.device) * 2.0 - 1.0
