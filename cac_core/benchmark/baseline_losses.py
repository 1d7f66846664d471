# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The losses that the paper compares Class Anchor Clustering with (sections 5.1 and 5.2).

Each is a module with the interface of :class:`cac_core.losses.CACLoss`: logits ``(B, N)`` and labels ``(B,)`` to
:class:`LossTerms`, and a buffer ``anchors`` ``(N, N)`` with the centres that calibration starts from. Everything is
computed in float32, even under autocast. Of the terms only those that a loss consists of mean something to it; the
others are measured all the same, so that trainings can be compared.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cac_core.inference_equations import UNKNOWN
from cac_core.losses import CACLoss, LossTerms


class TupletLoss(CACLoss):
    """The tuplet term alone, eq. 2 (Table 4)."""

    def forward(self, logits: Tensor, y: Tensor) -> LossTerms:
        """Loss of logits ``(B, N)`` and labels ``(B,)``."""
        terms = super().forward(logits, y)
        return terms._replace(total=terms.tuplet)


class AnchorLoss(CACLoss):
    """The anchor term alone, eq. 4 (Table 4)."""

    def forward(self, logits: Tensor, y: Tensor) -> LossTerms:
        """Loss of logits ``(B, N)`` and labels ``(B,)``."""
        terms = super().forward(logits, y)
        return terms._replace(total=terms.anchor)


class CrossEntropy(CACLoss):
    """Softmax cross-entropy on the logits: the standard classifier (Tables 1 to 3, Figures 1 to 3).

    Its anchors only say which images calibration counts as right: those whose own logit is the largest.

    Args:
        num_classes: N.
        label_smoothing: share of the target that is spread over all classes.
    """

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        super().__init__(num_classes, label_smoothing=label_smoothing)

    def forward(self, logits: Tensor, y: Tensor) -> LossTerms:
        """Loss of logits ``(B, N)`` and labels ``(B,)``."""
        terms = super().forward(logits, y)
        return terms._replace(total=F.cross_entropy(logits.float(), y, label_smoothing=self.label_smoothing))


class _Centred(CACLoss):
    """A loss around centres that are anchored, or learnt as in Center loss (Wen et al., ECCV 2016, section 3.2).

    Learnt centres are not a parameter of the optimiser. After each batch a centre moves towards the images of its
    class: ``c ← c - rate · Σ (c - x) / (1 + n)`` with n images of the class in the batch.
    """

    def __init__(
        self, num_classes: int, anchor_weight: float, anchor_magnitude: float, learnt: bool, centre_rate: float
    ) -> None:
        super().__init__(num_classes, anchor_weight, anchor_magnitude)
        if not 0.0 < centre_rate <= 1.0:
            raise ValueError(f"the rate of the centres must lie in (0, 1], not {centre_rate}")
        self.learnt = learnt
        self.centre_rate = centre_rate
        if learnt:
            nn.init.normal_(self.anchors)

    def move_centres(self, logits: Tensor, y: Tensor) -> None:
        """Take one batch's step of the learnt centres; nothing happens to anchored ones or outside training."""
        if not (self.learnt and self.training):
            return
        with torch.no_grad():
            z = logits.detach().float()
            ones = torch.ones_like(y, dtype=torch.float32)
            counts = torch.zeros(len(self.anchors), device=z.device).index_add_(0, y, ones)
            sums = torch.zeros_like(self.anchors).index_add_(0, y, z)
            towards = counts.unsqueeze(-1) * self.anchors - sums
            # Not in place: the loss of this batch has been computed with the centres as they were.
            self.anchors = self.anchors - self.centre_rate * towards / (1.0 + counts.unsqueeze(-1))


class CenterLoss(_Centred):
    """Center loss with its cross-entropy: ``CE(z, y) + weight / 2 · |z - c_y|²`` on the logits (Tables 4 and 5).

    Args:
        num_classes: N.
        weight: of the centre term. The paper does not state its own; 0.01 is of the order of Wen et al.
        anchor_magnitude: α of anchored centres.
        learnt: learn the centres, which begin as N(0, 1), instead of anchoring them.
        centre_rate: of learnt centres; 0.5 in Wen et al.
    """

    def __init__(
        self,
        num_classes: int,
        weight: float = 0.01,
        anchor_magnitude: float = 10.0,
        learnt: bool = False,
        centre_rate: float = 0.5,
    ) -> None:
        super().__init__(num_classes, weight, anchor_magnitude, learnt, centre_rate)

    def forward(self, logits: Tensor, y: Tensor) -> LossTerms:
        """Loss of logits ``(B, N)`` and labels ``(B,)``."""
        with torch.autocast(device_type=logits.device.type, enabled=False):
            z = logits.float()
            squared = (z - self.anchors[y]).square().sum(dim=-1).mean()
            terms = super().forward(z, y)
            total = F.cross_entropy(z, y) + 0.5 * self.anchor_weight * squared
        self.move_centres(logits, y)
        return terms._replace(total=total)


class LearntCACLoss(_Centred):
    """CAC around learnt centres, with the cross-entropy that keeps them from collapsing (section 5.2.2, Table 5).

    Args:
        num_classes: N.
        anchor_weight: λ.
        centre_rate: how fast centres follow their images.
        cross_entropy_weight: of the stabilising term; 0 shows the collapse.
    """

    def __init__(
        self,
        num_classes: int,
        anchor_weight: float = 0.1,
        centre_rate: float = 0.5,
        cross_entropy_weight: float = 1.0,
    ) -> None:
        super().__init__(num_classes, anchor_weight, 10.0, True, centre_rate)
        self.cross_entropy_weight = cross_entropy_weight

    def forward(self, logits: Tensor, y: Tensor) -> LossTerms:
        """Loss of logits ``(B, N)`` and labels ``(B,)``."""
        terms = super().forward(logits, y)
        cross_entropy = F.cross_entropy(logits.float(), y)
        self.move_centres(logits, y)
        return terms._replace(total=terms.total + self.cross_entropy_weight * cross_entropy)


class ObjectosphereLoss(CACLoss):
    """Entropic open-set and Objectosphere loss with known unknowns (Dhamija et al., NeurIPS 2018; [7], Table 3).

    Images of known classes: cross-entropy, and their length should be at least ξ. Known unknowns (label -1): the same
    probability for every class, and length 0. Dhamija et al. take the length of the deep features before the last
    layer; here it is that of the logits, which is all that a network of this library gives.

    Args:
        num_classes: N.
        length: ξ.
        weight: of the length terms; 0 leaves the entropic open-set loss.
    """

    def __init__(self, num_classes: int, length: float = 10.0, weight: float = 0.01) -> None:
        super().__init__(num_classes)
        if not (length > 0 and weight >= 0):
            raise ValueError(f"length must be positive and weight not negative, not {length} and {weight}")
        self.length = length
        self.weight = weight

    def forward(self, logits: Tensor, y: Tensor) -> LossTerms:
        """Loss of logits ``(B, N)`` and labels ``(B,)`` in -1..N-1."""
        z = logits.float()
        known = y != UNKNOWN
        log_p = torch.log_softmax(z, dim=-1)
        own = log_p.gather(-1, y.clamp(min=0).unsqueeze(-1)).squeeze(-1)
        entropic = -torch.where(known, own, log_p.mean(dim=-1)).mean()
        length = z.square().sum(dim=-1).clamp(min=1e-12).sqrt()
        misfit = torch.where(known, (self.length - length).clamp(min=0.0), length).square().mean()
        terms = super().forward(z, y.clamp(min=0))
        return terms._replace(total=entropic + self.weight * misfit)
