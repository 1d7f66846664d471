# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Distances to anchored centres without the centres: for thousands of classes.

Anchors are multiples of the unit vectors, eq. 6, so that ``|z - α e_i|² = |z|² - z_i² + (z_i - α)²``: time and memory
grow with the number of logits, where a matrix of N centres in N dimensions makes both grow with its square.
"""

from typing import Any

import torch
from torch import Tensor


def anchored_distances(logits: Tensor, magnitude: float = 10.0) -> Tensor:
    """Euclidean distances to the anchored centres, eq. 1 with the centres of eqs. 6 and 7.

    The subtraction of ``z_i²`` cancels most digits for a sample near its anchor, just where known samples lie; it is
    therefore done in float64, which leaves more digits than float32 distances have.

    Args:
        logits: ``(…, N)``.
        magnitude: α.

    Returns:
        ``(…, N)``, float32 (float64 for float64 logits). The gradient at an anchor is 0, as that of
        :func:`cac_core.equations.distances`.
    """
    distances: Tensor = _AnchoredDistances.apply(logits, magnitude)
    return distances


class _AnchoredDistances(torch.autograd.Function):
    """Holds one tensor of the size of the logits for the way back."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, magnitude: float) -> Tensor:
        z = logits.double()
        squares = z.square()
        d = squares.sum(dim=-1, keepdim=True).sub(squares).clamp_(min=0.0)
        d.addcmul_(z - magnitude, z - magnitude).sqrt_()
        ctx.magnitude = magnitude
        result = d if logits.dtype == torch.float64 else d.float()
        ctx.save_for_backward(logits, result)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        logits, d = ctx.saved_tensors
        # ∂d_i/∂z_j = (z_j - α [i = j]) / d_i, and 0 at the anchor.
        weight = (gradient.double() / d).masked_fill_(d == 0.0, 0.0)
        total = weight.sum(dim=-1, keepdim=True)
        return (logits.double() * total).sub_(weight, alpha=ctx.magnitude).to(logits.dtype), None
