# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""C2AE's own threshold: where the tails of both kinds of reconstruction errors make the least mistakes."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.stats import genpareto

from cac_core.benchmark.stored_networks import Outputs
from cac_core.inference_equations import UNKNOWN


def shares_at_evt_threshold(outputs: Outputs) -> dict[str, float]:
    """The threshold from training images, and what it does to test images.

    Args:
        outputs: of C2AE, N logits and N errors each.

    Returns:
        ``evt_threshold``, and the shares ``evt_known_kept`` and ``evt_unknown_rejected``.
    """
    n = len(outputs.anchors)
    errors, labels = outputs.train_logits[:, n:], outputs.train_labels
    own = torch.nn.functional.one_hot(labels, n).bool()
    others = errors.masked_fill(own, torch.inf).amin(dim=1)
    threshold = evt_threshold(errors[own].numpy(), others.numpy())
    known = outputs.test_labels != UNKNOWN
    kept = outputs.test_logits[:, n:].amin(dim=1) <= threshold
    return {
        "evt_threshold": threshold,
        "evt_known_kept": float(kept[known].float().mean()),
        "evt_unknown_rejected": float((~kept[~known]).float().mean()),
    }


def evt_threshold(match: ArrayLike, no_match: ArrayLike, tail_share: float = 0.1, unknown_share: float = 0.5) -> float:
    """Generalised Pareto tails of both kinds of errors, least probability of error (Oza and Patel 2019, section 4.3).

    Args:
        match: errors of training images under their own class.
        no_match: least errors of training images under other classes, which stand for the unknown.
        tail_share: of the errors that a tail is fitted to.
        unknown_share: of the images that are expected to be unknown.

    Returns:
        The error above which an image counts as unknown.
    """
    high = np.sort(np.asarray(match, dtype=np.float64))
    low = np.sort(-np.asarray(no_match, dtype=np.float64))
    tails = []
    for values in (high, low):
        start = values[-max(10, int(tail_share * len(values)))] if len(values) > 10 else values[0]
        shape, _, scale = genpareto.fit(values[values > start] - start, floc=0.0)
        tails.append((start, shape, scale))

    def beyond(value: float, number: int) -> float:
        start, shape, scale = tails[number]
        return 1.0 if value <= start else float(tail_share * genpareto.sf(value - start, shape, 0.0, scale))

    def risk(value: float) -> float:
        return (1.0 - unknown_share) * beyond(value, 0) + unknown_share * beyond(-value, 1)

    bounds = (min(tails[0][0], -tails[1][0]), max(high[-1], -low[0]))
    grid = np.linspace(*bounds, 512)
    best = float(grid[int(np.argmin([risk(float(value)) for value in grid]))])
    step = float(grid[1] - grid[0])
    return float(minimize_scalar(risk, bounds=(best - step, best + step), method="bounded").x)
