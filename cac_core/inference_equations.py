# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The equations that inference needs, in NumPy: distances (eq. 1), rejection scores (eq. 8), the decision (eq. 9).

They give what :mod:`cac_core.equations` gives, which is the whole method on tensors, with gradients. A robot that only
classifies needs nothing but this file and an engine for the network.

Shapes: ``…`` is any number of leading batch dimensions, ``N`` the number of known classes, ``D`` the dimension of the
logit space. Everything is computed in float32, or in float64 if that is what comes in.
"""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", bound=np.floating[Any])

UNKNOWN = -1
"""Class index of everything that is not a known class."""

_BLOCK = 1 << 20
"""Differences to centres that are held at once [numbers]: 4 MB, whatever batch, N and D are."""


def distances(logits: NDArray[Float], centres: NDArray[Any]) -> NDArray[Float]:
    """Euclidean distances to every class centre, eq. 1.

    Args:
        logits: ``(…, D)``.
        centres: ``(N, D)``.

    Returns:
        ``(…, N)``; infinite where a square overflows.
    """
    flat = _at_least_float32(logits).reshape(-1, logits.shape[-1])
    own = centres.astype(flat.dtype, copy=False)
    result: NDArray[Float] = np.empty((len(flat), len(own)), dtype=flat.dtype)
    rows = max(1, _BLOCK // max(1, own.size))
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(flat), rows):
            difference = flat[start : start + rows, np.newaxis] - own
            np.sqrt(np.einsum("bnd,bnd->bn", difference, difference), out=result[start : start + rows])
    return result.reshape(*logits.shape[:-1], len(own))


def rejection_scores(d: NDArray[Float]) -> NDArray[Float]:
    """Rejection scores γ ``(…, N)`` of distances ``(…, N)``, eq. 8.

    ``1 - softmin`` rounds to 0 in float32 as soon as the nearest centre leads by about 16, so that the most certain
    samples would tie. For the nearest class it is therefore computed as the share of all the others; every other class
    has ``softmin <= 1/2`` and loses nothing in ``1 - softmin``.

    Raises:
        ValueError: with fewer than two classes.
    """
    require_two_classes(d.shape[-1])
    flat = _at_least_float32(d).reshape(-1, d.shape[-1])
    rows, nearest = np.arange(len(flat)), flat.argmin(axis=-1)
    # Distances that are not finite end as NaN, which means unknown; they are worth no warning here.
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        weights = np.exp(flat[rows, nearest, np.newaxis] - flat)  # softmin before its division: 1 for the nearest
        weights[rows, nearest] = 0.0
        others = weights.sum(axis=-1)
        doubt = 1.0 - weights / (1.0 + others)[:, np.newaxis]
        doubt[rows, nearest] = others / (1.0 + others)
        gamma: NDArray[Float] = flat * doubt
    return gamma.reshape(d.shape)


def decide(gamma: NDArray[Float], theta: NDArray[Any] | float) -> NDArray[np.int64]:
    """Decision, eq. 9: the class of the smallest γ, or ``UNKNOWN`` (-1).

    Written as "accept if γ_min <= θ". The paper's "reject if γ_min > θ" accepts NaN; here NaN anywhere in a row, an
    infinite γ_min and a θ that is NaN all mean unknown.

    Args:
        gamma: ``(…, N)``.
        theta: one threshold, or one per class ``(N,)`` (the nearest class's counts).

    Returns:
        int64 ``(…)``.
    """
    flat = gamma.reshape(-1, gamma.shape[-1])
    nearest = flat.argmin(axis=-1)  # of the first NaN, if there is one
    smallest = flat[np.arange(len(flat)), nearest]
    limit = np.asarray(theta, dtype=gamma.dtype)
    if limit.ndim:
        limit = limit[nearest]
    accepted = (smallest <= limit) & np.isfinite(smallest)
    chosen: NDArray[np.int64] = np.where(accepted, nearest, UNKNOWN).astype(np.int64, copy=False)
    return chosen.reshape(gamma.shape[:-1])


def require_two_classes(num_classes: int) -> None:
    """Raise a ValueError for fewer than two known classes."""
    if num_classes < 2:
        raise ValueError(
            f"Class Anchor Clustering needs at least two known classes, not {num_classes}: with one class every "
            "rejection score is 0 and nothing is ever rejected"
        )


def _at_least_float32(x: NDArray[Float]) -> NDArray[Float]:
    return x.astype(np.float32) if x.dtype == np.float16 else x
