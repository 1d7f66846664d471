# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network of the benchmark protocol."""

from torch import Tensor, nn

from cac_core.backbones.spec import BackboneError


class PaperNetwork(nn.Module):
    """The network of the benchmark protocol [13] as the paper's authors run it.

    Nine 3×3 convolutions without bias in three groups, each group ending with stride 2 and channel dropout; batch
    normalisation and LeakyReLU(0.2) after each convolution; one linear layer to the logits.

    Args:
        num_classes: N.
        image_size: 32 or 64 (any multiple of 8 works).
        channels: 1 or 3.
        width: multiplies the number of filters; 1.0 is the paper's network.
        dropout: probability of the channel dropout; 0.2 for 32 px sets, 0.3 for TinyImageNet.
    """

    def __init__(
        self, num_classes: int, image_size: int = 32, channels: int = 3, width: float = 1.0, dropout: float = 0.2
    ) -> None:
        super().__init__()
        if image_size % 8 or image_size < 8:
            raise BackboneError(f"the paper's network needs an image size that is a multiple of 8, not {image_size}")
        narrow, wide = max(1, round(64 * width)), max(1, round(128 * width))
        groups = ((narrow, narrow, wide), (wide, wide, wide), (wide, wide, wide))
        layers: list[nn.Module] = []
        last = channels
        for group in groups:
            for i, filters in enumerate(group):
                layers += [
                    nn.Conv2d(last, filters, 3, stride=2 if i == 2 else 1, padding=1, bias=False),
                    nn.BatchNorm2d(filters),
                    nn.LeakyReLU(0.2, inplace=True),
                ]
                last = filters
            layers.append(nn.Dropout2d(dropout))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(wide * (image_size // 8) ** 2, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="leaky_relu", a=0.2)
        nn.init.normal_(self.classifier.weight, 0.0, 0.01)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Images ``(B, C, S, S)`` to logits ``(B, N)``."""
        logits: Tensor = self.classifier(self.features(images).flatten(1))
        return logits
