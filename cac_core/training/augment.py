# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Random changes of whole batches of training images, with kornia; every image draws its own."""

from typing import Any

import torch
from torch import Tensor, nn

from cac_core.training.config import AugmentConfig
from cac_core.training.rand_augment import RandAugment


class Augment(nn.Module):
    """RandAugment first, then geometry, colour, noise, and erasing last.

    Takes uint8 ``(B, S, S, C)`` and returns the same, or ``(B, T, T, C)`` to train at T pixels, so that what follows is
    exactly what inference does with a camera frame.
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
        self.rand = RandAugment(1, c.rand_augment, channels) if c.rand_augment else None
        geometry: list[Any] = []
        if c.flip:
            geometry.append(K.RandomHorizontalFlip(p=c.flip))
        if c.rotation or c.shift or c.zoom or c.shear:
            geometry.append(
                K.RandomAffine(
                    degrees=c.rotation,
                    translate=(c.shift, c.shift) if c.shift else None,
                    scale=(1.0 - c.zoom, 1.0 + c.zoom) if c.zoom else None,
                    shear=c.shear or None,
                    p=1.0,
                )
            )
        side = c.image_size or image_size
        if c.scale_min < 1.0 or side != image_size:  # comes last, because it alone can change the size
            ratio = (3 / 4, 4 / 3) if c.scale_min < 1.0 else (1.0, 1.0)
            crop = K.RandomResizedCrop((side, side), (c.scale_min, 1.0), ratio, cropping_mode="resample", p=1.0)
            geometry.append(crop)
        steps: list[nn.Module] = [_Warp(geometry, side)] if geometry else []
        if c.saturation or c.hue or c.brightness or c.contrast:
            steps.append(_Colour(c, channels))
        if c.noise:
            steps.append(_Noise(c.noise))
        if c.erase:
            steps.append(K.RandomErasing(p=c.erase, scale=(0.02, 0.2), value=0.5))
        self.steps = nn.ModuleList(steps)

    @torch.no_grad()
    def forward(self, pixels: Tensor) -> Tensor:
        """Change uint8 ``(B, S, S, C)``; the input stays as it is."""
        if self.rand is not None:
            pixels = self.rand(pixels)
        if not self.steps:
            return pixels
        images = pixels.permute(0, 3, 1, 2).float() / 255.0
        for step in self.steps:
            images = step(images)
        return (images * 255.0).round_().clamp_(0.0, 255.0).to(torch.uint8).permute(0, 2, 3, 1)


class _Warp(nn.Module):
    """Kornia's geometric changes as one resampling: it blurs once, and takes less than half of the time of three.

    Beyond its border an image repeats it.
    """

    def __init__(self, changes: list[Any], side: int) -> None:
        super().__init__()
        self.size = (side, side)
        self.changes: Any = nn.ModuleList(changes)  # kornia's methods are unknown to nn.Module

    def forward(self, images: Tensor) -> Tensor:
        """Change ``(B, C, S, S)`` to ``(B, C, side, side)``."""
        from kornia.geometry.transform import warp_affine

        matrix = torch.eye(3, device=images.device).expand(len(images), 3, 3)
        for change in self.changes:
            parameters = change.forward_parameters(images.shape)
            matrix = change.generate_transformation_matrix(images, parameters, change.flags) @ matrix
        return warp_affine(images, matrix[:, :2], self.size, padding_mode="border", align_corners=True)


class _Colour(nn.Module):
    """What exposure, lamps and white balance do to a frame: one colour matrix and offset for each image.

    Contrast is about the image's own mean. Saturation and hue scale and turn the chrominance plane of YIQ, which costs
    less than a tenth of going through HSV.
    """

    to_yiq: Tensor
    to_rgb: Tensor

    def __init__(self, config: AugmentConfig, channels: int) -> None:
        super().__init__()
        self.config = config
        self.coloured = channels == 3 and (config.saturation > 0 or config.hue > 0)
        yiq = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
        self.register_buffer("to_yiq", yiq, persistent=False)
        self.register_buffer("to_rgb", torch.linalg.inv(yiq), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Change ``(B, C, S, S)`` in [0, 1]."""
        c = self.config
        if self.coloured:
            images = torch.matmul(self._matrices(images), images.flatten(2)).reshape(images.shape)
        gain = 1.0 + c.contrast * _uniform(images)
        offset = c.brightness * _uniform(images)
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        return (images * gain + (mean * (1.0 - gain) + offset)).clamp_(0.0, 1.0)

    def _matrices(self, images: Tensor) -> Tensor:
        strength = 1.0 + self.config.saturation * _uniform(images).flatten()
        angle = 2.0 * torch.pi * self.config.hue * _uniform(images).flatten()
        turn = torch.zeros(len(images), 3, 3, device=images.device)
        turn[:, 0, 0] = 1.0
        turn[:, 1, 1] = turn[:, 2, 2] = strength * angle.cos()
        turn[:, 2, 1] = strength * angle.sin()
        turn[:, 1, 2] = -turn[:, 2, 1]
        return self.to_rgb @ turn @ self.to_yiq


class _Noise(nn.Module):
    """Gaussian pixel noise whose strength differs from image to image, as it does with the light."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self.most = most

    def forward(self, images: Tensor) -> Tensor:
        """Change ``(B, C, S, S)`` in [0, 1]."""
        strength = self.most * torch.rand(len(images), 1, 1, 1, device=images.device)
        return (images + strength * torch.randn_like(images)).clamp_(0.0, 1.0)


def _uniform(images: Tensor) -> Tensor:
    return torch.rand(len(images), 1, 1, 1, device=images.device) * 2.0 - 1.0
