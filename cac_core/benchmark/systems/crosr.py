# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""CROSR: classification and reconstruction together (Yoshihashi et al., CVPR 2019; [28] in the paper).

DHRNet: each of the three groups of convolutions gets a bottleneck z_l on the side. The image is rebuilt from the
bottlenecks alone, from the deepest to the first. Cross-entropy and squared error are lowered together. OpenMax then
works in the space of logits and bottlenecks joined, [y, z]; the bottlenecks are pooled over the image before.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from cac_core.backbones.paper_network import PaperNetwork
from cac_core.benchmark.stored_networks import Trained
from cac_core.benchmark.systems.job import Job, sgd
from cac_core.training.config import OptimiserConfig

BOTTLENECK = 32
"""Channels of each bottleneck, as there."""


class HierarchicalReconstruction(nn.Module):
    """Normalised images to logits and latent variables.

    Args:
        classifier: the paper's network; its three groups end where its dropouts are.
        classes: N.
        channels: of the image.
    """

    def __init__(self, classifier: PaperNetwork, classes: int, channels: int) -> None:
        super().__init__()
        self.classes = classes
        self.groups = nn.ModuleList()
        group: list[nn.Module] = []
        for layer in classifier.features:
            group.append(layer)
            if isinstance(layer, nn.Dropout2d):
                self.groups.append(nn.Sequential(*group))
                group = []
        self.last = classifier.classifier
        sizes = [own[-3].num_features for own in self.groups]  # type: ignore[index]
        self.down = nn.ModuleList(nn.Sequential(nn.Conv2d(size, BOTTLENECK, 1), nn.ReLU()) for size in sizes)
        self.up = nn.ModuleList(nn.Conv2d(BOTTLENECK, size, 1) for size in sizes)
        before = [channels, *sizes[:-1]]
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(size, out, 4, stride=2, padding=1) for size, out in zip(sizes, before, strict=True)
        )

    def parts(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits ``(B, N)`` and the bottlenecks of the groups ``(B, 32, S / 2^l, S / 2^l)``."""
        x, bottlenecks = images, []
        for group, down in zip(self.groups, self.down, strict=True):
            x = group(x)
            bottlenecks.append(down(x))
        return self.last(x.flatten(1)), bottlenecks

    def rebuilt(self, bottlenecks: list[Tensor]) -> Tensor:
        """The image from its bottlenecks."""
        x: Tensor | None = None
        for i in reversed(range(len(bottlenecks))):
            own = self.up[i](bottlenecks[i])
            x = self.grow[i](torch.relu(own if x is None else own + x))
        assert x is not None
        return x

    def forward(self, images: Tensor) -> Tensor:
        """Logits and pooled bottlenecks ``(B, N + 96)``."""
        logits, bottlenecks = self.parts(images)
        return torch.cat([logits, *(each.amax(dim=(2, 3)) for each in bottlenecks)], dim=1)


class _ClassAndImage:
    """Cross-entropy plus the squared error of the reconstruction."""

    def __init__(self, network: HierarchicalReconstruction, config: OptimiserConfig) -> None:
        self.network: HierarchicalReconstruction = network
        self._config = config

    def optimisers(self) -> Sequence[Optimizer]:
        return [sgd(list(self.network.parameters()), self._config)]

    def loss(self, turn: int, images: Tensor, labels: Tensor) -> Tensor:
        logits, bottlenecks = self.network.parts(images)
        rebuilt = self.network.rebuilt(bottlenecks)
        return nn.functional.cross_entropy(logits, labels) + nn.functional.mse_loss(rebuilt, images)


def train_crosr(job: Job) -> Trained:
    """Train; the representation is N logits and 96 latent variables."""
    network = HierarchicalReconstruction(job.classifier(), job.classes, job.preprocessing.channels)
    job.fit_objective(_ClassAndImage(network, job.recipe.config.optimiser), "CROSR")
    return Trained(network, torch.eye(job.classes), [])
