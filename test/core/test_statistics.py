# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is promised of θ holds on fresh images, and the printed intervals hold the truth as often as they say."""

import io
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console
from scipy.stats import beta, binom, binomtest

from cac_core.inference_equations import UNKNOWN
from cac_core.intervals import area_interval, ccr_interval, fpr_interval, share_interval
from cac_core.metrics import auroc, ccr_at_fpr, fpr_at_known_kept, open_set_metrics, oscr
from cac_core.reports.metric_rows import metric_rows, share_text
from cac_core.reports.variant_tables import variant_tables
from cac_core.thresholds import fit_thresholds

CLASSES = 4


def scores(images: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Rejection scores ``(images, CLASSES)`` as a trained model gives them, and the classes: skewed, some wrong."""
    labels = rng.integers(0, CLASSES, images)
    gamma = rng.lognormal(2.0, 0.5, (images, CLASSES))
    gamma[np.arange(images), labels] = rng.lognormal(0.0, 1.0, images) * (1 + labels)
    return gamma.astype(np.float32), labels


@pytest.mark.parametrize("known_kept", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("images", [100, 1000])
def test_fresh_images_are_kept_as_often_as_theta_promises(known_kept: float, images: int) -> None:
    """The share that θ keeps of fresh images is that of an order statistic: Beta(k, images + 1 - k), k = ⌈q images⌉.

    Over 400 draws of validation images, the middle 90 % of that distribution must hold about 90 %.
    """
    rng = np.random.default_rng(0)
    fresh = np.sort(scores(400_000, rng)[0].min(axis=1))
    k = math.ceil(known_kept * images - 1e-9)
    low, high = beta.interval(0.9, k, images + 1 - k)
    theta = [fit_thresholds(*scores(images, rng), known_kept).theta()[0] for _ in range(400)]
    shares = np.searchsorted(fresh, theta, side="right") / len(fresh)
    # θ lies up to 1 % above the score that decides it, which keeps a little more.
    more = 0.004
    assert np.mean((low <= shares) & (shares <= high + more)) >= 0.86
    assert -0.004 < shares.mean() - k / (images + 1) < 0.004 + more, "no bias"


@pytest.mark.parametrize("known_kept", [0.5, 0.9, 0.95])
def test_thresholds_per_class_keep_what_they_promise_of_fresh_images(known_kept: float) -> None:
    """The same for each class by itself, of the images that are nearest to their own class."""
    rng = np.random.default_rng(2)

    def right(gamma: NDArray[np.float32], labels: NDArray[np.int64], of: int) -> NDArray[np.float32]:
        return np.sort(gamma.min(axis=1)[(labels == of) & (gamma.argmin(axis=1) == of)])

    gamma, labels = scores(200_000, rng)
    fresh = [right(gamma, labels, of) for of in range(CLASSES)]
    held, more = [], 0.006
    for _ in range(150):
        gamma, labels = scores(400, rng)
        theta = fit_thresholds(gamma, labels, known_kept).theta(per_class=True)
        for of in range(CLASSES):
            images = len(right(gamma, labels, of))
            k = math.ceil(known_kept * images - 1e-9)
            low, high = beta.interval(0.9, k, images + 1 - k)
            kept = np.searchsorted(fresh[of], theta[of], side="right") / len(fresh[of])
            held.append(low <= kept <= high + more)
    assert np.mean(held) >= 0.86


def test_the_chosen_share_of_the_validation_images_themselves_is_kept() -> None:
    rng = np.random.default_rng(1)
    for images in (30, 333, 1000):
        gamma, labels = scores(images, rng)
        thresholds = fit_thresholds(gamma, labels)
        for known_kept in (0.1, 0.5, 0.9, 0.95, 0.999, 1.0):
            kept = (gamma.min(axis=1) <= thresholds.theta(known_kept)[0]).sum()
            assert kept == math.ceil(round(known_kept * images, 9))


@pytest.mark.parametrize("images", [1, 10, 200])
def test_the_interval_is_wilsons(images: int) -> None:
    for count in range(images + 1):
        expected = binomtest(count, images).proportion_ci(0.95, method="wilson")
        assert share_interval(count / images, images) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
@pytest.mark.parametrize("images", [50, 500])
def test_the_interval_holds_the_true_share_as_often_as_it_says(share: float, images: int) -> None:
    counts = np.arange(images + 1)
    ends = np.array([share_interval(count / images, images) for count in counts])
    held = (ends[:, 0] <= share) & (share <= ends[:, 1])
    coverage = float(binom.pmf(counts, images, share)[held].sum())
    assert 0.90 < coverage < 0.985, "95 % on average over all shares; counts of images are lumpy"


@pytest.mark.parametrize(("known", "unknown"), [(60, 40), (400, 100), (150, 600)])
@pytest.mark.parametrize("kind", ["alike", "wide unknown", "wide known", "two heaps"])
def test_intervals_of_areas_and_rates_hold_the_truth_often_enough(known: int, unknown: int, kind: str) -> None:
    rng = np.random.default_rng(0)

    def draw(known: int, unknown: int) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
        """Scores of known images, whether their nearest class is right, and scores of unknown images."""
        heaps = 4.0 * (rng.random(known) < 0.1) if kind == "two heaps" else 0.0
        k = heaps + rng.normal(0, 3 if kind == "wide known" else 1, known)
        return k, rng.random(known) < 0.9, rng.normal(2.5, 3 if kind == "wide unknown" else 1, unknown)

    def figures(k: NDArray[np.float64], right: NDArray[np.bool_], u: NDArray[np.float64]) -> list[float]:
        s, y = np.r_[k, u], np.r_[np.zeros(len(k), int), np.full(len(u), UNKNOWN)]
        p = np.r_[np.where(right, 0, 1), np.zeros(len(u), int)]
        rates = [ccr_at_fpr(s, p, y, 0.01), ccr_at_fpr(s, p, y, 0.1), fpr_at_known_kept(s, y == UNKNOWN)]
        return [auroc(s, y == UNKNOWN), oscr(s, p, y), *rates]

    truth, held = np.array(figures(*draw(200_000, 200_000))), []
    for _ in range(150):
        k, right, u = draw(known, unknown)
        found = figures(k, right, u)
        ends = [area_interval(area, known, unknown) for area in found[:2]]
        ends += [ccr_interval(k, right, u, fpr) for fpr in (0.01, 0.1)] + [fpr_interval(k, u, 0.95)]
        assert all(low <= value <= high for value, (low, high) in zip(found, ends, strict=True))
        held.append([low <= value <= high for value, (low, high) in zip(truth, ends, strict=True)])
    assert np.mean(held, axis=0).min() >= 0.95


def test_every_share_that_is_printed_has_its_interval() -> None:
    labels = np.array([0, 0, 1, 1, UNKNOWN, UNKNOWN])
    nearest, rejected = np.array([0, 1, 1, 1, 0, 1]), np.array([False, False, False, True, True, True])
    metrics = open_set_metrics(np.arange(6.0), nearest, rejected, labels)
    rows = dict(metric_rows(metrics))
    assert rows["known kept at θ"] == "0.750 (0.301 to 0.954)"
    assert rows["unknown rejected at θ"] == "1.000 (0.342 to 1.000)"
    assert all(re.fullmatch(r"0\.\d{3} \(0\.\d{3} to [01]\.\d{3}\)|1.000 .*", text) for text in list(rows.values())[1:])
    assert metrics.intervals.keys() == metrics.to_dict().keys() - {"aupr", "known_images", "unknown_images"}
    assert share_text(math.nan, 0) == share_text(None, 5) == "–"
    assert math.isnan(share_interval(math.nan, 5)[0])


def test_the_table_of_a_variant_has_an_interval_for_every_share() -> None:
    figures = {"accuracy": 0.9, "auroc": 0.95, "known_kept": 0.94, "unknown_rejected": 0.8}
    classes = {"cup": {"images": 20, "accuracy": 0.9, "known_kept": 1.0, "agreement": 0.95}}
    counts = {"known_images": 20, "unknown_images": 30, "agreement": 0.98}
    variant = SimpleNamespace(
        precision="int8", figures={**counts, "float32": figures, "variant": figures, "classes": classes}
    )
    console = Console(width=200, file=io.StringIO())
    for table in variant_tables(variant):  # type: ignore[arg-type]
        console.print(table)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "0.950 (0.764 to 0.991)" in text, "AUROC, with the rarer kind of images"
    shares, intervals = re.findall(r"\b[01]\.\d{3}\b", text), re.findall(r"\([01]\.\d{3} to [01]\.\d{3}\)", text)
    assert len(shares) == 3 * len(intervals) == 3 * 12
