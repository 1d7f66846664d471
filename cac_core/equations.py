# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's equations as pure functions on tensors (Miller et al., WACV 2021, section 3).

What inference needs of them is in :mod:`cac_core.inference_equations`, too, for a robot without PyTorch.

Shapes: ``…`` is any number of leading batch dimensions, ``N`` the number of known classes, ``D`` the dimension of
the logit space (``D = N`` in the paper). Everything is computed in float32 at least, whatever autocast says, because
the rejection score of a well-clustered sample lies far below the resolution of half precision.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from cac_core.inference_equations import UNKNOWN, require_two_classes


def distances(logits: Tensor, centres: Tensor) -> Tensor:
    """Euclidean distances to every class centre, eq. 1.

    Args:
        logits: ``(…, D)``.
        centres: ``(N, D)``.

    Returns:
        ``(…, N)``. The gradient at a centre is 0, not NaN, and no ``(…, N, D)`` tensor is ever made.
    """
    flat = _at_least_float32(logits.reshape(-1, logits.shape[-1]))
    # The matrix-product mode of cdist is off by about 1e-4 near zero, just where known samples live.
    d = torch.cdist(flat, centres.to(flat.dtype), compute_mode="donot_use_mm_for_euclid_dist")
    return d.reshape(*logits.shape[:-1], centres.shape[0])


def softmin(d: Tensor) -> Tensor:
    """Softmin of distances ``(…, N)``, eq. 3: close to 1 for the smallest."""
    return torch.softmax(-_at_least_float32(d), dim=-1)


def tuplet_loss(d: Tensor, y: Tensor, reduction: str = "mean", label_smoothing: float = 0.0) -> Tensor:
    """Modified tuplet term, eq. 2, of distances ``(…, N)`` and labels ``(…)``.

    Written as cross-entropy over ``-d``, which is exactly equal and does not overflow at large gaps. Of the target,
    ``label_smoothing`` is spread over all classes (0 in the paper).
    """
    d = _at_least_float32(d)
    losses = F.cross_entropy(
        -d.reshape(-1, d.shape[-1]), y.reshape(-1), reduction="none", label_smoothing=label_smoothing
    )
    return _reduce(losses.reshape(y.shape), reduction)


def anchor_loss(d: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """Anchor term, eq. 4: the distance ``(…)`` to the sample's own centre."""
    own = _at_least_float32(d).gather(-1, y.unsqueeze(-1)).squeeze(-1)
    return _reduce(own, reduction)


def cac_loss(d: Tensor, y: Tensor, anchor_weight: float = 0.1, reduction: str = "mean") -> Tensor:
    """Class Anchor Clustering loss, eq. 5: tuplet term plus ``anchor_weight`` (λ) times anchor term."""
    return tuplet_loss(d, y, reduction) + anchor_weight * anchor_loss(d, y, reduction)


def known_unknown_loss(d: Tensor, reduction: str = "mean") -> Tensor:
    """Term for images of no known class, from distances ``(…, N)``: the mean over j of ``-log(N softmin_j(d))``.

    The entropic open-set loss (Dhamija et al., NeurIPS 2018; [7]) with softmin (eq. 3) in place of softmax. It is 0
    where all distances are equal, which is where ``1 - softmin`` in eq. 8 is as large as it gets.
    """
    d = _at_least_float32(d)
    losses = torch.logsumexp(-d, dim=-1) + d.mean(dim=-1) - math.log(d.shape[-1])
    return _reduce(losses, reduction)


def anchored_centres(num_classes: int, magnitude: float = 10.0) -> Tensor:
    """Anchored class centres ``(N, N)``, eqs. 6 and 7: ``magnitude`` (α) on each class's own axis.

    Raises:
        ValueError: with fewer than two classes (γ would always be 0 and nothing would ever be rejected) or a
            magnitude that is not a positive number.
    """
    require_two_classes(num_classes)
    if not 0.0 < magnitude < float("inf"):
        raise ValueError(f"the anchor magnitude must be a positive number, not {magnitude}")
    return magnitude * torch.eye(num_classes)


def rejection_scores(d: Tensor) -> Tensor:
    """Rejection scores γ ``(…, N)`` of distances ``(…, N)``, eq. 8.

    ``1 - softmin`` rounds to 0 in float32 as soon as the nearest centre leads by about 16, so that the most certain
    samples would tie. The factor is therefore computed as ``exp(logsumexp over the others - logsumexp over all)`` for
    the nearest class; every other class has ``softmin <= 1/2`` and loses nothing in ``1 - softmin``.

    Raises:
        ValueError: with fewer than two classes.
    """
    require_two_classes(d.shape[-1])
    d = _at_least_float32(d)
    nearest = d.argmin(dim=-1, keepdim=True)
    others = torch.logsumexp((-d).scatter(-1, nearest, -torch.inf), dim=-1, keepdim=True)
    doubt_of_nearest = torch.exp(others - torch.logsumexp(-d, dim=-1, keepdim=True))
    doubt = (1.0 - torch.softmax(-d, dim=-1)).scatter(-1, nearest, doubt_of_nearest)
    return d * doubt


def decide(gamma: Tensor, theta: Tensor | NDArray[np.float32] | float) -> Tensor:
    """Decision, eq. 9: the class of the smallest γ, or ``UNKNOWN`` (-1).

    Written as "accept if γ_min <= θ". The paper's "reject if γ_min > θ" accepts NaN; here NaN anywhere in a row, an
    infinite γ_min and a θ that is NaN all mean unknown.

    Args:
        gamma: ``(…, N)``.
        theta: one threshold, or one per class ``(N,)`` (the nearest class's counts).

    Returns:
        int64 ``(…)``.
    """
    smallest, nearest = gamma.min(dim=-1)
    limit = torch.as_tensor(theta, dtype=gamma.dtype, device=gamma.device)
    if limit.ndim:
        limit = limit[nearest]
    accepted = (smallest <= limit) & torch.isfinite(smallest)
    return torch.where(accepted, nearest, UNKNOWN)


def _at_least_float32(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()


def _reduce(losses: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    if reduction == "none":
        return losses
    raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
