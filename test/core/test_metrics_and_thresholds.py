# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Metrics against their definitions written as loops, and thresholds against their promise."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from cac_core import metrics
from cac_core.equations import decide
from cac_core.thresholds import MIN_PER_CLASS, fit_thresholds

Case = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]


@st.composite
def evaluations(draw: DrawFn, min_known: int = 1, min_unknown: int = 1) -> Case:
    """Scores on a coarse grid (many ties), predictions, labels with both kinds present."""
    n_known, n_unknown = draw(st.integers(min_known, 25)), draw(st.integers(min_unknown, 25))
    m = n_known + n_unknown
    scores = np.array(draw(st.lists(st.integers(0, 12), min_size=m, max_size=m))) / 4.0
    predictions = np.array(draw(st.lists(st.integers(0, 2), min_size=m, max_size=m)))
    known_labels = draw(st.lists(st.integers(0, 2), min_size=n_known, max_size=n_known))
    return scores, predictions, np.array(known_labels + [-1] * n_unknown)


@given(evaluations())
def test_auroc_is_the_probability_that_unknown_scores_higher(case: Case) -> None:
    scores, _, labels = case
    pairs = [(u > k) + 0.5 * (u == k) for u in scores[labels < 0] for k in scores[labels >= 0]]
    assert metrics.auroc(scores, labels < 0) == pytest.approx(np.mean(pairs))
    assert metrics.auroc(scores, labels < 0) == pytest.approx(roc_auc_score(labels < 0, scores))


@given(evaluations(), st.booleans())
def test_areas_and_curve_equal_those_of_scikit_learn_to_the_last_digit(case: Case, with_infinite: bool) -> None:
    scores, _, labels = case
    unknown = labels < 0
    ranks = np.unique(scores, return_inverse=True)[1]  # scikit-learn takes no infinite scores
    if with_infinite:
        scores = np.where(scores == scores.max(), np.inf, scores)
    assert metrics.auroc(scores, unknown) == roc_auc_score(unknown, ranks)
    assert metrics.aupr(scores, unknown) == average_precision_score(unknown, ranks)
    for own, theirs in zip(metrics.roc_curve(scores, unknown), roc_curve(~unknown, -ranks), strict=False):
        assert np.array_equal(own, theirs)


@given(evaluations(), st.sampled_from([0.0, 0.01, 0.05, 0.1, 0.5, 1.0]))
def test_ccr_is_the_best_over_all_thresholds_with_at_most_that_fpr(case: Case, fpr: float) -> None:
    scores, predictions, labels = case
    known = labels >= 0
    best = 0.0
    for threshold in [-1.0, *scores]:  # accept if score <= threshold
        kept = scores <= threshold
        if kept[~known].mean() <= fpr + 1e-12:
            best = max(best, (kept & (predictions == labels))[known].mean())
    assert metrics.ccr_at_fpr(scores, predictions, labels, fpr) == pytest.approx(best)


def test_ccr_at_fpr_zero_lies_below_the_smallest_unknown_score() -> None:
    scores, predictions, labels = [0.1, 0.2, 0.3, 0.2, 0.9], [0, 1, 1, 0, 0], [0, 1, 1, -1, -1]
    assert metrics.ccr_at_fpr(scores, predictions, labels, 0.0) == pytest.approx(1 / 3)


@given(evaluations())
def test_oscr_is_the_area_under_ccr_over_fpr(case: Case) -> None:
    scores, predictions, labels = case
    known = labels >= 0
    thresholds = [-1.0, *sorted(set(scores))]
    fpr = [(scores[~known] <= t).mean() for t in thresholds]
    ccr = [((scores <= t) & (predictions == labels))[known].mean() for t in thresholds]
    assert metrics.oscr(scores, predictions, labels) == pytest.approx(trapezoid(ccr, fpr))


@given(evaluations())
def test_fpr_at_known_kept_uses_the_smallest_threshold_that_keeps_enough(case: Case) -> None:
    scores, _, labels = case
    known = labels >= 0
    threshold = min(t for t in scores[known] if (scores[known] <= t).mean() >= 0.95 - 1e-12)
    assert metrics.fpr_at_known_kept(scores, ~known) == pytest.approx((scores[~known] <= threshold).mean())


@pytest.mark.parametrize("metric", [metrics.auroc, metrics.aupr, metrics.fpr_at_known_kept])
def test_nan_scores_raise_and_infinite_ones_are_the_most_unknown(
    metric: Callable[[list[float], list[bool]], float],
) -> None:
    with pytest.raises(ValueError, match="NaN"):
        metric([0.1, math.nan], [False, True])
    assert metric([0.1, 0.2, math.inf], [False, False, True]) == metric([0.1, 0.2, 9.9], [False, False, True])


def test_a_missing_kind_gives_nan_and_none_in_json() -> None:
    result = metrics.open_set_metrics([0.1, 0.2], [0, 1], [False, True], [0, 1])
    assert math.isnan(result.auroc)
    assert result.to_dict()["auroc"] is None
    assert result.accuracy == 1.0
    assert result.known_kept == 0.5


def test_accuracy_counts_known_images_only_and_ignores_the_threshold() -> None:
    assert metrics.accuracy([0, 1, 1, 0], [0, 1, 0, -1]) == pytest.approx(2 / 3)


def test_bhattacharyya_is_one_for_equal_and_zero_for_apart() -> None:
    a = np.random.default_rng(0).normal(size=500)
    assert metrics.bhattacharyya(a, a) == pytest.approx(1.0)
    assert metrics.bhattacharyya(a, a + 1000) == 0.0


@pytest.mark.parametrize(
    ("known", "unknown", "paper"), [(6, 4, 13.39), (4, 10, 33.33), (4, 50, 62.86), (20, 180, 57.35)]
)
def test_openness_is_eq_10_and_gives_the_papers_figures(known: int, unknown: int, paper: float) -> None:
    assert 100 * metrics.openness(known, known + unknown, known) == pytest.approx(paper, abs=0.01)  # the paper cuts off


def test_summary_counts_what_the_robot_would_see() -> None:
    result = metrics.open_set_metrics(
        scores=[0.1, 0.2, 2.0, 3.0, 0.3, math.inf],
        nearest=[0, 0, 1, 1, 0, -1],
        rejected=[False, False, True, True, False, True],
        labels=[0, 1, 1, -1, -1, -1],
    )
    assert (result.known_images, result.unknown_images) == (3, 3)
    assert result.known_kept == pytest.approx(2 / 3)
    assert result.known_kept_and_right == pytest.approx(1 / 3)
    assert result.unknown_rejected == pytest.approx(2 / 3)


# --- thresholds


@given(st.integers(1, 400), st.floats(0.001, 1.0), st.integers(0, 1000))
def test_theta_keeps_at_least_the_wanted_share_and_hardly_more(m: int, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    gamma = torch.tensor(rng.exponential(size=(m, 3)), dtype=torch.float32)
    smallest = gamma.min(dim=1).values
    theta = fit_thresholds(gamma, torch.zeros(m, dtype=torch.long)).theta(share)
    kept = (smallest <= theta[0]).float().mean().item()
    assert kept >= share - 1e-6
    assert kept - share <= 0.001 + 1 / m + 1e-6  # one step of the grid, one image
    deciding = smallest[smallest <= theta[0]].max()
    assert deciding < theta[0] <= deciding * 1.0101  # rounding of another engine does not flip the deciding image


def test_the_default_share_is_the_one_chosen_in_training() -> None:
    gamma = torch.rand(100, 2)
    thresholds = fit_thresholds(gamma, torch.zeros(100, dtype=torch.long), known_kept=0.8)
    assert np.array_equal(thresholds.theta(), thresholds.theta(0.8))
    assert (decide(gamma, thresholds.theta()) >= 0).float().mean().item() >= 0.8


def test_thresholds_per_class_hold_and_small_classes_use_those_of_all() -> None:
    gamma = torch.full((220, 3), 50.0)
    gamma[:100, 0] = torch.linspace(0, 1, 100)
    gamma[100:200, 1] = torch.linspace(0, 10, 100)
    gamma[200:, 2] = torch.linspace(0, 3, 20)
    labels = torch.tensor([0] * 100 + [1] * 100 + [2] * (MIN_PER_CLASS - 1) + [0] * (21 - MIN_PER_CLASS))
    thresholds = fit_thresholds(gamma, labels)
    theta = thresholds.theta(0.9, per_class=True)
    assert (gamma[:100, 0] <= theta[0]).float().mean() >= 0.9
    assert (gamma[100:200, 1] <= theta[1]).float().mean() >= 0.9
    assert theta[0] < 1.0 < theta[1]
    assert theta[2] == thresholds.theta(0.9)[2]


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, math.nan])
def test_a_share_outside_its_range_is_refused(share: float) -> None:
    thresholds = fit_thresholds(torch.rand(10, 2), torch.zeros(10, dtype=torch.long))
    with pytest.raises(ValueError, match=r"\(0, 1\]"):
        thresholds.theta(share)


def test_a_threshold_set_by_hand_becomes_one_for_each_class() -> None:
    thresholds = fit_thresholds(torch.rand(10, 3), torch.zeros(10, dtype=torch.long))
    assert thresholds.theta(0.5, per_class=True, threshold=1.25).tolist() == [1.25] * 3
    for wrong in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="zero or a positive finite number"):
            thresholds.theta(threshold=wrong)


def test_thresholds_per_class_that_nobody_has_are_refused() -> None:
    gamma = torch.rand(18, 2)
    labels = torch.arange(18) % 2
    right = torch.where(labels.unsqueeze(1) == torch.arange(2), gamma, gamma + 1.0)  # 9 of each class, all taken for it
    few = fit_thresholds(right, labels)
    assert not few.has_class_thresholds
    with pytest.raises(ValueError, match=r"no class has a threshold of its own, .*needs 10 validation images"):
        few.theta(per_class=True)
    assert few.theta(per_class=True, threshold=0.5).tolist() == [0.5, 0.5]
    enough = fit_thresholds(torch.cat([right, right]), torch.cat([labels, labels]))
    assert enough.has_class_thresholds
    assert enough.theta(per_class=True)[0] != enough.theta(per_class=True)[1]


def test_scores_that_are_not_finite_cannot_become_thresholds() -> None:
    gamma = torch.rand(10, 2)
    gamma[3] = math.nan
    with pytest.raises(ValueError, match="1 of 10 validation images"):
        fit_thresholds(gamma, torch.zeros(10, dtype=torch.long))
    with pytest.raises(ValueError, match="at least one"):
        fit_thresholds(gamma[:0], torch.zeros(0, dtype=torch.long))
