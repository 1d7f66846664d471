# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""GFROR: generative-discriminative features (Perera et al., CVPR 2020; [17] in the paper).

An auto-encoder learns to rebuild known images. A classifier then sees each image together with its reconstruction, as
further channels, and a second head tells by which quarter turn the image was rotated (self-supervision). The score is
that of the logits. There, an auto-encoder with a classification term is used for larger images; here the plain one.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from cac_core.benchmark.stored_networks import Trained
from cac_core.benchmark.systems.job import Job, sgd
from cac_core.benchmark.systems.parts import LATENT, Decoder, Encoder
from cac_core.training.config import OptimiserConfig

TURNS = 4
"""Quarter turns that the second head tells apart."""


class AugmentedInput(nn.Module):
    """Normalised images to logits, through the image and its reconstruction.

    Args:
        auto_encoder: trained before; stays as it is.
        classifier: of twice the channels, whose last layer gives N logits.
        classes: N.
    """

    def __init__(self, auto_encoder: nn.Module, classifier: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.auto_encoder = auto_encoder.requires_grad_(False)
        self.classifier = classifier
        self.turn_head = head

    def features(self, images: Tensor) -> Tensor:
        """``(B, F)``."""
        self.auto_encoder.eval()
        with torch.no_grad():
            rebuilt = self.auto_encoder(images)
        features: Tensor = self.classifier.features(torch.cat([images, rebuilt], dim=1)).flatten(1)  # type: ignore[operator]
        return features

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``(B, N)``."""
        logits: Tensor = self.classifier.classifier(self.features(images))  # type: ignore[operator]
        return logits


class _Rebuild:
    """The auto-encoder's loss: squared error."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def optimisers(self) -> Sequence[Optimizer]:
        return [Adam(self.network.parameters(), lr=1e-3)]

    def loss(self, turn: int, images: Tensor, labels: Tensor) -> Tensor:
        return nn.functional.mse_loss(self.network(images), images)


class _ClassAndTurn:
    """Cross-entropy of the class, and of the quarter turn of a copy that was turned."""

    def __init__(self, network: AugmentedInput, config: OptimiserConfig) -> None:
        self.network: AugmentedInput = network
        self._config = config

    def optimisers(self) -> Sequence[Optimizer]:
        return [sgd([p for p in self.network.parameters() if p.requires_grad], self._config)]

    def loss(self, turn: int, images: Tensor, labels: Tensor) -> Tensor:
        turns = torch.randint(TURNS, (len(images),), device=images.device)
        turned = torch.stack([torch.rot90(image, int(k), (1, 2)) for image, k in zip(images, turns, strict=True)])
        both = self.network.features(torch.cat([images, turned]))
        own, rotated = both[: len(images)], both[len(images) :]
        of_class = nn.functional.cross_entropy(self.network.classifier.classifier(own), labels)  # type: ignore[operator]
        return of_class + nn.functional.cross_entropy(self.network.turn_head(rotated), turns)


def train_gfror(job: Job) -> Trained:
    """Train auto-encoder, then classifier; the representation is N logits."""
    p = job.preprocessing
    auto_encoder = nn.Sequential(
        Encoder(LATENT, p.image_size, p.channels, job.width),
        Decoder(LATENT, p.image_size, p.channels, job.width, bounded=False),
    )
    job.fit_objective(_Rebuild(auto_encoder), "GFROR auto-encoder")
    classifier = job.classifier(channels=2 * p.channels)
    network = AugmentedInput(auto_encoder, classifier, nn.Linear(classifier.classifier.in_features, TURNS))
    job.fit_objective(_ClassAndTurn(network, job.recipe.config.optimiser), "GFROR classifier")
    return Trained(network, torch.eye(job.classes), [])
