# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""G-OpenMax: OpenMax with generated unknowns (Ge et al., BMVC 2017; [29] in the paper).

A generator learns to draw known classes on demand. It is then asked for mixtures of two classes. Those drawings that
a classifier of the known classes does not take for the larger part of the mixture are examples of the unknown. They are
the last class of an (N + 1)-way classifier, and OpenMax works on its logits.
"""

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
from cac_core.preprocessing import Preprocessing

DRAWN_TOGETHER = 256
MOST_ROUNDS = 200
"""How often the generator draws before too few misclassified drawings are accepted as all there are."""


class _Parts(nn.Module):
    """Generator and critic, both told the class."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        p = job.preprocessing
        self.classes = job.classes
        self.generator = Decoder(LATENT + job.classes, p.image_size, p.channels, job.width, bounded=True)
        self.critic = Encoder(1, p.image_size, p.channels + job.classes, job.width, batch_norm=False)

    def drawn(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Images ``(B, C, S, S)`` in [-1, 1] of class shares ``(B, N)``."""
        images: Tensor = self.generator(torch.cat([noise, condition], dim=1))
        return images

    def judged(self, images: Tensor, condition: Tensor) -> Tensor:
        """How real images look as their class ``(B, 1)``."""
        planes = condition[:, :, None, None].expand(-1, -1, *images.shape[2:])
        judged: Tensor = self.critic(torch.cat([images, planes], dim=1))
        return judged


class _DrawAndConvince:
    """Turn 0: the critic tells drawings from real images. Turn 1: the generator convinces it."""

    def __init__(self, network: _Parts, preprocessing: Preprocessing) -> None:
        self.network: _Parts = network
        self._preprocessing = preprocessing

    def optimisers(self) -> Sequence[Optimizer]:
        settings = {"lr": 5e-4, "betas": (0.5, 0.9)}
        n = self.network
        return [Adam(n.critic.parameters(), **settings), Adam(n.generator.parameters(), **settings)]  # type: ignore[arg-type]

    def loss(self, turn: int, images: Tensor, labels: Tensor) -> Tensor:
        n = self.network
        condition = nn.functional.one_hot(labels, n.classes).float()
        noise = torch.randn(len(images), LATENT, device=images.device)
        if turn == 1:
            return -n.judged(n.drawn(noise, condition), condition).mean()
        real = to_unit_range(images, self._preprocessing)
        with torch.no_grad():
            fake = n.drawn(noise, condition)
        penalty = gradient_penalty(lambda between: n.judged(between, condition), real, fake)
        return n.judged(fake, condition).mean() - n.judged(real, condition).mean() + penalty


def misclassified(network: _Parts, classifier: nn.Module, preprocessing: Preprocessing, wanted: int) -> Tensor:
    """Mixtures that the classifier does not take for their larger part, uint8 ``(M, S, S, C)``; at most ``wanted``."""
    device = next(network.parameters()).device
    kept, count = [], 0
    with torch.no_grad():
        for _ in range(MOST_ROUNDS):
            order = torch.rand(DRAWN_TOGETHER, network.classes, device=device).argsort(dim=1)
            share = 0.5 + 0.5 * torch.rand(DRAWN_TOGETHER, 1, device=device)
            first, second = (nn.functional.one_hot(order[:, i], network.classes).float() for i in (0, 1))
            noise = torch.randn(DRAWN_TOGETHER, LATENT, device=device)
            images = network.drawn(noise, share * first + (1.0 - share) * second)
            wrong = classifier(from_unit_range(images, preprocessing)).argmax(dim=1) != order[:, 0]
            kept.append(as_pixels(images[wrong]))
            count += int(wrong.sum())
            if count >= wanted:
                break
    return torch.cat(kept)[:wanted]


def train_g_openmax(job: Job) -> Trained:
    """Train generator, classifier, and the classifier with one more class; the representation is N + 1 logits."""
    network = _Parts(job)
    job.fit_objective(_DrawAndConvince(network, job.preprocessing), "G-OpenMax generator")
    classifier = classifier_of_known(job)
    network.to(job.device).requires_grad_(False)
    return train_with_open_class(job, misclassified(network, classifier, job.preprocessing, images_per_class(job)))
