# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the two systems with a generator share: the critic's penalty, pixel ranges, and images as one more class."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cac_core.benchmark.stored_networks import Trained
from cac_core.benchmark.systems.job import Job
from cac_core.data import LabelledImages, joined
from cac_core.preprocessing import Preprocessing

PENALTY = 10.0
"""Weight of the gradient penalty (Gulrajani et al., NeurIPS 2017), as in [13]."""

OPEN = "unknown"
"""Name of the class that generated images get."""


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """How far the critic's slope between real and generated images ``(B, C, S, S)`` is from 1, squared."""
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = (share * real + (1.0 - share) * fake).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    penalty: Tensor = PENALTY * (slope.flatten(1).norm(dim=1) - 1.0).square().mean()
    return penalty


def _constants(images: Tensor, preprocessing: Preprocessing) -> tuple[Tensor, Tensor]:
    mean, std = (
        torch.tensor(values, device=images.device)[:, None, None] for values in (preprocessing.mean, preprocessing.std)
    )
    return mean, std


def to_unit_range(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Normalised images to [-1, 1], the range of a generator."""
    mean, std = _constants(images, preprocessing)
    return 2.0 * (images * std + mean) - 1.0


def from_unit_range(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Inverse of :func:`to_unit_range`."""
    mean, std = _constants(images, preprocessing)
    return ((images + 1.0) / 2.0 - mean) / std


def as_pixels(images: Tensor) -> Tensor:
    """Images ``(B, C, S, S)`` in [-1, 1] to uint8 ``(B, S, S, C)`` on the CPU."""
    return ((images + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().contiguous()


def classifier_of_known(job: Job) -> nn.Module:
    """A classifier of the known classes, trained and ready to judge generated images."""
    return job.fit_classifier(job.classifier()).backbone.to(job.device).float().eval()


def images_per_class(job: Job) -> int:
    """How many images the class of generated ones gets: as many as a known class has."""
    return max(1, len(job.train) // job.classes)


def train_with_open_class(job: Job, pixels: Tensor) -> Trained:
    """Train an (N + 1)-way classifier whose last class are generated images.

    Args:
        job: the trial.
        pixels: uint8 ``(M, S, S, C)``.

    Returns:
        A network that gives N + 1 logits.
    """
    names = (*job.train.class_names, OPEN)
    labels = torch.full((len(pixels),), job.classes)
    generated = LabelledImages(pixels, labels, names, ("",) * len(pixels))
    known = LabelledImages(job.train.images, job.train.labels, names, job.train.paths)
    trained = job.fit_classifier(job.classifier(job.classes + 1), joined(known, generated))
    return Trained(trained.backbone, torch.eye(job.classes), trained.history)
