# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The decision without PyTorch: as the paper writes it, as the equations on tensors give it, and fit for a robot."""

import math
import time
import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from cac_core import equations, inference_equations
from test.core import literal

Floats = NDArray[np.float64]
RNG = np.random.default_rng(11)
MIXED = st.one_of(st.floats(0, 50, width=32), st.sampled_from([0.0, math.inf, math.nan, 1e30]))


def batches(low: float = -12.0, high: float = 12.0, elements: Any = None) -> st.SearchStrategy[Floats]:
    """Arrays (M, N) as float64 with N >= 2."""
    shape = st.tuples(st.integers(1, 6), st.integers(2, 8))
    values = st.floats(low, high, allow_nan=False, width=32) if elements is None else elements
    return shape.flatmap(lambda s: npst.arrays(np.float64, s, elements=values))


# --- as the paper writes it


@given(batches())
def test_distances_are_eq_1(z: Floats) -> None:
    centres = 10.0 * np.eye(z.shape[1])
    np.testing.assert_allclose(
        inference_equations.distances(z, centres), literal.distances(z, centres), rtol=1e-12, atol=1e-12
    )


@given(batches(low=0.0, high=30.0))
def test_rejection_scores_are_eq_8(d: Floats) -> None:
    np.testing.assert_allclose(
        inference_equations.rejection_scores(d), literal.rejection_scores(d), rtol=1e-9, atol=1e-13
    )


@given(batches(low=0.0, high=20.0), st.floats(0.0, 20.0))
def test_the_decision_is_eq_9_on_finite_scores(gamma: Floats, theta: float) -> None:
    np.testing.assert_array_equal(inference_equations.decide(gamma, theta), literal.decide(gamma, theta))


# --- as the equations on tensors give it


@given(batches(low=-30.0, high=30.0))
def test_a_robot_without_pytorch_computes_what_training_computed(z: Floats) -> None:
    z32, centres = z.astype(np.float32), RNG.normal(scale=5, size=(5, z.shape[1])).astype(np.float32)
    d, theirs = (
        inference_equations.distances(z32, centres),
        equations.distances(torch.tensor(z32), torch.tensor(centres)),
    )
    assert d.dtype == np.float32
    np.testing.assert_allclose(d, theirs, rtol=2e-6, atol=1e-6)
    gamma = inference_equations.rejection_scores(theirs.numpy())
    assert gamma.dtype == np.float32
    np.testing.assert_allclose(gamma, equations.rejection_scores(theirs), rtol=2e-5, atol=1e-37)


@given(batches(elements=MIXED), st.one_of(st.floats(0, 50, width=32), st.sampled_from([math.inf, math.nan])))
def test_whatever_the_scores_are_the_decision_is_that_of_the_tensors(gamma: Floats, theta: float) -> None:
    for scores in (gamma, gamma.astype(np.float32)):
        for limits in (theta, np.full(gamma.shape[1], theta), np.arange(gamma.shape[1]) + theta):
            expected = equations.decide(torch.tensor(scores), limits)
            np.testing.assert_array_equal(inference_equations.decide(scores, limits), expected)


@given(batches(elements=MIXED))
def test_distances_that_are_not_finite_give_no_score(d: Floats) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = inference_equations.rejection_scores(d.astype(np.float32))
    theirs = equations.rejection_scores(torch.tensor(d, dtype=torch.float32)).numpy()
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))


def test_half_precision_is_scored_in_float32() -> None:
    d = inference_equations.distances(np.zeros((1, 3), np.float16), 10 * np.eye(3, dtype=np.float16))
    assert d.dtype == np.float32
    assert inference_equations.rejection_scores(d.astype(np.float16)).dtype == np.float32


# --- the traps


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_score_that_is_not_finite_means_unknown_whatever_the_threshold(bad: float) -> None:
    for theta in (0.0, 1.0, math.inf):
        assert inference_equations.decide(np.array([[bad, bad, bad]]), theta).tolist() == [inference_equations.UNKNOWN]
    assert inference_equations.decide(np.array([[0.1, math.nan, 3.0]]), 1.0).tolist() == [inference_equations.UNKNOWN]


def test_a_nan_threshold_rejects_and_a_score_at_the_threshold_is_kept() -> None:
    assert inference_equations.decide(np.array([[0.0, 1.0]]), math.nan).tolist() == [-1]
    assert inference_equations.decide(np.array([[0.0, 1.0]]), np.array([math.nan, 1.0])).tolist() == [-1]
    assert inference_equations.decide(np.array([[0.25, 1.0]]), 0.25).tolist() == [0]
    assert inference_equations.decide(np.array([[1.0, 5.0], [5.0, 1.0]]), np.array([2.0, 0.5])).tolist() == [0, -1]


@pytest.mark.parametrize("logit", [math.inf, math.nan, 1e30])
def test_logits_without_end_are_unknown_and_print_no_warning(logit: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        d = inference_equations.distances(np.array([[logit, 0, 0]], np.float32), 10 * np.eye(3, dtype=np.float32))
        assert inference_equations.decide(inference_equations.rejection_scores(d), 5.0).tolist() == [-1]


def test_the_most_certain_samples_keep_different_scores() -> None:
    gamma = inference_equations.rejection_scores(np.array([[0.5, 30.0, 30.0], [0.5, 31.0, 31.0]], np.float32))
    assert gamma[0, 0] == pytest.approx(1.543e-13, rel=1e-3)
    assert 0.0 < gamma[1, 0] < gamma[0, 0]


def test_distances_near_zero_are_exact_in_float32() -> None:
    centres = 10 * np.eye(64, dtype=np.float32)
    d = inference_equations.distances(centres + np.float32(1e-4), centres).diagonal()
    np.testing.assert_allclose(d, 1e-4 * math.sqrt(64), rtol=2e-2)


def test_one_known_class_is_refused_with_a_reason() -> None:
    with pytest.raises(ValueError, match="at least two known classes"):
        inference_equations.rejection_scores(np.ones((3, 1)))


@pytest.mark.parametrize("shape", [(0,), (), (2, 3)])
def test_any_leading_dimensions_are_kept(shape: tuple[int, ...]) -> None:
    gamma = inference_equations.rejection_scores(inference_equations.distances(np.zeros((*shape, 4)), np.eye(4)))
    assert gamma.shape == (*shape, 4)
    assert inference_equations.decide(gamma, 1.0).shape == shape
    assert inference_equations.decide(gamma, 1.0).dtype == np.int64


# --- fit for a robot


def test_a_thousand_classes_take_a_few_megabytes_and_no_second() -> None:
    z, centres = RNG.normal(size=(16, 1000)).astype(np.float32), 10 * np.eye(1000, dtype=np.float32)
    tracemalloc.start()
    try:
        inference_equations.distances(z, centres)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16e6  # all differences at once would be 64 MB


def test_blocks_give_what_single_rows_give() -> None:
    z, centres = RNG.normal(size=(3000, 40)), RNG.normal(size=(30, 40))
    alone = np.stack([inference_equations.distances(row, centres) for row in z])
    np.testing.assert_allclose(inference_equations.distances(z, centres), alone, rtol=1e-12)


def test_one_frame_is_decided_in_a_fraction_of_a_millisecond() -> None:
    z, centres = RNG.normal(size=(1, 10)).astype(np.float32), 10 * np.eye(10, dtype=np.float32)
    seconds = []
    for _ in range(200):
        start = time.perf_counter()
        inference_equations.decide(inference_equations.rejection_scores(inference_equations.distances(z, centres)), 1.0)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.5e-3
