# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every equation against a literal float64 transcription, and every numerical trap seen in public implementations."""

import math
import tracemalloc
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from hypothesis.strategies import SearchStrategy
from numpy.typing import NDArray
from torch import Tensor

from cac_core import equations as F
from test.core import literal

RNG = np.random.default_rng(7)


def batches(
    max_rows: int = 6, min_classes: int = 2, max_classes: int = 8, low: float = -12.0, high: float = 12.0
) -> SearchStrategy[NDArray[np.float64]]:
    """Logits (M, N) as float64 with moderate values, N classes."""
    shape = st.tuples(st.integers(1, max_rows), st.integers(min_classes, max_classes))
    values = st.floats(low, high, allow_nan=False, width=32)
    return shape.flatmap(lambda s: npst.arrays(np.float64, s, elements=values))


@given(batches())
def test_distances_are_eq_1(z: NDArray[np.float64]) -> None:
    centres = 10.0 * np.eye(z.shape[1])
    ours = F.distances(torch.tensor(z), torch.tensor(centres))
    np.testing.assert_allclose(ours, literal.distances(z, centres), rtol=1e-12, atol=1e-12)


@given(batches(low=0.0, high=30.0), st.integers(0, 10**6), st.floats(0.0, 2.0))
def test_losses_are_eqs_2_4_and_5(d: NDArray[np.float64], seed: int, weight: float) -> None:
    y = np.random.default_rng(seed).integers(0, d.shape[1], size=(d.shape[0],))
    t, labels = torch.tensor(d), torch.tensor(y)
    np.testing.assert_allclose(F.tuplet_loss(t, labels, "none"), literal.tuplet(d, y), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(F.anchor_loss(t, labels, "none"), literal.anchor(d, y), rtol=1e-12)
    np.testing.assert_allclose(F.cac_loss(t, labels, weight, "none"), literal.cac(d, y, weight), rtol=1e-9, atol=1e-12)
    assert F.cac_loss(t, labels, weight).item() == pytest.approx(literal.cac(d, y, weight).mean(), rel=1e-9, abs=1e-12)
    assert F.cac_loss(t, labels, weight, "sum").item() == pytest.approx(
        literal.cac(d, y, weight).sum(), rel=1e-9, abs=1e-9
    )


@given(batches(low=0.0, high=30.0))
def test_the_term_for_known_unknowns_is_the_entropic_loss_over_softmin(
    d: NDArray[np.float64],
) -> None:
    ours = F.known_unknown_loss(torch.tensor(d), "none")
    np.testing.assert_allclose(ours, literal.known_unknown(d), rtol=1e-9, atol=1e-9)
    assert (ours > -1e-9).all()
    assert F.known_unknown_loss(torch.tensor(d[:, :1]).expand(-1, 5)).abs().item() < 1e-9  # all distances equal


@given(batches(low=0.0, high=30.0))
def test_softmin_is_eq_3_and_rejection_scores_are_eq_8(d: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(F.softmin(torch.tensor(d)), literal.softmin(d), rtol=1e-9)
    np.testing.assert_allclose(F.rejection_scores(torch.tensor(d)), literal.rejection_scores(d), rtol=1e-9, atol=1e-13)


def test_anchored_centres_are_eqs_6_and_7() -> None:
    assert F.anchored_centres(3, 10.0).tolist() == [[10, 0, 0], [0, 10, 0], [0, 0, 10]]


@given(batches(low=0.0, high=20.0), st.floats(0.0, 20.0))
def test_decision_is_eq_9_on_finite_scores(gamma: NDArray[np.float64], theta: float) -> None:
    ours = F.decide(torch.tensor(gamma), torch.tensor(theta, dtype=torch.float64))
    np.testing.assert_array_equal(ours, literal.decide(gamma, theta))


def test_per_class_thresholds_use_the_nearest_class() -> None:
    gamma = torch.tensor([[1.0, 5.0], [5.0, 1.0]])
    assert F.decide(gamma, torch.tensor([2.0, 0.5])).tolist() == [0, -1]


# --- trap 1: the literal eq. 2 overflows in float32 at a gap of about 89


def test_tuplet_loss_does_not_overflow_and_its_gradient_is_finite() -> None:
    d = torch.tensor([[200.0, 0.0, 0.0]], requires_grad=True)
    loss = F.tuplet_loss(d, torch.tensor([0]))
    (gradient,) = torch.autograd.grad(loss, d)
    assert loss.item() == pytest.approx(200 + math.log(2), abs=1e-3)  # log(e^200 + e^200 + 1)
    assert torch.isfinite(gradient).all()


# --- trap 2: "reject if γ_min > θ" accepts NaN


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_score_that_is_not_finite_means_unknown_whatever_the_threshold(bad: float) -> None:
    for theta in (0.0, 1.0, math.inf):
        assert F.decide(torch.tensor([[bad, bad, bad]]), theta).tolist() == [-1]


def test_one_nan_among_good_scores_means_unknown() -> None:
    assert F.decide(torch.tensor([[0.1, math.nan, 3.0]]), 1.0).tolist() == [-1]


def test_a_nan_threshold_rejects_everything() -> None:
    assert F.decide(torch.tensor([[0.0, 1.0]]), math.nan).tolist() == [-1]


def test_a_score_equal_to_the_threshold_is_kept() -> None:
    assert F.decide(torch.tensor([[0.25, 1.0]]), 0.25).tolist() == [0]


def test_infinite_logits_end_as_unknown() -> None:
    d = F.distances(torch.tensor([[math.inf, 0.0, 0.0]]), F.anchored_centres(3))
    assert F.decide(F.rejection_scores(d), 5.0).tolist() == [-1]


def test_an_empty_batch_gives_an_empty_decision() -> None:
    gamma = F.rejection_scores(F.distances(torch.empty(0, 3), F.anchored_centres(3)))
    assert gamma.shape == (0, 3)
    assert F.decide(gamma, 1.0).shape == (0,)


# --- trap 3: 1 - softmin saturates to 0 in float32


def test_the_most_certain_samples_keep_different_scores() -> None:
    gamma = F.rejection_scores(torch.tensor([[0.5, 30.0, 30.0], [0.5, 31.0, 31.0]]))
    assert gamma[0, 0].item() == pytest.approx(1.543e-13, rel=1e-3)
    assert 0.0 < gamma[1, 0].item() < gamma[0, 0].item()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_input_is_scored_in_float32(dtype: torch.dtype) -> None:
    d = F.distances(torch.zeros(1, 3, dtype=dtype), F.anchored_centres(3).to(dtype))
    assert d.dtype == torch.float32
    assert F.rejection_scores(d.to(dtype)).dtype == torch.float32


def test_autocast_does_not_reach_the_head() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        d = F.distances(torch.tensor([[9.5, 0.01, 0.02]]), F.anchored_centres(3))
        assert d.dtype == torch.float32
        assert F.rejection_scores(d).dtype == torch.float32


# --- trap 4: the gradient at an anchor, the accuracy near zero, the memory at many classes


def test_the_gradient_exactly_at_an_anchor_is_zero_not_nan() -> None:
    z = F.anchored_centres(4)[:2].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(F.anchor_loss(F.distances(z, F.anchored_centres(4)), torch.tensor([0, 1])), z)
    assert gradient.tolist() == [[0.0] * 4] * 2


def test_gradients_equal_numerical_ones_away_from_anchors() -> None:
    z = torch.tensor(RNG.normal(size=(4, 5)), requires_grad=True)
    y, centres = torch.tensor([0, 1, 2, 4]), F.anchored_centres(5).double()
    assert torch.autograd.gradcheck(lambda x: F.cac_loss(F.distances(x, centres), y), (z,))


def test_distances_near_zero_are_exact_in_float32_even_for_large_batches() -> None:
    centres = F.anchored_centres(64)
    z = centres.repeat(8, 1) + 1e-4
    own = F.distances(z, centres)[torch.arange(512), torch.arange(64).repeat(8)]
    np.testing.assert_allclose(own.numpy(), 1e-4 * math.sqrt(64), rtol=2e-2)


def test_memory_at_a_thousand_classes_is_batch_times_classes() -> None:
    z, centres = torch.randn(64, 1000, requires_grad=True), F.anchored_centres(1000)
    with torch.profiler.profile(profile_memory=True) as profile:
        torch.autograd.grad(F.cac_loss(F.distances(z, centres), torch.zeros(64, dtype=torch.long)), z)
    largest = max(e.self_cpu_memory_usage for e in profile.key_averages())
    assert largest < 64 * 1000 * 4 * 20  # the (B, N, D) tensor would be 64 × 1000 × 1000 × 4 bytes
    assert not tracemalloc.is_tracing()


# --- trap 6: one class


@pytest.mark.parametrize("make", [lambda: F.anchored_centres(1), lambda: F.rejection_scores(torch.ones(3, 1))])
def test_one_known_class_is_refused_with_a_reason(make: Callable[[], Tensor]) -> None:
    with pytest.raises(ValueError, match="at least two known classes"):
        make()


# --- trap 7: properties


@given(batches(low=0.0, high=40.0))
def test_the_smallest_rejection_score_is_the_nearest_class(d: NDArray[np.float64]) -> None:
    chosen = F.rejection_scores(torch.tensor(d)).argmin(-1, keepdim=True)
    distance_of_chosen = torch.tensor(d).gather(-1, chosen).squeeze(-1)
    torch.testing.assert_close(distance_of_chosen, torch.tensor(d).min(dim=-1).values, rtol=1e-12, atol=0)


@given(batches())
def test_a_batch_gives_the_results_one_by_one(z: NDArray[np.float64]) -> None:
    z32, centres = torch.tensor(z).float(), F.anchored_centres(z.shape[1])
    together = F.rejection_scores(F.distances(z32, centres))
    alone = torch.stack([F.rejection_scores(F.distances(row, centres)) for row in z32])
    torch.testing.assert_close(together, alone, rtol=1e-6, atol=0)


@given(batches(), st.randoms())
def test_permuting_classes_permutes_the_scores(z: NDArray[np.float64], random: Random) -> None:
    order = list(range(z.shape[1]))
    random.shuffle(order)
    centres = torch.tensor(RNG.normal(size=(z.shape[1], z.shape[1])))
    gamma = F.rejection_scores(F.distances(torch.tensor(z), centres))
    permuted = F.rejection_scores(F.distances(torch.tensor(z), centres[order]))
    torch.testing.assert_close(permuted, gamma[:, order], rtol=1e-9, atol=1e-12)


@given(batches(), st.floats(-50.0, 50.0))
def test_moving_logits_and_centres_together_changes_nothing(z: NDArray[np.float64], shift: float) -> None:
    centres = F.anchored_centres(z.shape[1]).double()
    here = F.rejection_scores(F.distances(torch.tensor(z), centres))
    there = F.rejection_scores(F.distances(torch.tensor(z) + shift, centres + shift))
    torch.testing.assert_close(there, here, rtol=1e-9, atol=1e-9)


def test_any_number_of_leading_dimensions_works() -> None:
    z = torch.randn(2, 3, 4, 5)
    d = F.distances(z, F.anchored_centres(5))
    assert d.shape == (2, 3, 4, 5)
    assert F.rejection_scores(d).shape == (2, 3, 4, 5)
    assert F.decide(F.rejection_scores(d), 1.0).shape == (2, 3, 4)
    y = torch.zeros(2, 3, 4, dtype=torch.long)
    assert F.tuplet_loss(d, y, "none").shape == F.anchor_loss(d, y, "none").shape == (2, 3, 4)
