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
from cac_core.benchmark.scores import SCORES, SYSTEM_SCORES, Score
from cac_core.benchmark.stored_networks import Outputs
from cac_core.benchmark.systems.evt import shares_at_evt_threshold
from cac_core.inference_equations import UNKNOWN
from cac_core.support.errors import DataError

SCORE_OF_SYSTEM = {
    "c2ae": "reconstruction_error",
    "crosr": "latent_openmax",
    "osrci": "open_class",
    "g-openmax": "open_class_openmax",
}
"""The one score of a system that gives something else than N logits."""

RESAMPLES = 1000
BOOTSTRAP_SEED = 0


def measure(outputs: Outputs, score: str, unknown_group: int | None = None) -> dict[str, float]:
    """Metrics of one score over one network's test images.

    Args:
        outputs: of the network.
        score: a name of :data:`cac_core.benchmark.scores.SCORES`.
        unknown_group: only this set of unknown images beside the known ones; all when not given.

    Returns:
        Shares in [0, 1]; ``auroc_low`` and ``auroc_high`` bound the 95 % bootstrap interval over test images.
    """
    stored: dict[str, dict[str, float]] = outputs.record.get("measures", {})
    if unknown_group is None and score in stored:
        return stored[score]
    fitted = _fitted(outputs, score)
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


def scores_of(outputs: Outputs, score: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """One score of each test image ``(T,)``, high = unknown, and which images are unknown ``(T,)``."""
    fitted = _fitted(outputs, score)
    return fitted.score(outputs.test_logits).double().numpy(), (outputs.test_labels == UNKNOWN).numpy()


def every_measure(outputs: Outputs, loss: str) -> dict[str, dict[str, float]]:
    """:func:`measure` of every score that a network can have, by name, and ``overlap``.

    Args:
        outputs: of the network.
        loss: what it learnt with, or the system that trained it.
    """
    score = SCORE_OF_SYSTEM.get(loss)
    measures = {name: measure(outputs, name) for name in ([score] if score else SCORES)}
    if score == "reconstruction_error":
        measures[score] |= shares_at_evt_threshold(outputs)
    if "nearest_distance" in measures:
        measures["overlap"] = {"bhattacharyya": overlap(outputs)}
    return measures


def _fitted(outputs: Outputs, score: str) -> Score:
    if not len(outputs.train_logits):
        identity = outputs.record["identity"]
        raise DataError(
            f"only figures are kept of {identity['dataset']} trial {identity['trial']}, {identity['loss']}, not the "
            "logits: delete its .json file in networks/ to train it again."
        )
    fitted = {**SCORES, **SYSTEM_SCORES}[score](outputs.anchors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class that was never right shows in the accuracy
        fitted.fit(outputs.train_logits, outputs.train_labels)
    return fitted


def overlap(outputs: Outputs) -> float:
    """Bhattacharyya coefficient between nearest-centre distances of known and unknown test images (Table 2)."""
    stored: dict[str, dict[str, float]] = outputs.record.get("measures", {})
    if "overlap" in stored:
        return stored["overlap"]["bhattacharyya"]
    d, unknown = scores_of(outputs, "nearest_distance")
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
    return _interval(_resampled_areas([scores], unknown, resamples, seed)[:, 0], share)


def bootstrap_lead(
    ours: Sequence[ArrayLike],
    others: Sequence[ArrayLike],
    unknown: ArrayLike,
    share: float = 0.95,
    resamples: int | None = None,
    seed: int = BOOTSTRAP_SEED,
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean AUROC of some networks minus that of others, on the same images.

    Two intervals that overlap may still belong to networks of which one is surely better: what makes a draw of images
    hard makes it hard for both.

    Args:
        ours: scores ``(M,)`` of each network, high = unknown.
        others: those of the networks to compare with, over the same M images.
        unknown: ``(M,)`` bool.
        share: that the interval covers.
        resamples: how many; 1000 when not given.
        seed: the same seed gives the same interval.
    """
    areas = _resampled_areas([*ours, *others], unknown, resamples, seed)
    return _interval(areas[:, : len(ours)].mean(axis=1) - areas[:, len(ours) :].mean(axis=1), share)


def _resampled_areas(
    scores: Sequence[ArrayLike], unknown: ArrayLike, resamples: int | None, seed: int
) -> NDArray[np.float64]:
    """AUROC ``(resamples, len(scores))``, every score over the same draws of images; NaN without known or unknown."""
    u = np.asarray(unknown, dtype=bool)
    areas = np.full((resamples or RESAMPLES, len(scores)), np.nan)
    if u.all() or not u.any():
        return areas
    ranks = [rankdata(np.asarray(each, dtype=np.float64), method="dense").astype(np.int64) - 1 for each in scores]
    known_images, unknown_images = np.flatnonzero(~u), np.flatnonzero(u)
    generator = np.random.default_rng(seed)
    for row in areas:
        known = generator.choice(known_images, len(known_images))
        others = generator.choice(unknown_images, len(unknown_images))
        for j, rank in enumerate(ranks):
            size = int(rank.max()) + 1
            k, n = np.bincount(rank[known], minlength=size), np.bincount(rank[others], minlength=size)
            row[j] = float(n @ (np.cumsum(k) - 0.5 * k)) / (len(known) * len(others))
    return areas


def _interval(values: NDArray[np.float64], share: float) -> tuple[float, float]:
    if np.isnan(values).any():
        return math.nan, math.nan
    tail = (1.0 - share) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)


def mean_and_std(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation over trials; one trial has no deviation (NaN)."""
    if not values:
        return math.nan, math.nan
    array = torch.tensor(values, dtype=torch.float64)
    return float(array.mean()), float(array.std()) if len(values) > 1 else math.nan
