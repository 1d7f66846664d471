# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SupCon: supervised contrastive features (Khosla et al., NeurIPS 2020), then a linear layer on them.

This is the first stage of the contrastive methods for open sets (ConOSR, SpHOR), without the mixed labels that they
add. Each image is seen once in a batch: those of its class are its positives, and a batch of 128 holds many of them.
The linear layer is trained on features that stay as they are. The score is that of the largest logit.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from cac_core.benchmark.stored_networks import Trained
from cac_core.benchmark.systems.job import Job, sgd
from cac_core.benchmark.systems.parts import PooledFeatures
from cac_core.training.config import OptimiserConfig

TEMPERATURE = 0.1
"""τ, as in Khosla et al."""

PROJECTED = 128
"""Length of the projection that the loss compares."""


def contrastive_loss(projected: Tensor, labels: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """``L_out`` of Khosla et al., eq. 2: each image's own class against all other images of the batch.

    Args:
        projected: ``(B, P)``, of length 1 each.
        labels: ``(B,)``.
        temperature: τ.

    Returns:
        The mean over images whose class is in the batch again; 0 when there is none.
    """
    similar = projected @ projected.T / temperature
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    log_share = similar - similar.masked_fill(itself, -torch.inf).logsumexp(dim=1, keepdim=True)
    positive = (labels.unsqueeze(0) == labels.unsqueeze(1)) & ~itself
    partners = positive.sum(dim=1)
    each = -(log_share.masked_fill(~positive, 0.0)).sum(dim=1) / partners.clamp(min=1)
    return each.sum() / (partners > 0).sum().clamp(min=1)


class LinearOnFeatures(nn.Module):
    """Normalised images to logits through their features, and to the projection that the loss compares.

    Args:
        features: images ``(B, C, S, S)`` to ``(B, D)``.
        dimensions: D.
        classes: N.
    """

    def __init__(self, features: nn.Module, dimensions: int, classes: int) -> None:
        super().__init__()
        self.features = features
        self.projection = nn.Sequential(
            nn.Linear(dimensions, dimensions), nn.ReLU(inplace=True), nn.Linear(dimensions, PROJECTED)
        )
        self.head = nn.Linear(dimensions, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``(B, N)``."""
        logits: Tensor = self.head(self.features(images))
        return logits


class _Contrast:
    """Features and projection learn to bring each class together."""

    def __init__(self, network: LinearOnFeatures, config: OptimiserConfig) -> None:
        self.network: LinearOnFeatures = network
        self._config = config

    def optimisers(self) -> Sequence[Optimizer]:
        return [sgd([*self.network.features.parameters(), *self.network.projection.parameters()], self._config)]

    def loss(self, turn: int, images: Tensor, labels: Tensor) -> Tensor:
        projected = nn.functional.normalize(self.network.projection(self.network.features(images)), dim=1)
        return contrastive_loss(projected, labels)


class _Classify:
    """The linear layer learns by cross-entropy; the features stay."""

    def __init__(self, network: LinearOnFeatures) -> None:
        self.network: LinearOnFeatures = network

    def optimisers(self) -> Sequence[Optimizer]:
        return [Adam(self.network.head.parameters(), lr=1e-2)]

    def loss(self, turn: int, images: Tensor, labels: Tensor) -> Tensor:
        self.network.features.eval()
        with torch.no_grad():
            features = self.network.features(images)
        return nn.functional.cross_entropy(self.network.head(features), labels)


def train_supcon(job: Job) -> Trained:
    """Train features, then as many epochs the linear layer; the representation is N logits."""
    features = PooledFeatures(job.classifier(), job.preprocessing.image_size)
    network = LinearOnFeatures(features, features.dimensions, job.classes)
    job.fit_objective(_Contrast(network, job.recipe.config.optimiser), "SupCon features")
    job.fit_objective(_Classify(network), "SupCon linear layer")
    return Trained(network, torch.eye(job.classes), [])
