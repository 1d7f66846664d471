# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The short way to anchored distances gives what the long way gives, gradients included."""

import pytest
import torch
from torch import Tensor

from cac_core.benchmark.anchored_distances import anchored_distances
from cac_core.equations import anchored_centres, cac_loss, distances


@pytest.mark.parametrize("magnitude", [5.0, 10.0])
@pytest.mark.parametrize("n", [2, 6, 300])
def test_equal_to_distances_to_the_matrix_of_anchors(n: int, magnitude: float) -> None:
    z = 5.0 * torch.randn(20, n, generator=torch.Generator().manual_seed(n))
    expected = distances(z.double(), anchored_centres(n, magnitude).double())
    assert torch.allclose(anchored_distances(z, magnitude).double(), expected, rtol=1e-6)
    assert anchored_distances(z.reshape(4, 5, n), magnitude).shape == (4, 5, n)


@pytest.mark.parametrize("offset", [1e-1, 1e-3, 1e-5])
def test_exact_close_to_an_anchor_of_a_thousand_classes(offset: float) -> None:
    n = 1000
    z = anchored_centres(n)[:3].double()
    z[:, 7] += offset
    assert anchored_distances(z)[range(3), range(3)].tolist() == pytest.approx([offset] * 3, rel=1e-3)


def test_the_same_loss_and_gradient() -> None:
    y = torch.arange(12) % 6
    start = 4.0 * torch.randn(12, 6, generator=torch.Generator().manual_seed(1)) + anchored_centres(6)[y]
    losses: list[float] = []
    gradients: list[Tensor] = []
    for way in (lambda z: distances(z, anchored_centres(6)), anchored_distances):
        z = start.clone().requires_grad_()
        loss = cac_loss(way(z), y)
        losses.append(loss.item())
        gradients += torch.autograd.grad(loss, z)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert torch.allclose(gradients[0], gradients[1], atol=1e-6)


def test_the_gradient_at_an_anchor_is_finite() -> None:
    z = anchored_centres(5).clone().requires_grad_()
    d = anchored_distances(z)
    assert d.diagonal().tolist() == [0.0] * 5
    (gradient,) = torch.autograd.grad(cac_loss(d, torch.arange(5)), z)
    assert torch.isfinite(gradient).all()


def test_half_precision_logits_give_float32_distances() -> None:
    assert anchored_distances(torch.randn(2, 4).bfloat16()).dtype == torch.float32


def test_the_gradient_is_that_of_the_formula() -> None:
    z = 3.0 * torch.randn(4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    assert torch.autograd.gradcheck(anchored_distances, (z.requires_grad_(),))
