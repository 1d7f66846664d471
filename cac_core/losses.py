# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The CAC loss as a module that owns its anchors."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cac_core import equations
from cac_core.inference_equations import UNKNOWN


class LossTerms(NamedTuple):
    """The loss and its two terms, each a scalar tensor (means over the batch)."""

    total: Tensor
    tuplet: Tensor
    anchor: Tensor


class CACLoss(nn.Module):
    """Class Anchor Clustering loss, eqs. 2, 4 and 5, around anchored centres, eqs. 6 and 7.

    Args:
        num_classes: N, at least 2.
        anchor_weight: λ, the weight of the anchor term; 0.1 in the paper.
        anchor_magnitude: α, the length of each anchor; 10 in the paper.
        known_unknown_weight: weight of :func:`cac_core.equations.known_unknown_loss` for images labelled -1, which
            are part of no other term. At 0 there may be none.
        label_smoothing: share of the tuplet term's target that is spread over all classes; 0 in the paper.
    """

    anchors: Tensor

    def __init__(
        self,
        num_classes: int,
        anchor_weight: float = 0.1,
        anchor_magnitude: float = 10.0,
        known_unknown_weight: float = 0.0,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        for name, weight in (("anchor", anchor_weight), ("known unknown", known_unknown_weight)):
            if not 0.0 <= weight < float("inf"):
                raise ValueError(f"the {name} weight must be zero or a positive number, not {weight}")
        self.anchor_weight = anchor_weight
        self.anchor_magnitude = anchor_magnitude
        self.known_unknown_weight = known_unknown_weight
        self.label_smoothing = label_smoothing
        self.register_buffer("anchors", equations.anchored_centres(num_classes, anchor_magnitude))

    def forward(self, logits: Tensor, y: Tensor) -> LossTerms:
        """Loss of logits ``(B, N)`` and labels ``(B,)`` in 0..N-1, or -1; float32 even under autocast."""
        with torch.autocast(device_type=logits.device.type, enabled=False):
            d = equations.distances(logits, self.anchors)
            others = d[:0]
            if self.known_unknown_weight:
                known = y != UNKNOWN
                others, d, y = d[~known], d[known], y[known]
            # A sum over the images that there are: a batch without any gives 0, not the mean of nothing.
            tuplet = equations.tuplet_loss(d, y, "sum", self.label_smoothing) / max(1, len(y))
            anchor = equations.anchor_loss(d, y, "sum") / max(1, len(y))
            total = tuplet + self.anchor_weight * anchor
            if len(others):
                total = total + self.known_unknown_weight * equations.known_unknown_loss(others)
        return LossTerms(total, tuplet, anchor)
