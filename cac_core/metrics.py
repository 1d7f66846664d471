# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Metrics of open-set recognition (section 4.2). Scores: high = unknown. Labels: -1 = unknown.

NaN raises everywhere. +inf is a legal score: it is what a frame that could not be classified gets, and it ranks as
the most unknown of all.
"""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cac_core.inference_equations import UNKNOWN
from cac_core.intervals import Interval, area_interval, ccr_interval, fpr_interval, share_interval

FPRS = (0.01, 0.05, 0.10)
"""False positive rates at which the correct classification rate is reported (Table 3)."""


def auroc(scores: ArrayLike, unknown: ArrayLike) -> float:
    """Area under the ROC curve of separating unknown from known; ties count one half.

    Args:
        scores: ``(M,)``.
        unknown: ``(M,)`` bool, true for images of unknown classes.

    Returns:
        A number in [0, 1], or NaN when one of the two kinds is missing.
    """
    s, u = _scores(scores), np.asarray(unknown, dtype=bool)
    if u.all() or not u.any():
        return math.nan
    fpr, tpr = _roc(s, u)
    return float(((fpr[1:] - fpr[:-1]) * (tpr[1:] + tpr[:-1]) / 2.0).sum())


def aupr(scores: ArrayLike, unknown: ArrayLike) -> float:
    """Average precision with unknown as the positive class; NaN when one of the two kinds is missing."""
    s, u = _scores(scores), np.asarray(unknown, dtype=bool)
    if u.all() or not u.any():
        return math.nan
    found, false = _counts(s, u)
    precision, recall = found / (found + false), found / found[-1]
    steps = np.diff(recall, prepend=0.0) * precision
    return float(steps[::-1].sum())  # in scikit-learn's order, which gives its last digit


def roc_curve(scores: ArrayLike, unknown: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ROC curve as the paper draws it: shares of unknown and of known images kept at every threshold, rising.

    Args:
        scores: ``(M,)``.
        unknown: ``(M,)`` bool, with both kinds.
    """
    s, u = _scores(scores), np.asarray(unknown, dtype=bool)
    return _roc(-s, ~u)


def accuracy(predictions: ArrayLike, labels: ArrayLike) -> float:
    """Share of known images whose nearest class is right (closed-set accuracy); images of label -1 do not count."""
    p, y = np.asarray(predictions), np.asarray(labels)
    known = y != UNKNOWN
    return float((p[known] == y[known]).mean()) if known.any() else math.nan


def ccr_at_fpr(scores: ArrayLike, predictions: ArrayLike, labels: ArrayLike, fpr: float) -> float:
    """Correct classification rate: share of known images kept *and* right where at most ``fpr`` of unknown are kept.

    The threshold lies just below the first unknown score that may not be kept, so FPR 0 is exact.
    """
    s, p, y = _scores(scores), np.asarray(predictions), np.asarray(labels)
    known = y != UNKNOWN
    unknown_scores = np.sort(s[~known])
    if not known.any() or len(unknown_scores) == 0:
        return math.nan
    allowed = math.floor(fpr * len(unknown_scores) + 1e-9)
    kept = s[known] < unknown_scores[allowed] if allowed < len(unknown_scores) else np.ones(known.sum(), dtype=bool)
    return float((kept & (p[known] == y[known])).mean())


def fpr_at_known_kept(scores: ArrayLike, unknown: ArrayLike, share: float = 0.95) -> float:
    """Share of unknown images kept at the smallest threshold that keeps at least ``share`` of the known ones."""
    s, u = _scores(scores), np.asarray(unknown, dtype=bool)
    if u.all() or not u.any():
        return math.nan
    known_scores = np.sort(s[~u])
    threshold = known_scores[max(0, math.ceil(share * len(known_scores) - 1e-9) - 1)]
    return float((s[u] <= threshold).mean())


def oscr(scores: ArrayLike, predictions: ArrayLike, labels: ArrayLike) -> float:
    """Area under the curve of CCR over FPR: accuracy and rejection in one number.

    Equal to the probability that a known image is classified correctly and scores below an unknown one; ties one half.
    """
    s, p, y = _scores(scores), np.asarray(predictions), np.asarray(labels)
    known = y != UNKNOWN
    unknown_scores = np.sort(s[~known])
    if not known.any() or len(unknown_scores) == 0:
        return math.nan
    right = s[known & (p == y)]
    above = len(unknown_scores) - np.searchsorted(unknown_scores, right, side="right")
    ties = np.searchsorted(unknown_scores, right, side="right") - np.searchsorted(unknown_scores, right, side="left")
    return float((above + 0.5 * ties).sum() / (known.sum() * len(unknown_scores)))


def bhattacharyya(a: ArrayLike, b: ArrayLike, bins: int = 100) -> float:
    """Overlap of two samples' distributions in [0, 1] over a shared histogram (Table 2); 1 = the same."""
    x, y = _scores(a), _scores(b)
    edges = np.histogram_bin_edges(np.concatenate([x, y]), bins=bins)
    p, q = np.histogram(x, edges)[0] / len(x), np.histogram(y, edges)[0] / len(y)
    return float(np.sqrt(p * q).sum())


def openness(n_train: int, n_test: int, n_target: int) -> float:
    """Openness of a task, eq. 10, from numbers of classes: known in training, all in testing, known in testing."""
    return 1.0 - math.sqrt(2.0 * n_train / (n_test + n_target))


@dataclass(frozen=True)
class OpenSetMetrics:
    """Everything reported of one evaluation; a value is NaN where its kind of image is missing.

    Attributes:
        intervals: the 95 % interval of each share, by its name here; aupr is no share and has none.
    """

    known_images: int
    unknown_images: int
    accuracy: float
    auroc: float
    aupr: float
    oscr: float
    ccr_at_fpr_1: float
    ccr_at_fpr_5: float
    ccr_at_fpr_10: float
    fpr_at_95_known_kept: float
    known_kept: float
    known_kept_and_right: float
    unknown_rejected: float
    intervals: dict[str, Interval] = field(default_factory=dict, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary of the figures; NaN becomes None because JSON has no NaN."""
        values = {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(self).items()}
        del values["intervals"]  # model files hold these figures, and their checksums must not change
        return values

    def interval(self, name: str) -> Interval:
        """The interval of a share by its name; NaN where there is none."""
        return self.intervals.get(name, (math.nan, math.nan))

    def intervals_to_dict(self) -> dict[str, list[float]]:
        """JSON-ready dictionary of the intervals that there are."""
        return {name: list(ends) for name, ends in self.intervals.items() if not math.isnan(ends[0])}


def open_set_metrics(scores: ArrayLike, nearest: ArrayLike, rejected: ArrayLike, labels: ArrayLike) -> OpenSetMetrics:
    """All metrics of one set of decisions.

    Args:
        scores: ``(M,)`` smallest rejection scores, +inf where none could be computed.
        nearest: ``(M,)`` nearest class, -1 where none could be computed.
        rejected: ``(M,)`` bool, true where the decision was *unknown*.
        labels: ``(M,)`` true classes, -1 = unknown.
    """
    s, p = _scores(scores), np.asarray(nearest)
    r, y = np.asarray(rejected, dtype=bool), np.asarray(labels)
    unknown = y == UNKNOWN
    known = ~unknown
    images, others = int(known.sum()), int(unknown.sum())
    right = p[known] == y[known]
    values = {
        "accuracy": accuracy(p, y),
        "known_kept": float((~r[known]).mean()) if images else math.nan,
        "known_kept_and_right": float((~r[known] & right).mean()) if images else math.nan,
    }
    intervals = {name: share_interval(value, images) for name, value in values.items()}
    values["unknown_rejected"] = float(r[unknown].mean()) if others else math.nan
    intervals["unknown_rejected"] = share_interval(values["unknown_rejected"], others)
    for name, area in (("auroc", auroc(s, unknown)), ("oscr", oscr(s, p, y))):
        values[name], intervals[name] = area, area_interval(area, images, others)
    for fpr in FPRS:
        name = f"ccr_at_fpr_{round(100 * fpr)}"
        values[name] = ccr_at_fpr(s, p, y, fpr)
        intervals[name] = ccr_interval(s[known], right, s[unknown], fpr)
    values["fpr_at_95_known_kept"] = fpr_at_known_kept(s, unknown, 0.95)
    intervals["fpr_at_95_known_kept"] = fpr_interval(s[known], s[unknown], 0.95)
    return OpenSetMetrics(images, others, aupr=aupr(s, unknown), **values, intervals=intervals)


def _scores(values: ArrayLike) -> NDArray[np.float64]:
    scores = np.asarray(values, dtype=np.float64)
    if np.isnan(scores).any():
        raise ValueError(
            f"{int(np.isnan(scores).sum())} of {scores.size} scores are NaN: a metric of them means nothing"
        )
    return scores


def _counts(
    scores: NDArray[np.float64], positive: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positives and negatives among the images of the highest scores, down to each score that occurs."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(scores) - 1)
    found = np.cumsum(positive[order], dtype=np.float64)[ends]
    return found, 1.0 + ends - found


def _roc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rates from (0, 0) to (1, 1), with the corners of the curve only."""
    found, false = _counts(scores, positive)
    corner = np.ones(len(found), dtype=bool)
    corner[1:-1] = (np.diff(found, 2) != 0) | (np.diff(false, 2) != 0)
    tpr, fpr = (np.append(0.0, counts[corner]) / counts[-1] for counts in (found, false))
    return fpr, tpr
