# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Thresholds θ from validation images of the known classes.

The whole quantile grid is kept, so that the share of known images to keep can still be chosen on the robot.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cac_core.support.errors import CacError

GRID_STEPS = 1000
"""The grid holds the shares 0, 0.001, …, 1."""

MARGIN = 0.01
"""A threshold lies at most this share above the score that decides it."""

MIN_PER_CLASS = 10
"""A class with fewer correctly classified validation images uses the grid of all classes."""


class ThresholdError(CacError, ValueError):
    """Thresholds that a model cannot have.

    Attributes:
        argument: of :meth:`Thresholds.theta` that asks for them; a command line names its option.
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(problem)
        self.argument = argument


@dataclass(frozen=True)
class Thresholds:
    """Quantiles of validation rejection scores.

    Attributes:
        quantiles: ``(1001,)`` float32; entry k keeps at least k / 1000 of the validation images, and hardly more.
        class_quantiles: ``(N, 1001)`` float32; the same for the correctly classified images of each class.
        known_kept: the share chosen when training.
        validation_images: ``(N,)`` int64, images per class behind the grids.
    """

    quantiles: NDArray[np.float32]
    class_quantiles: NDArray[np.float32]
    known_kept: float
    validation_images: NDArray[np.int64]

    @property
    def has_class_thresholds(self) -> bool:
        """Whether at least one class has thresholds of its own."""
        return bool((self.class_quantiles != self.quantiles).any())

    def theta(
        self, known_kept: float | None = None, per_class: bool = False, threshold: float | None = None
    ) -> NDArray[np.float32]:
        """Threshold of each class ``(N,)`` float32.

        Args:
            known_kept: keep at least this share of known validation images; the one chosen when training if omitted.
            per_class: of each class by itself, instead of all together.
            threshold: a number of the caller's own, for every class; the other arguments then have no effect.

        Raises:
            ThresholdError: for a share outside (0, 1], a threshold that is negative or not finite, or ``per_class``
                where no class has thresholds of its own.
        """
        if threshold is not None:
            if not 0.0 <= threshold < math.inf:
                raise ThresholdError(
                    "threshold", f"a threshold must be zero or a positive finite number, not {threshold}"
                )
            return np.full(len(self.class_quantiles), threshold, dtype=np.float32)
        share = check_share(self.known_kept if known_kept is None else known_kept)
        # Rounding up keeps the promise "at least"; the small term undoes the error of share * 1000 in binary.
        k = min(GRID_STEPS, math.ceil(share * GRID_STEPS - 1e-6))
        if per_class:
            if not self.has_class_thresholds:
                raise ThresholdError(
                    "per_class",
                    f"no class has a threshold of its own, for which it needs {MIN_PER_CLASS} validation images that "
                    "are taken for it: use one threshold for all classes, or train with more images",
                )
            return self.class_quantiles[:, k].copy()
        return np.full(len(self.class_quantiles), self.quantiles[k], dtype=np.float32)


def fit_thresholds(gamma: ArrayLike, labels: ArrayLike, known_kept: float = 0.95) -> Thresholds:
    """Quantile grids of the smallest rejection score of validation images.

    Args:
        gamma: rejection scores ``(M, N)`` of known validation images.
        labels: ``(M,)`` in 0..N-1.
        known_kept: the share of known images to keep by default, in (0, 1].

    Raises:
        ValueError: without images, with scores that are not finite, or with a share outside (0, 1].
    """
    check_share(known_kept)
    scores, classes = np.asarray(gamma, dtype=np.float32), np.asarray(labels, dtype=np.int64)
    if len(scores) == 0:
        raise ValueError("thresholds need at least one validation image")
    smallest, nearest = scores.min(axis=-1), scores.argmin(axis=-1)
    bad = int((~np.isfinite(smallest)).sum())
    if bad:
        raise ValueError(f"{bad} of {len(scores)} validation images have a rejection score that is not finite")
    overall = _grid(smallest)
    rows = []
    for i in range(scores.shape[-1]):
        own = smallest[(classes == i) & (nearest == i)]
        rows.append(_grid(own) if len(own) >= MIN_PER_CLASS else overall)
    counts = np.bincount(classes, minlength=scores.shape[-1])
    return Thresholds(overall, np.stack(rows), float(known_kept), counts)


def check_share(known_kept: float) -> float:
    """Return the share of known images to keep, or raise a ThresholdError when it lies outside (0, 1]."""
    if not 0.0 < known_kept <= 1.0:
        raise ThresholdError("known_kept", f"the share of known images to keep must lie in (0, 1], not {known_kept}")
    return known_kept


def _grid(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    ordered = np.sort(scores)
    # The k-th entry belongs to the ceil(k/1000 * m)-th smallest score. Integers,
    # because the float product is one ulp too large now and then and would skip to the next score.
    ranks = (np.arange(GRID_STEPS + 1) * len(ordered) + GRID_STEPS - 1) // GRID_STEPS
    # A little above that score, but never at the next one: another engine's rounding must not flip the image that
    # decided the threshold.
    following = np.append(ordered[1:], ordered[-1:] * 2.0)
    raised = np.minimum(ordered * (1.0 + MARGIN), (ordered + following) / 2.0)
    grid: NDArray[np.float32] = raised[(ranks - 1).clip(min=0)]
    return grid
