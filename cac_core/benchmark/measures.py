# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is measured of a trained network, and how sure that is."""

import math
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from cac_core import metrics
from cac_core.benchmark.networks import Outputs
from cac_core.functional import UNKNOWN
from cac_core.scores import SCORES, NearestDistance

RESAMPLES = 1000
BOOTSTRAP_SEED = 0


def measure(outputs: Outputs, score: str, unknown_group: int | None = None) -> dict[str, float]:
    """Metrics of one score over one network's test images.

    Args:
        outputs: of the network.
        score: a name of :data:`cac_core.scores.SCORES`.
        unknown_group: only this set of unknown images beside the known ones; all when not given.

    Returns:
        Shares in [0, 1]; ``auroc_low`` and ``auroc_high`` bound the 95 % bootstrap interval over test images.
    """
    fitted = SCORES[score](outputs.anchors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class that was never right shows in the accuracy
        fitted.fit(outputs.train_logits, outputs.train_labels)
    chosen = slice(None) if unknown_group is None else (outputs.groups == 0) | (outputs.groups == unknown_group)
    logits, labels = outputs.test_logits[chosen], outputs.test_labels[chosen].numpy()
    scores, predictions = fitted.score(logits).double().numpy(), fitted.predict(logits).numpy()
    unknown = labels == UNKNOWN
    low, high = bootstrap_auroc(scores, unknown)
    return {
        "auroc": metrics.auroc(scores, unknown),
        "auroc_low": low,
        "auroc_high": high,
        "accuracy": metrics.accuracy(predictions, labels),
        "aupr": metrics.aupr(scores, unknown),
        "oscr": metrics.oscr(scores, predictions, labels),
        "ccr_at_fpr_1": metrics.ccr_at_fpr(scores, predictions, labels, 0.01),
        "ccr_at_fpr_5": metrics.ccr_at_fpr(scores, predictions, labels, 0.05),
        "ccr_at_fpr_10": metrics.ccr_at_fpr(scores, predictions, labels, 0.10),
        "fpr_at_95_known_kept": metrics.fpr_at_known_kept(scores, unknown),
    }


def nearest_distances(outputs: Outputs) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Distance of each test image to its nearest calibrated centre ``(T,)``, and which images are unknown ``(T,)``."""
    fitted = NearestDistance(outputs.anchors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        fitted.fit(outputs.train_logits, outputs.train_labels)
    return fitted.score(outputs.test_logits).numpy(), (outputs.test_labels == UNKNOWN).numpy()


def overlap(outputs: Outputs) -> float:
    """Bhattacharyya coefficient between nearest-centre distances of known and unknown test images (Table 2)."""
    d, unknown = nearest_distances(outputs)
    return metrics.bhattacharyya(d[~unknown], d[unknown])


def bootstrap_auroc(
    scores: ArrayLike, unknown: ArrayLike, share: float = 0.95, resamples: int | None = None, seed: int = BOOTSTRAP_SEED
) -> tuple[float, float]:
    """Percentile bootstrap interval of the AUROC; known and unknown images are drawn again separately.

    Args:
        scores: ``(M,)``, high = unknown.
        unknown: ``(M,)`` bool.
        share: that the interval covers.
        resamples: how many; 1000 when not given.
        seed: the same seed gives the same interval.
    """
    u = np.asarray(unknown, dtype=bool)
    if u.all() or not u.any():
        return math.nan, math.nan
    ranks = rankdata(np.asarray(scores, dtype=np.float64), method="dense").astype(np.int64) - 1
    size = int(ranks.max()) + 1
    generator = np.random.default_rng(seed)
    known_ranks, unknown_ranks = ranks[~u], ranks[u]
    areas = np.empty(resamples or RESAMPLES)
    for i in range(len(areas)):
        k = np.bincount(generator.choice(known_ranks, len(known_ranks)), minlength=size)
        n = np.bincount(generator.choice(unknown_ranks, len(unknown_ranks)), minlength=size)
        below = np.cumsum(k) - k
        areas[i] = float(n @ (below + 0.5 * k)) / (len(known_ranks) * len(unknown_ranks))
    tail = (1.0 - share) / 2.0
    low, high = np.quantile(areas, [tail, 1.0 - tail])
    return float(low), float(high)


def mean_and_std(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation over trials; one trial has no deviation (NaN)."""
    if not values:
        return math.nan, math.nan
    array = torch.tensor(values, dtype=torch.float64)
    return float(array.mean()), float(array.std()) if len(values) > 1 else math.nan
