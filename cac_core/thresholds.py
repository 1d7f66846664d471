# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Thresholds θ from validation images of the known classes.

The whole quantile grid is kept, so that the share of known images to keep can still be chosen on the robot.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

GRID_STEPS = 1000
"""The grid holds the shares 0, 0.001, …, 1."""

MARGIN = 0.01
"""A threshold lies at most this share above the score that decides it."""

MIN_PER_CLASS = 10
"""A class with fewer correctly classified validation images uses the grid of all classes."""


@dataclass(frozen=True)
class Thresholds:
    """Quantiles of validation rejection scores.

    Attributes:
        quantiles: ``(1001,)`` float32; entry k keeps at least k / 1000 of the validation images, and hardly more.
        class_quantiles: ``(N, 1001)`` float32; the same for the correctly classified images of each class.
        known_kept: the share chosen when training.
        validation_images: ``(N,)`` int64, images per class behind the grids.
    """

    quantiles: Tensor
    class_quantiles: Tensor
    known_kept: float
    validation_images: Tensor

    @property
    def any_of_one_class(self) -> bool:
        """Whether at least one class has thresholds of its own."""
        return bool((self.class_quantiles != self.quantiles).any())

    def theta(self, known_kept: float | None = None, per_class: bool = False, threshold: float | None = None) -> Tensor:
        """Threshold of each class ``(N,)`` float32.

        Args:
            known_kept: keep at least this share of known validation images; the one chosen when training if omitted.
            per_class: of each class by itself, instead of all together.
            threshold: a number of the caller's own, for every class; the other arguments then have no effect.

        Raises:
            ValueError: for a share outside (0, 1], a threshold that is negative or not finite, or ``per_class`` where
                no class has thresholds of its own.
        """
        if threshold is not None:
            if not 0.0 <= threshold < math.inf:
                raise ValueError(f"a threshold must be zero or a positive finite number, not {threshold}")
            return torch.full((self.class_quantiles.shape[0],), threshold, dtype=torch.float32)
        share = check_share(self.known_kept if known_kept is None else known_kept)
        # Rounding up keeps the promise "at least"; the small term undoes the error of share * 1000 in binary.
        k = min(GRID_STEPS, math.ceil(share * GRID_STEPS - 1e-6))
        if per_class:
            if not self.any_of_one_class:
                raise ValueError(
                    f"no class has a threshold of its own, for which it needs {MIN_PER_CLASS} validation images that "
                    "are taken for it: use one threshold for all classes, or train with more images"
                )
            return self.class_quantiles[:, k].clone()
        return self.quantiles[k].expand(self.class_quantiles.shape[0]).clone()


def fit_thresholds(gamma: Tensor, labels: Tensor, known_kept: float = 0.95) -> Thresholds:
    """Quantile grids of the smallest rejection score of validation images.

    Args:
        gamma: rejection scores ``(M, N)`` of known validation images.
        labels: ``(M,)`` in 0..N-1.
        known_kept: the share of known images to keep by default, in (0, 1].

    Raises:
        ValueError: without images, with scores that are not finite, or with a share outside (0, 1].
    """
    check_share(known_kept)
    if gamma.shape[0] == 0:
        raise ValueError("thresholds need at least one validation image")
    smallest, nearest = gamma.min(dim=-1)
    if not bool(torch.isfinite(smallest).all()):
        bad = int((~torch.isfinite(smallest)).sum())
        raise ValueError(f"{bad} of {gamma.shape[0]} validation images have a rejection score that is not finite")
    overall = _grid(smallest)
    rows = []
    for i in range(gamma.shape[-1]):
        own = smallest[(labels == i) & (nearest == i)]
        rows.append(_grid(own) if len(own) >= MIN_PER_CLASS else overall)
    counts = torch.bincount(labels, minlength=gamma.shape[-1])
    return Thresholds(overall, torch.stack(rows), float(known_kept), counts.cpu())


def check_share(known_kept: float) -> float:
    """Return the share of known images to keep, or raise a ValueError when it lies outside (0, 1]."""
    if not 0.0 < known_kept <= 1.0:
        raise ValueError(f"the share of known images to keep must lie in (0, 1], not {known_kept}")
    return known_kept


def _grid(scores: Tensor) -> Tensor:
    ordered = scores.float().sort().values.cpu()
    m = len(ordered)
    # The k-th entry belongs to the ceil(k/1000 * m)-th smallest score. Integers,
    # because the float product is one ulp too large now and then and would skip to the next score.
    ranks = (torch.arange(GRID_STEPS + 1) * m + GRID_STEPS - 1) // GRID_STEPS
    # A little above that score, but never at the next one: another engine's rounding must not flip the image that
    # decided the threshold.
    following = torch.cat([ordered[1:], ordered[-1:] * 2.0])
    raised = torch.minimum(ordered * (1.0 + MARGIN), (ordered + following) / 2.0)
    return raised[(ranks - 1).clamp(min=0)]
