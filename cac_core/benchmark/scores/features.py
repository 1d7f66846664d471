# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Scores from features, the input of the last layer, and their sum with γ."""

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

_SMALLEST = 1e-12  # γ that is drawn into the logarithm


class FeatureDistance:
    """Mahalanobis distance of features to the nearest class mean, with one covariance for all classes.

    Lee et al. (NeurIPS 2018), with the shrunk covariance of Ledoit and Wolf (2004): there are fewer photos than
    dimensions.
    """

    def fit(self, features: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
        """Learn means and covariance.

        Args:
            features: ``(M, D)`` of training images without augmentation.
            labels: ``(M,)`` in 0..N-1; every class needs an image.
        """
        from sklearn.covariance import LedoitWolf  # not before --help has answered

        x = features.astype(np.float64)
        self.means = np.stack([x[labels == label].mean(0) for label in range(int(labels.max()) + 1)])
        self.precision = LedoitWolf(assume_centered=True).fit(x - self.means[labels]).precision_

    def score(self, features: NDArray[np.float32]) -> Scores:
        """Smallest distance ``(B,)`` of features ``(B, D)``; high = unknown."""
        away = features.astype(np.float64)[:, np.newaxis] - self.means
        squared = np.einsum("bnd,de,bne->bn", away, self.precision, away, optimize=True)
        nearest: Scores = np.sqrt(np.maximum(squared.min(1), 0.0))
        return nearest


def log_gamma(gamma: NDArray[np.floating]) -> Scores:
    """The logarithm of γ, whose scale spans many decades."""
    return np.log(np.maximum(np.asarray(gamma, np.float64), _SMALLEST))


def standardised(values: Scores, validation: Scores) -> Scores:
    """Values in standard deviations of known validation images, from their mean."""
    deviation = float(validation.std())
    away: Scores = (values - validation.mean()) / (deviation if deviation > 0 else 1.0)
    return away
