# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The loss module and the calibration of the centres (trap 5)."""

import numpy as np
import pytest
import torch

from cac_core import equations as F
from cac_core.centres import calibrate_centres
from cac_core.losses import CACLoss
from test.core import literal


def test_the_loss_module_is_eq_5_with_the_anchors_of_eq_6() -> None:
    z = np.random.default_rng(0).normal(size=(5, 4)) * 5
    y = np.array([0, 1, 2, 3, 0])
    d = literal.distances(z, 10 * np.eye(4))
    terms = CACLoss(4, anchor_weight=0.3)(torch.tensor(z), torch.tensor(y))
    assert terms.total.item() == pytest.approx(literal.cac(d, y, 0.3).mean(), rel=1e-6)
    assert terms.tuplet.item() == pytest.approx(literal.tuplet(d, y).mean(), rel=1e-6)
    assert terms.anchor.item() == pytest.approx(literal.anchor(d, y).mean(), rel=1e-6)


def test_the_loss_stays_float32_under_autocast() -> None:
    loss = CACLoss(3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = torch.nn.Linear(8, 3)(torch.randn(4, 8))
        assert logits.dtype == torch.bfloat16
        assert loss(logits, torch.tensor([0, 1, 2, 0])).total.dtype == torch.float32


def test_the_anchors_are_saved_with_the_module_and_are_not_trained() -> None:
    loss = CACLoss(3, anchor_magnitude=7.0)
    assert loss.state_dict()["anchors"].diagonal().tolist() == [7.0, 7.0, 7.0]
    assert list(loss.parameters()) == []


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_weight_that_makes_no_sense_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="anchor weight"):
        CACLoss(3, anchor_weight=weight)
    with pytest.raises(ValueError, match="known unknown weight"):
        CACLoss(3, known_unknown_weight=weight)


def test_known_unknowns_add_their_own_term_and_are_part_of_no_other() -> None:
    z = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)) * 5
    y = torch.tensor([0, -1, 2, 3, -1, 1])
    known = y >= 0
    plain = CACLoss(4)(z[known], y[known])
    terms = CACLoss(4, known_unknown_weight=0.5)(z, y)
    extra = literal.known_unknown(literal.distances(z[~known].double().numpy(), 10 * np.eye(4))).mean()
    assert terms.total.item() == pytest.approx(plain.total.item() + 0.5 * extra, rel=1e-5)
    assert terms.tuplet.item() == pytest.approx(plain.tuplet.item())
    assert terms.anchor.item() == pytest.approx(plain.anchor.item())


@pytest.mark.parametrize("label", [-1, 1])
def test_loss_is_finite_with_known_unknowns_alone_or_without_any(label: int) -> None:
    z = torch.randn(3, 4, requires_grad=True)
    (gradient,) = torch.autograd.grad(CACLoss(4, known_unknown_weight=0.5)(z, torch.full((3,), label)).total, z)
    assert torch.isfinite(gradient).all()
    assert gradient.abs().sum() > 0


def test_centres_become_the_mean_of_the_correctly_classified() -> None:
    anchors = F.anchored_centres(2)
    logits = torch.tensor([[9.0, 1.0], [11.0, 1.0], [0.0, 12.0], [9.0, 0.0]])
    labels = torch.tensor([0, 0, 1, 1])  # the last one is nearer to class 0: it does not count
    result = calibrate_centres(logits, labels, anchors)
    assert result.centres.tolist() == [[10.0, 1.0], [0.0, 12.0]]
    assert result.counts.tolist() == [2, 1]


def test_a_class_with_no_correct_image_keeps_its_anchor_and_says_so() -> None:
    with pytest.warns(UserWarning, match=r"class index \[1\].*stays at the anchor"):
        result = calibrate_centres(torch.tensor([[9.0, 0.0], [9.0, 0.0]]), torch.tensor([0, 1]), F.anchored_centres(2))
    assert result.centres.tolist() == [[9.0, 0.0], [0.0, 10.0]]
    assert result.counts.tolist() == [1, 0]
    assert torch.isfinite(F.rejection_scores(F.distances(torch.randn(3, 2), result.centres))).all()


def test_one_nan_image_does_not_spoil_a_centre() -> None:
    logits = torch.tensor([[float("nan"), 0.0], [10.0, 0.0], [0.0, 10.0]])
    result = calibrate_centres(logits, torch.tensor([0, 0, 1]), F.anchored_centres(2))
    assert result.centres.tolist() == [[10.0, 0.0], [0.0, 10.0]]


def test_correct_means_nearest_centre_not_largest_logit() -> None:
    centres = torch.tensor([[10.0, 0.0], [0.0, 2.0]])  # anchors of unequal length
    logits = torch.tensor([[2.5, 2.0], [10.0, 0.0]])  # largest logit: class 0; nearest centre: class 1
    result = calibrate_centres(logits, torch.tensor([1, 0]), centres)
    assert result.counts.tolist() == [1, 1]
