# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks that several systems are made of: decoder or generator, encoder or critic. Images are square.

They mirror the paper's classification network [13]: three halvings of the image, so S must be a multiple of 8.
"""

from torch import Tensor, nn

from cac_core.backbones.paper_network import PaperNetwork

LATENT = 100
"""Length of the code between encoder and decoder, as in [13]."""


def filters_of(width: float) -> int:
    """Filters of the widest layers at a width; 1.0 is the paper's 128."""
    return max(8, round(128 * width))


class Decoder(nn.Module):
    """A code ``(B, Z)`` to an image ``(B, C, S, S)``; also the generator of a GAN.

    Args:
        latent: Z.
        image_size: S.
        channels: C.
        width: multiplies the number of filters.
        bounded: whether the image lies in [-1, 1] (a last tanh).
    """

    def __init__(self, latent: int, image_size: int, channels: int, width: float, bounded: bool) -> None:
        super().__init__()
        filters = filters_of(width)
        self.start = (filters, image_size // 8, image_size // 8)
        self.linear = nn.Linear(latent, filters * (image_size // 8) ** 2)
        layers: list[nn.Module] = [nn.BatchNorm2d(filters), nn.LeakyReLU(0.2)]
        for _ in range(2):
            layers += [
                nn.ConvTranspose2d(filters, filters, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(filters),
                nn.LeakyReLU(0.2),
            ]
        layers.append(nn.ConvTranspose2d(filters, channels, 4, stride=2, padding=1))
        if bounded:
            layers.append(nn.Tanh())
        self.layers = nn.Sequential(*layers)

    def forward(self, code: Tensor) -> Tensor:
        """Images of a batch of codes."""
        images: Tensor = self.layers(self.linear(code).unflatten(1, self.start))
        return images


class Encoder(nn.Module):
    """An image ``(B, C, S, S)`` to a code ``(B, Z)``, or to one number with ``latent=1``: the critic of a GAN.

    Args:
        latent: Z.
        image_size: S.
        channels: C.
        width: multiplies the number of filters.
        batch_norm: between the layers; a critic with a penalty on its gradient must not have it.
    """

    def __init__(self, latent: int, image_size: int, channels: int, width: float, batch_norm: bool = True) -> None:
        super().__init__()
        filters, layers, last = filters_of(width), list[nn.Module](), channels
        for own in (filters // 2, filters, filters):
            layers.append(nn.Conv2d(last, own, 4, stride=2, padding=1, bias=not batch_norm))
            layers += [nn.BatchNorm2d(own)] if batch_norm else []
            layers.append(nn.LeakyReLU(0.2))
            last = own
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(filters * (image_size // 8) ** 2, latent))

    def forward(self, images: Tensor) -> Tensor:
        """Codes of a batch of images."""
        code: Tensor = self.layers(images)
        return code


class PooledFeatures(nn.Module):
    """Images ``(B, C, S, S)`` to the mean of the paper's network over its positions, ``(B, D)``.

    Args:
        network: whose layers before the last one are taken.
        image_size: S.

    Attributes:
        dimensions: D.
    """

    def __init__(self, network: PaperNetwork, image_size: int) -> None:
        super().__init__()
        self.maps = network.features
        self.dimensions = network.classifier.in_features // (image_size // 8) ** 2

    def forward(self, images: Tensor) -> Tensor:
        """Features of a batch of images."""
        features: Tensor = self.maps(images).mean(dim=(2, 3))
        return features
