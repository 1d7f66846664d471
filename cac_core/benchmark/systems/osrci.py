# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OSRCI: counterfactual images as examples of the unknown (Neal et al., ECCV 2018; [13] in the paper).

Encoder, generator and critic learn to rebuild known images that look real. A classifier learns the known classes. Then
the code of a known image is moved, as little as it takes, until the classifier calls what the generator makes of it
none of the known classes. Such images are the last class of an (N + 1)-way classifier; its probability is the score.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from cac_core.benchmark.stored_networks import Trained
from cac_core.benchmark.systems.adversarial import (
    as_pixels,
    classifier_of_known,
    from_unit_range,
    gradient_penalty,
    images_per_class,
    to_unit_range,
    train_with_open_class,
)
from cac_core.benchmark.systems.job import Job
from cac_core.benchmark.systems.parts import LATENT, Decoder, Encoder
from cac_core.model import normalise
from cac_core.preprocessing import Preprocessing

STEPS = 30
"""Steps of a code towards the unknown."""

STEP_LENGTH = 0.1
"""Rate of these steps."""

MOVED_TOGETHER = 512
"""Codes that are moved at a time."""

CLOSENESS = 1.0
"""Weight of the squared distance from the code of the known image."""


class _Parts(nn.Module):
    def __init__(self, job: Job) -> None:
        super().__init__()
        p = job.preprocessing
        self.encoder = Encoder(LATENT, p.image_size, p.channels, job.width)
        self.generator = Decoder(LATENT, p.image_size, p.channels, job.width, bounded=True)
        self.critic = Encoder(1, p.image_size, p.channels, job.width, batch_norm=False)

    def code(self, images: Tensor) -> Tensor:
        """Codes of unit length times the root of their size, so that a step means the same everywhere."""
        code: Tensor = nn.functional.normalize(self.encoder(images), dim=1) * math.sqrt(LATENT)
        return code


class _RebuildAndConvince:
    """Turn 0: the critic tells rebuilt from real images. Turn 1: rebuild, and convince the critic."""

    def __init__(self, network: _Parts, preprocessing: Preprocessing) -> None:
        self.network: _Parts = network
        self._preprocessing = preprocessing

    def optimisers(self) -> Sequence[Optimizer]:
        maker = [*self.network.encoder.parameters(), *self.network.generator.parameters()]
        settings = {"lr": 5e-4, "betas": (0.5, 0.999)}
        return [Adam(self.network.critic.parameters(), **settings), Adam(maker, **settings)]  # type: ignore[arg-type]

    def loss(self, turn: int, images: Tensor, labels: Tensor) -> Tensor:
        n = self.network
        real = to_unit_range(images, self._preprocessing)
        if turn == 0:
            with torch.no_grad():
                fake = n.generator(n.code(real))
            lead: Tensor = n.critic(fake).mean() - n.critic(real).mean()
            return lead + gradient_penalty(n.critic, real, fake)
        rebuilt: Tensor = n.generator(n.code(real))
        convinced: Tensor = n.critic(rebuilt).mean()
        return 10.0 * (rebuilt - real).abs().mean() - 0.1 * convinced


def counterfactuals(
    network: _Parts, classifier: nn.Module, images: Tensor, preprocessing: Preprocessing
) -> tuple[Tensor, Tensor]:
    """Move codes until no known class is likely (eq. 5 there).

    Args:
        network: trained encoder and generator.
        classifier: of the known classes, over normalised images.
        images: known ones ``(B, C, S, S)``, normalised.
        preprocessing: mean and standard deviation.

    Returns:
        The images in [-1, 1], and for each the sum of exponentials of its logits before and after ``(2, B)``, in log.
    """
    with torch.no_grad():
        start = network.code(to_unit_range(images, preprocessing))
    code = start.clone().requires_grad_(True)
    optimiser = Adam([code], lr=STEP_LENGTH)

    def known_evidence() -> Tensor:
        made = from_unit_range(network.generator(code), preprocessing)
        return torch.logsumexp(classifier(made).float(), dim=1)

    before = known_evidence().detach()
    for _ in range(STEPS):
        evidence = known_evidence()
        away = (code - start).square().mean(dim=1)
        loss = (nn.functional.softplus(evidence) + CLOSENESS * away).sum()
        (code.grad,) = torch.autograd.grad(loss, code)
        optimiser.step()
    with torch.no_grad():
        return network.generator(code), torch.stack([before, known_evidence()])


def train_osrci(job: Job) -> Trained:
    """Train generator, classifier, and the classifier with one more class; the representation is N + 1 logits."""
    network = _Parts(job)
    job.fit_objective(_RebuildAndConvince(network, job.preprocessing), "OSRCI generator")
    classifier = classifier_of_known(job)
    network.to(job.device).requires_grad_(False)
    generator = torch.Generator().manual_seed(job.recipe.config.seed)
    chosen = torch.randperm(len(job.train), generator=generator)[: images_per_class(job)]
    made = []
    for part in torch.split(job.train.images[chosen], MOVED_TOGETHER):
        images = normalise(part.to(job.device), job.preprocessing)
        made.append(as_pixels(counterfactuals(network, classifier, images, job.preprocessing)[0]))
    return train_with_open_class(job, torch.cat(made))
