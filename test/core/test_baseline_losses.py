# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every loss the paper compares with equals its formula written down literally."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from cac_core.benchmark.baseline_losses import (
    AnchorLoss,
    CenterLoss,
    CrossEntropy,
    LearntCACLoss,
    ObjectosphereLoss,
    TupletLoss,
)
from cac_core.losses import CACLoss
from test.core import literal

Batch = tuple[Tensor, Tensor]

N = 5
ALL = [
    CACLoss,
    TupletLoss,
    AnchorLoss,
    CrossEntropy,
    CenterLoss,
    lambda n: CenterLoss(n, learnt=True),
    LearntCACLoss,
    ObjectosphereLoss,
]


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(3)
    return 4.0 * torch.randn(12, N, generator=generator), torch.arange(12) % N


def cross_entropy(z: Tensor, y: Tensor) -> float:
    rows = [math.log(sum(math.exp(v) for v in row)) - row[t] for row, t in zip(z.tolist(), y.tolist(), strict=True)]
    return math.fsum(rows) / len(rows)


def test_tuplet_alone_and_anchor_alone_add_up_to_cac(batch: Batch) -> None:
    z, y = batch
    d = literal.distances(z.double().numpy(), 10.0 * torch.eye(N).numpy())
    assert TupletLoss(N)(z, y).total.item() == pytest.approx(literal.tuplet(d, y.numpy()).mean(), rel=1e-5)
    assert AnchorLoss(N)(z, y).total.item() == pytest.approx(literal.anchor(d, y.numpy()).mean(), rel=1e-5)
    together = TupletLoss(N)(z, y).total + 0.1 * AnchorLoss(N)(z, y).total
    assert CACLoss(N)(z, y).total.item() == pytest.approx(together.item(), rel=1e-6)


def test_cross_entropy(batch: Batch) -> None:
    z, y = batch
    assert CrossEntropy(N)(z, y).total.item() == pytest.approx(cross_entropy(z, y), rel=1e-5)


def test_smoothing_mixes_the_target_with_all_classes(batch: Batch) -> None:
    z, y = batch
    d = torch.from_numpy(literal.distances(z.double().numpy(), 10.0 * torch.eye(N).numpy()))
    log_p = torch.log_softmax(-d, -1)
    expected = -(0.8 * log_p.gather(-1, y[:, None])[:, 0] + 0.2 * log_p.mean(-1)).mean()
    assert CACLoss(N, label_smoothing=0.2)(z, y).tuplet.item() == pytest.approx(expected.item(), rel=1e-5)


def test_center_loss_is_half_the_squared_distance_beside_cross_entropy(batch: Batch) -> None:
    z, y = batch
    squared = sum(
        sum((a - (10.0 if i == t else 0.0)) ** 2 for i, a in enumerate(row))
        for row, t in zip(z.tolist(), y.tolist(), strict=True)
    ) / len(z)
    expected = cross_entropy(z, y) + 0.03 / 2 * squared
    assert CenterLoss(N, weight=0.03)(z, y).total.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("make", [lambda: CenterLoss(N, learnt=True), lambda: LearntCACLoss(N)])
def test_learnt_centres_move_as_in_the_center_loss_paper(
    batch: Batch, make: Callable[[], CenterLoss | LearntCACLoss]
) -> None:
    z, y = batch
    loss = make()
    before = loss.anchors.clone()
    loss(z, y)
    for j in range(N):
        own = z[y == j]
        delta = sum(before[j] - x for x in own) / (1 + len(own))
        assert torch.allclose(loss.anchors[j], before[j] - 0.5 * delta, atol=1e-5)


def test_learnt_centres_rest_in_evaluation_and_for_absent_classes(batch: Batch) -> None:
    z, y = batch
    loss = CenterLoss(N, learnt=True)
    before = loss.anchors.clone()
    loss(z[y == 0], y[y == 0])
    assert torch.equal(loss.anchors[1:], before[1:])
    assert not torch.equal(loss.anchors[0], before[0])
    loss.eval()
    before = loss.anchors.clone()
    loss(z, y)
    assert torch.equal(loss.anchors, before)


def test_learnt_centres_are_saved_with_the_weights(batch: Batch) -> None:
    loss = LearntCACLoss(N)
    loss(*batch)
    copy = LearntCACLoss(N)
    copy.load_state_dict(loss.state_dict())
    assert torch.equal(copy.anchors, loss.anchors)


@pytest.mark.slow
def test_the_stabilising_cross_entropy_keeps_learnt_centres_apart() -> None:
    """Section 5.2.2: the reason for the stabilising term."""

    def spread(weight: float) -> float:
        torch.manual_seed(0)
        z = torch.nn.Parameter(torch.randn(40, N))
        y = torch.arange(40) % N
        loss = LearntCACLoss(N, anchor_weight=1.0, cross_entropy_weight=weight)
        optimiser = torch.optim.SGD([z], lr=0.2)
        for _ in range(300):
            optimiser.zero_grad()
            (loss(z, y).total * len(z)).backward()
            optimiser.step()
        return torch.cdist(loss.anchors, loss.anchors).max().item()

    assert spread(1.0) > 1.2 * spread(0.0)


def test_objectosphere_is_the_published_formula(batch: Batch) -> None:
    z, y = batch
    y = y.clone()
    y[::3] = -1
    entropic, length = 0.0, 0.0
    for row, t in zip(z.double().tolist(), y.tolist(), strict=True):
        log_sum = math.log(sum(math.exp(v) for v in row))
        norm = math.sqrt(sum(v * v for v in row))
        if t >= 0:
            entropic -= row[t] - log_sum
            length += max(10.0 - norm, 0.0) ** 2
        else:
            entropic -= sum(v - log_sum for v in row) / N
            length += norm**2
    expected = (entropic + 0.01 * length) / len(z)
    assert ObjectosphereLoss(N)(z, y).total.item() == pytest.approx(expected, rel=1e-5)
    assert ObjectosphereLoss(N, weight=0.0)(z, y).total.item() == pytest.approx(entropic / len(z), rel=1e-5)


@pytest.mark.parametrize("make", ALL)
def test_gradients_are_finite_at_an_anchor_far_away_and_in_half(make: Callable[[int], nn.Module]) -> None:
    loss = make(N)
    for logits in (10.0 * torch.eye(N), 300.0 * torch.eye(N).flip(0), torch.zeros(N, N)):
        z = logits.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(z, torch.arange(N)).total, z)
        assert torch.isfinite(gradient).all()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = loss(torch.eye(N, dtype=torch.bfloat16), torch.arange(N))
    assert terms.total.dtype == torch.float32


@pytest.mark.parametrize("make", ALL)
def test_one_known_class_is_refused(make: Callable[[int], nn.Module]) -> None:
    with pytest.raises(ValueError, match="at least two"):
        make(1)
