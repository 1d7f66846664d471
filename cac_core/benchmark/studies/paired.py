# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two recipes or two scores on the same splits and photos: is one better, and how many splits would show it?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cac_core.metrics import auroc

RESAMPLES = 1000
_SURE, _SEEN = 1.96, 0.8416  # normal quantiles: 95 % two-sided, and a chance of 80 % to see what is there


@dataclass(frozen=True)
class Pair:
    """Two scores ``(T,)`` of the same test photos, high = unknown, and which photos are unknown.

    Attributes:
        split: the choice of classes; networks of one split share photos, and are drawn together.
    """

    split: int
    ours: NDArray[np.float64]
    other: NDArray[np.float64]
    unknown: NDArray[np.bool_]

    def difference(self, photos: NDArray[np.int64] | slice = slice(None)) -> float:
        """AUROC of ours minus that of the other, over these photos."""
        unknown = self.unknown[photos]
        return auroc(self.ours[photos], unknown) - auroc(self.other[photos], unknown)


@dataclass(frozen=True)
class Comparison:
    """A difference in AUROC.

    Attributes:
        mean: over splits.
        low, high: 95 % bootstrap interval over splits and photos.
        splits: how many there are.
        more: how many more are needed to see the target difference; None with fewer than two splits.
    """

    mean: float
    low: float
    high: float
    splits: int
    more: int | None


def compare(pairs: Sequence[Pair], target: float = 0.01, seed: int = 0) -> Comparison:
    """Compare in pairs.

    Both are drawn together: first splits with replacement, then in each the photos, known and unknown ones apart. So
    what is hard for both does not blur the difference.

    Args:
        pairs: at least one.
        target: the difference that is to be seen.
        seed: of the bootstrap.
    """
    by_split: dict[int, list[Pair]] = {}
    for pair in pairs:
        by_split.setdefault(pair.split, []).append(pair)
    groups = list(by_split.values())
    means = [float(np.mean([pair.difference() for pair in group])) for group in groups]
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        chosen = generator.integers(0, len(groups), len(groups))
        drawn.append(np.mean([_resampled(groups[k], generator) for k in chosen]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Comparison(float(np.mean(means)), float(low), float(high), len(groups), splits_missing(means, target))


def splits_missing(differences: Sequence[float], target: float) -> int | None:
    """How many more splits show a mean difference of ``target``, if the splits differ as these do.

    With n splits the mean has the standard error s / √n. A difference is seen at 95 % with a chance of 80 % when it is
    2.8 standard errors.
    """
    if len(differences) < 2:
        return None
    deviation = float(np.std(differences, ddof=1))
    return max(0, math.ceil(((_SURE + _SEEN) * deviation / target) ** 2) - len(differences))


def _resampled(group: Sequence[Pair], generator: np.random.Generator) -> float:
    """The mean difference over the networks of one split, on photos drawn once for all of them."""
    known, unknown = np.flatnonzero(~group[0].unknown), np.flatnonzero(group[0].unknown)
    photos = np.concatenate([generator.choice(part, len(part)) for part in (known, unknown)])
    return float(np.mean([pair.difference(photos) for pair in group]))
