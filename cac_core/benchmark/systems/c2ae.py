# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""C2AE: class-conditioned auto-encoder (Oza and Patel, CVPR 2019; [16] in the paper).

A classifier is trained by cross-entropy. Its convolutions stay as they are and become the encoder. A decoder then
learns to rebuild an image from its code when the code is conditioned on the image's own class, and to rebuild an image
of another class when it is conditioned on that one. An image that no condition rebuilds well is unknown: the score is
the least mean absolute error over the N conditions.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from cac_core.backbones.paper_network import PaperNetwork
from cac_core.benchmark.stored_networks import Trained
from cac_core.benchmark.systems.job import Job
from cac_core.benchmark.systems.parts import LATENT, Decoder

MATCH_WEIGHT = 0.9
"""Share α of the loss that rebuilding the own class has (section 4.2 there)."""


class ConditionedAutoEncoder(nn.Module):
    """Normalised images to logits and, for each class, the error of the reconstruction that it conditions.

    FiLM: the code is scaled and moved by two layers that see the class as a vector of -1 and one 1.
    """

    def __init__(self, classifier: PaperNetwork, classes: int, image_size: int, channels: int, width: float) -> None:
        super().__init__()
        self.classifier = classifier.requires_grad_(False)
        self.classes = classes
        features = classifier.classifier.in_features
        self.code = nn.Sequential(nn.Linear(features, LATENT), nn.LeakyReLU(0.2))
        self.scale = nn.Linear(classes, LATENT)
        self.shift = nn.Linear(classes, LATENT)
        self.decoder = Decoder(LATENT, image_size, channels, width, bounded=False)

    def features(self, images: Tensor) -> Tensor:
        """What the frozen convolutions make of an image ``(B, F)``."""
        self.classifier.eval()
        with torch.no_grad():
            features: Tensor = self.classifier.features(images).flatten(1)
        return features

    def rebuilt(self, features: Tensor, labels: Tensor) -> Tensor:
        """Reconstructions ``(B, C, S, S)`` of features under the condition of classes ``(B,)``."""
        condition = 2.0 * nn.functional.one_hot(labels, self.classes).to(features.dtype) - 1.0
        rebuilt: Tensor = self.decoder(self.scale(condition) * self.code(features) + self.shift(condition))
        return rebuilt

    def forward(self, images: Tensor) -> Tensor:
        """Logits and errors ``(B, 2 N)``."""
        features = self.features(images)
        errors = [
            (self.rebuilt(features, torch.full((len(images),), i, device=images.device)) - images).abs().mean((1, 2, 3))
            for i in range(self.classes)
        ]
        return torch.cat([self.classifier.classifier(features), torch.stack(errors, dim=1)], dim=1)


class _Reconstruction:
    """The decoder's loss: the own image for the own class, some image of another class for that class."""

    def __init__(self, network: ConditionedAutoEncoder) -> None:
        self.network: ConditionedAutoEncoder = network

    def optimisers(self) -> Sequence[Optimizer]:
        return [Adam([p for p in self.network.parameters() if p.requires_grad], lr=1e-3)]

    def loss(self, turn: int, images: Tensor, labels: Tensor) -> Tensor:
        features = self.network.features(images)
        match = (self.network.rebuilt(features, labels) - images).abs().mean()
        other = torch.randperm(len(labels), device=labels.device)
        different = labels[other] != labels
        if not different.any():
            return match
        wrong = self.network.rebuilt(features[different], labels[other][different])
        no_match = (wrong - images[other][different]).abs().mean()
        return MATCH_WEIGHT * match + (1.0 - MATCH_WEIGHT) * no_match


def train_c2ae(job: Job) -> Trained:
    """Train classifier, then decoder; the representation holds N logits and N reconstruction errors."""
    trained = job.fit_classifier(job.classifier())
    assert isinstance(trained.backbone, PaperNetwork)
    p = job.preprocessing
    network = ConditionedAutoEncoder(trained.backbone.float(), job.classes, p.image_size, p.channels, job.width)
    job.fit_objective(_Reconstruction(network), "C2AE decoder")
    return Trained(network, trained.anchors, trained.history)
