# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a threshold costs: known images lost against other things accepted, and the choice for a wanted rate.

"Other things" are the known unknowns of ``data.known_unknown``. Never those of ``data.unknown``: what a threshold was
chosen with says nothing about how well it works.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from cac_core import equations
from cac_core.inference_equations import UNKNOWN
from cac_core.thresholds import GRID_STEPS, Thresholds

SHARES = (0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
RATES = (0.01, 0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Choice:
    """One threshold and its price on validation images.

    Attributes:
        wanted: what was asked for, e.g. ``known kept 0.95`` or ``false accept 0.05``.
        known_kept: the setting that gives it, for the node and for evaluation.
        per_class: whether every class has a threshold of its own.
        theta: the threshold; the smallest one if every class has its own.
        theta_largest: the same as theta, or the largest one.
        kept: share of known validation images that are not rejected.
        kept_and_right: share of them that are also nearest to their own class.
        least_kept: the share kept of the class that loses most.
        false_accept: share of the known unknowns that are not rejected; None without any.
        chosen: whether the model uses it unless told otherwise.
    """

    wanted: str
    known_kept: float
    per_class: bool
    theta: float
    theta_largest: float
    kept: float
    kept_and_right: float
    least_kept: float
    false_accept: float | None
    chosen: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        return asdict(self)


def share_for_rate(thresholds: Thresholds, scores: Tensor, rate: float) -> float | None:
    """The largest share of known to keep whose threshold accepts at most this share of the known unknowns.

    A share rather than a threshold of its own, so that it can be changed on the robot like any other.

    Args:
        thresholds: of the model.
        scores: smallest rejection scores ``(K,)`` of the known unknowns; NaN counts as rejected.
        rate: wanted share of them that is accepted, in [0, 1).

    Returns:
        A share on the grid, or None when even the smallest threshold accepts more.
    """
    accepted = (scores.unsqueeze(0) <= torch.from_numpy(thresholds.quantiles[1:]).unsqueeze(1)).double().mean(dim=1)
    fitting = torch.nonzero(accepted <= rate + 1e-12).flatten()  # rising: the last one keeps most
    return (int(fitting[-1]) + 1) / GRID_STEPS if len(fitting) else None


def images_behind(share: float, counts: Sequence[int]) -> int:
    """How many images the class had of which such a share is kept; the fewest possible, if it can be several.

    Args:
        share: such as :attr:`Choice.least_kept`.
        counts: images of each class.
    """
    fitting = [count for count in counts if count and abs(share * count - round(share * count)) < 1e-6]
    return min(fitting, default=0)


def table_of_choices(
    thresholds: Thresholds, gamma: Tensor, labels: Tensor, known_unknown: Tensor | None, rates: Sequence[float] = RATES
) -> tuple[Choice, ...]:
    """What each choice costs.

    Args:
        thresholds: of the model, with its choice.
        gamma: rejection scores ``(V, N)`` of known validation images.
        labels: ``(V,)``.
        known_unknown: rejection scores ``(K, N)`` of the known unknowns, if there are any.
        rates: wanted false-accept rates to list.
    """
    used = thresholds.known_kept

    def choice(wanted: str, share: float, per_class: bool = False) -> Choice:
        theta = thresholds.theta(share, per_class)
        decided = equations.decide(gamma, theta)
        kept, right = decided != UNKNOWN, decided == labels
        own = [kept[labels == label].double().mean() for label in torch.unique(labels).tolist()]
        accepted = None if known_unknown is None else equations.decide(known_unknown, theta) != UNKNOWN
        return Choice(
            wanted,
            share,
            per_class,
            float(theta.min()),
            float(theta.max()),
            float(kept.double().mean()),
            float(right.double().mean()),
            float(min(own)),
            None if accepted is None else float(accepted.double().mean()),
            abs(share - used) < 1e-9 and not per_class,
        )

    shares = sorted({*SHARES, used})
    rows = [choice(f"known kept {share:g}", share) for share in shares]
    if thresholds.has_class_thresholds:
        rows += [choice(f"known kept {share:g}, per class", share, per_class=True) for share in shares]
    if known_unknown is not None:
        smallest = known_unknown.min(dim=-1).values
        found = [(rate, share_for_rate(thresholds, smallest, rate)) for rate in sorted(rates)]
        rows += [choice(f"false accept {rate:g}", share) for rate, share in found if share is not None]
    return tuple(rows)
