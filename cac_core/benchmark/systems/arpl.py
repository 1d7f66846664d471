# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ARPL: adversarial reciprocal points (Chen et al., TPAMI 2022), without its confusing samples.

Each class learns one point that stands for what is *not* of it. A logit is how far an image's features lie from that
point, and a margin bounds how far that may be, so that unknown images, which are far from nothing, get small logits.
The score is that of the largest logit. Features are the mean over the positions of the paper's network.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from cac_core.benchmark.stored_networks import Trained
from cac_core.benchmark.systems.job import Job, sgd
from cac_core.benchmark.systems.parts import PooledFeatures
from cac_core.training.config import OptimiserConfig

MARGIN_WEIGHT = 0.1
"""λ of the margin term, as in the paper."""

MARGIN = 1.0
"""By how much a feature may lie beyond the learnt radius before it costs, as in the authors' code."""


class ReciprocalPoints(nn.Module):
    """Normalised images to logits, the distances from one reciprocal point per class.

    Args:
        features: images ``(B, C, S, S)`` to ``(B, D)``.
        dimensions: D.
        classes: N.
    """

    def __init__(self, features: nn.Module, dimensions: int, classes: int) -> None:
        super().__init__()
        self.features = features
        self.points = nn.Parameter(0.1 * torch.randn(classes, dimensions))
        self.radius = nn.Parameter(torch.zeros(()))

    def distances(self, features: Tensor) -> Tensor:
        """``|z - p|² / D - z · p`` (eq. 5 there) of features ``(B, D)``, ``(B, N)``."""
        squared = (features.unsqueeze(1) - self.points).square().mean(dim=2)
        return squared - features @ self.points.T

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``(B, N)``."""
        return self.distances(self.features(images))


class FarFromItsPoint:
    """Cross-entropy of the distances, and the margin around each reciprocal point."""

    def __init__(self, network: ReciprocalPoints, config: OptimiserConfig) -> None:
        self.network: ReciprocalPoints = network
        self._config = config

    def optimisers(self) -> Sequence[Optimizer]:
        """One, for features, points and radius together."""
        return [sgd(list(self.network.parameters()), self._config)]

    def loss(self, turn: int, images: Tensor, labels: Tensor) -> Tensor:
        """Loss of normalised images ``(B, C, S, S)``."""
        features: Tensor = self.network.features(images)
        of_class = nn.functional.cross_entropy(self.network.distances(features), labels)
        away = (features - self.network.points[labels]).square().mean(dim=1)
        beyond = (away - self.network.radius + MARGIN).clamp(min=0.0).mean()
        return of_class + MARGIN_WEIGHT * beyond


def train_arpl(job: Job) -> Trained:
    """Train features and points together; the representation is N logits."""
    features = PooledFeatures(job.classifier(), job.preprocessing.image_size)
    network = ReciprocalPoints(features, features.dimensions, job.classes)
    job.fit_objective(FarFromItsPoint(network, job.recipe.config.optimiser), "ARPL")
    return Trained(network, torch.eye(job.classes), [])
