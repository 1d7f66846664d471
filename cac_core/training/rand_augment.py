# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RandAugment (Cubuk et al., 2020) on whole batches: every image draws its own operations and their signs."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

LEVELS = 30
Operation = Callable[[Tensor, float], Tensor]


class RandAugment(nn.Module):
    """Send each image through randomly chosen operations of one magnitude.

    Images that drew the same operation and sign go through it together, so a batch costs a few dozen calls whatever
    its size. Takes and returns uint8 ``(B, S, S, C)``; operations on colours are left out for grey images.

    Args:
        operations: per image.
        magnitude: 0 to 30, as in torchvision.
        channels: 1 or 3.
    """

    def __init__(self, operations: int, magnitude: int, channels: int) -> None:
        super().__init__()
        if operations < 1 or not 0 <= magnitude <= LEVELS:
            raise ValueError(f"RandAugment needs at least one operation and a magnitude of 0 to {LEVELS}")
        self.operations = operations
        self.choices = _choices(magnitude / LEVELS, channels)

    @torch.no_grad()
    def forward(self, pixels: Tensor) -> Tensor:
        """Change uint8 ``(B, S, S, C)``; the input stays as it is."""
        images = pixels.permute(0, 3, 1, 2).clone(memory_format=torch.contiguous_format)
        n = len(self.choices)
        for _ in range(self.operations):
            # Drawn on the CPU: the groups are needed there, and the same seed gives the same draw on every device.
            drawn = torch.randint(2 * n, (len(images),))
            for k in torch.unique(drawn).tolist():
                chosen = torch.nonzero(drawn == k).flatten().to(images.device)
                images[chosen] = self.choices[k % n](images[chosen], 1.0 if k < n else -1.0)
        return images.permute(0, 2, 3, 1).contiguous()


def _choices(share: float, channels: int) -> list[Operation]:
    """Operations of an image batch and a sign, with torchvision's largest values."""
    bilinear = v2.InterpolationMode.BILINEAR

    def affine(
        angle: float = 0.0, x: float = 0.0, y: float = 0.0, shear: tuple[float, float] = (0.0, 0.0)
    ) -> Operation:
        def apply(images: Tensor, sign: float) -> Tensor:
            side = images.shape[-1]
            moved: Tensor = F.affine(
                images,
                angle=sign * angle,
                translate=[round(sign * x * side), round(sign * y * side)],
                scale=1.0,
                shear=[sign * s for s in shear],
                interpolation=bilinear,
            )
            return moved

        return apply

    slant = 17.2 * share  # arctan(0.3) in degrees at the largest magnitude
    shift = 0.33 * share
    choices: list[Operation] = [
        lambda images, sign: images,
        affine(shear=(slant, 0.0)),
        affine(shear=(0.0, slant)),
        affine(x=shift),
        affine(y=shift),
        affine(angle=30.0 * share),
        lambda images, sign: F.adjust_brightness(images, 1.0 + sign * 0.9 * share),
        lambda images, sign: F.adjust_contrast(images, 1.0 + sign * 0.9 * share),
        lambda images, sign: F.adjust_sharpness(images, 1.0 + sign * 0.9 * share),
        lambda images, sign: F.posterize(images, 8 - round(4 * share)),
        lambda images, sign: F.solarize(images, 255.0 * (1.0 - share)),
        lambda images, sign: F.autocontrast(images),
        lambda images, sign: F.equalize(images),
    ]
    if channels == 3:
        choices.append(lambda images, sign: F.adjust_saturation(images, 1.0 + sign * 0.9 * share))
    return choices
