# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Intervals that respect that frames of one recording are alike: whole recordings are drawn with replacement.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3 (percentile intervals). The draws are
the same in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cac_ros.fleet.bag_result import Frames
from cac_ros.fleet.recordings import Counts

REPLICATES = 1000
CONFIDENCE = 0.95
_BINS = 512
_PART = 100  # replicates at a time, so that 10,000 recordings need 8 MB

Interval = tuple[float, float]


@lru_cache(maxsize=2)
def draws(recordings: int, replicates: int = REPLICATES) -> NDArray[np.float64]:
    """How often each recording is drawn ``(R, B)``."""
    chance = np.random.default_rng(0)
    return chance.multinomial(recordings, np.full(recordings, 1 / recordings), size=replicates).astype(np.float64)


def ratio_interval(numerators: Sequence[float], denominators: Sequence[float]) -> Interval | None:
    """The interval of a sum over a sum; both have a term for each recording. None for fewer than two recordings."""
    above, below = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    counted = below > 0
    if counted.sum() < 2:
        return None
    drawn = draws(int(counted.sum()))
    return _interval((drawn @ above[counted]) / (drawn @ below[counted]))


def share_intervals(counts: Sequence[Counts]) -> dict[str, Interval | None]:
    """Intervals of the shares of all recordings together."""
    pairs = {
        "right": ("right", "scored"),
        "known_kept": ("known_kept", "known"),
        "unknown_accepted": ("unknown_accepted", "unknown"),
        "rejected": ("rejected", "frames"),
    }
    return {
        name: ratio_interval([getattr(c, part) for c in counts], [getattr(c, whole) for c in counts])
        for name, (part, whole) in pairs.items()
    }


def curve_intervals(frames: Sequence[Frames]) -> dict[str, Interval | None]:
    """Intervals of AUROC and of CCR at 5 % and 10 % FPR.

    The scores are put into 512 bins of equal content; within a bin they count as equal.
    """
    names = ("auroc", "ccr_at_fpr_5", "ccr_at_fpr_10")
    both = [each for each in frames if each.scored.any()]
    scores = np.concatenate([each.score[each.scored] for each in both]) if both else np.empty(0)
    finite = scores[np.isfinite(scores)]
    if len(both) < 2 or not len(finite):
        return dict.fromkeys(names)
    edges = np.unique(np.quantile(finite, np.linspace(0, 1, _BINS + 1)[1:-1], method="lower"))
    histograms = [np.stack(columns) for columns in zip(*(_histograms(each, edges) for each in both), strict=True)]
    drawn = draws(len(both))
    values = np.concatenate(
        [_figures(*(part @ each for each in histograms)) for part in np.split(drawn, range(_PART, len(drawn), _PART))],
        axis=1,
    )
    return {name: _interval(row) for name, row in zip(names, values, strict=True)}


def _histograms(frames: Frames, edges: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Known, unknown, and known whose nearest class is right, in bins of the score."""
    bins = np.searchsorted(edges, frames.score, side="left")
    known, unknown = frames.truth >= 0, frames.truth == -1
    masks = (known, unknown, known & (frames.nearest == frames.truth))
    return tuple(np.bincount(bins[mask], minlength=len(edges) + 1).astype(np.float64) for mask in masks)


def _figures(
    known: NDArray[np.float64], unknown: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    """AUROC and CCR at 5 % and 10 % FPR ``(3, R)`` of histograms ``(R, K)``."""
    with np.errstate(invalid="ignore", divide="ignore"):
        knowns, unknowns = known.sum(axis=1), unknown.sum(axis=1)
        below = np.cumsum(known, axis=1) - known
        auroc = (unknown * (below + known / 2)).sum(axis=1) / (knowns * unknowns)
        fpr = np.cumsum(unknown, axis=1) / unknowns[:, None]
        ccr = np.cumsum(right, axis=1) / knowns[:, None]
        at = [np.where(fpr <= limit, ccr, 0.0).max(axis=1) for limit in (0.05, 0.10)]
        at = [np.where(unknowns > 0, values, np.nan) for values in at]
    return np.stack([auroc, *at])


def _interval(values: NDArray[np.float64]) -> Interval | None:
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
