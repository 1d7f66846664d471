# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""95 % intervals of what is counted on images. They suppose that the images are independent.

Frames of one recording, or photos of one series, resemble each other: for them the true intervals are wider.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Interval = tuple[float, float]

CONFIDENCE = 0.95
"""How often an interval holds the true value."""

_EACH = 1 - (1 - CONFIDENCE) / 2
"""Where two things are uncertain, each gets half of the error (Bonferroni): the interval is rather too wide."""


def share_interval(share: float, images: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a share that was counted on independent images.

    Args:
        share: of the images, in [0, 1].
        images: how many there were.
        confidence: probability that the interval holds the true share.

    Returns:
        Its ends in [0, 1]; NaN where there is no share or no image.
    """
    if math.isnan(share) or images <= 0:
        return math.nan, math.nan
    z = _z(confidence)
    centre = share + z * z / (2 * images)
    spread = z * math.sqrt(share * (1 - share) / images + z * z / (4 * images * images))
    below, above = ((centre + sign * spread) / (1 + z * z / images) for sign in (-1, 1))
    return min(share, max(0.0, below)), max(share, min(1.0, above))


def area_interval(area: float, known: int, unknown: int) -> Interval:
    """Interval of an AUROC, or of the OSCR, which is one too (a known image of the wrong class never wins).

    Whatever the scores look like, the area of a sample varies no more than a share of the rarer kind of images does
    (Birnbaum and Klose, Annals of Mathematical Statistics 28, 1957). So the interval may be too wide, but not too
    narrow, as those that suppose a distribution are where it is another.

    Args:
        area: in [0, 1].
        known: number of known images.
        unknown: number of unknown images.

    Returns:
        Its ends in [0, 1]; NaN where there is no area.
    """
    return share_interval(area, min(known, unknown))


def ccr_interval(known: ArrayLike, right: ArrayLike, unknown: ArrayLike, fpr: float) -> Interval:
    """Interval of the correct classification rate at a false positive rate.

    Uncertain are the share of the known images, and the threshold, which is read off the unknown ones.

    Args:
        known: scores ``(K,)`` of known images.
        right: ``(K,)`` bool, whether their nearest class is theirs.
        unknown: scores ``(U,)`` of unknown images.
        fpr: false positive rate, in (0, 1).

    Returns:
        Its ends in [0, 1]; NaN where images of a kind are missing.
    """
    s, good = np.asarray(known, np.float64), np.asarray(right, bool)
    return _share_below_quantile(s[good], len(s), np.asarray(unknown, np.float64), fpr)


def fpr_interval(known: ArrayLike, unknown: ArrayLike, share: float) -> Interval:
    """Interval of the share of unknown images that is kept where so large a share of the known ones is kept.

    Args:
        known: scores ``(K,)`` of known images, off which the threshold is read.
        unknown: scores ``(U,)`` of unknown images.
        share: of the known images, in (0, 1).

    Returns:
        Its ends in [0, 1]; NaN where images of a kind are missing.
    """
    u = np.asarray(unknown, np.float64)
    return _share_below_quantile(u, len(u), np.asarray(known, np.float64), share)


def _share_below_quantile(
    counted: NDArray[np.float64], images: int, other: NDArray[np.float64], quantile: float
) -> Interval:
    """Of the share of the images whose scores are counted and lie below the true quantile of the other scores."""
    if not images or not len(other):
        return math.nan, math.nan
    ordered, mean = np.sort(other), quantile * len(other)
    spread = _z(_EACH) * math.sqrt(mean * (1 - quantile))
    # So few and so many of the other images can lie below the true quantile.
    fewest, most = max(0, math.ceil(mean - spread)), min(len(ordered), math.floor(mean + spread))
    low = (counted <= ordered[fewest - 1]).sum() if fewest else 0
    high = (counted < ordered[most]).sum() if most < len(ordered) else len(counted)
    return share_interval(low / images, images, _EACH)[0], share_interval(high / images, images, _EACH)[1]


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)
