# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every score equals its definition written down literally, and no image's score depends on its batch."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import weibull_min
from torch import Tensor

from cac_core.benchmark.scores import (
    SCORES,
    Energy,
    MaxLogit,
    MaxSoftmax,
    NearestDistance,
    OpenMax,
    RejectionScore,
    ScaledSoftmax,
)
from cac_core.benchmark.scores.openmax import NEVER, fit_tail
from cac_core.equations import anchored_centres
from test.core import literal

N = 4


def clusters(seed: int = 0, per_class: int = 60, spread: float = 1.5) -> tuple[Tensor, Tensor]:
    """Logits around anchors of length 10, most of them on the right side."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(N).repeat_interleave(per_class)
    return anchored_centres(N)[labels] + spread * torch.randn(len(labels), N, generator=generator), labels


@pytest.fixture
def test_logits() -> Tensor:
    return 6.0 * torch.randn(50, N, generator=torch.Generator().manual_seed(1))


def softmax(row: list[float]) -> list[float]:
    total = sum(math.exp(v) for v in row)
    return [math.exp(v) / total for v in row]


def test_max_softmax_is_one_minus_the_largest_probability(test_logits: Tensor) -> None:
    expected = [1 - max(softmax(row)) for row in test_logits.double().tolist()]
    assert MaxSoftmax().score(test_logits).tolist() == pytest.approx(expected, abs=1e-12)


def test_max_softmax_still_ranks_images_whose_probability_rounds_to_one() -> None:
    a, b = MaxSoftmax().score(torch.tensor([[60.0, 0.0, 0.0], [50.0, 0.0, 0.0]])).tolist()
    assert 0 < a < b


def test_max_logit_and_energy_and_scaled_softmax(test_logits: Tensor) -> None:
    rows = test_logits.double().tolist()
    assert MaxLogit().score(test_logits).tolist() == pytest.approx([-max(row) for row in rows])
    expected = [-2.0 * math.log(sum(math.exp(v / 2.0) for v in row)) for row in rows]
    assert Energy(2.0).score(test_logits).tolist() == pytest.approx(expected)
    expected = [-max(softmax(row)) * math.sqrt(sum(v * v for v in row)) for row in rows]
    assert ScaledSoftmax().score(test_logits).tolist() == pytest.approx(expected)


def test_distance_scores_use_the_means_of_the_images_that_were_right(test_logits: Tensor) -> None:
    logits, labels = clusters()
    right = logits.argmax(-1) == labels
    means = torch.stack([logits[right & (labels == i)].double().mean(0) for i in range(N)])
    d = literal.distances(test_logits.double().numpy(), means.numpy())
    for score, expected in ((NearestDistance, d.min(1)), (RejectionScore, literal.rejection_scores(d).min(1))):
        fitted = score(anchored_centres(N))
        fitted.fit(logits, labels)
        assert fitted.score(test_logits).numpy() == pytest.approx(expected, rel=1e-5)
        assert (fitted.predict(test_logits).numpy() == d.argmin(1)).all()


def literal_openmax(
    logits: NDArray[np.float64], labels: list[int], rows: NDArray[np.float64], tail_size: int, alpha: int
) -> list[float]:
    """The published procedure, image by image and class by class."""
    means, curves = [], []
    for i in range(N):
        own = np.array([z for z, y in zip(logits, labels, strict=True) if y == i and int(np.argmax(z)) == y])
        means.append(own.mean(axis=0))
        tail = sorted(np.linalg.norm(z - means[i]) for z in own)[-tail_size:]
        shape, loc, scale = weibull_min.fit([v - tail[0] + 1 for v in tail], floc=0)
        curves.append(lambda d, t=tail[0], k=shape, s=scale, loc=loc: weibull_min.cdf(d - t + 1, k, loc, s))
    result = []
    for z in rows:
        order = list(np.argsort(-z))
        revised, unknown = list(z), 0.0
        for place, i in enumerate(order[:alpha], start=1):
            w = (alpha + 1 - place) / alpha * curves[i](np.linalg.norm(z - means[i]))
            revised[i] = z[i] * (1 - w)
            unknown += z[i] * w
        e = [math.exp(v) for v in [*revised, unknown]]
        result.append(e[-1] / sum(e))
    return result


@pytest.mark.parametrize("alpha", [1, 3, None])
def test_openmax_is_the_published_procedure(test_logits: Tensor, alpha: int | None) -> None:
    logits, labels = clusters()
    openmax = OpenMax(tail_size=15, alpha=alpha)
    openmax.fit(logits, labels)
    expected = literal_openmax(logits.double().numpy(), labels.tolist(), test_logits.double().numpy(), 15, alpha or N)
    assert openmax.score(test_logits).tolist() == pytest.approx(expected, rel=1e-4, abs=1e-9)
    assert openmax.probabilities(test_logits).sum(-1).tolist() == pytest.approx([1.0] * len(test_logits))


def test_openmax_rejects_more_the_farther_an_image_lies_outside() -> None:
    logits, labels = clusters()
    openmax = OpenMax()
    openmax.fit(logits, labels)
    on_centre, outside = torch.tensor([[10.0, 0, 0, 0], [10.0, 9.0, 9.0, 9.0]])
    assert openmax.score(on_centre[None]) < 0.01 < 0.5 < openmax.score(outside[None])


def test_openmax_survives_equal_distances_and_a_class_never_right() -> None:
    logits = anchored_centres(N).repeat_interleave(3, dim=0).clone()
    labels = torch.arange(N).repeat_interleave(3)
    logits[labels == 3] = logits[0].clone()
    openmax = OpenMax()
    with pytest.warns(UserWarning, match=r"class index \[3\]"):
        openmax.fit(logits, labels)
    assert openmax.tails[3] == NEVER
    scores = openmax.score(torch.cat([logits[:1], -logits[:1]]))
    assert torch.isfinite(scores).all()


def test_a_tail_is_fitted_to_the_largest_distances_only() -> None:
    distances = np.concatenate([np.linspace(0, 1, 100), np.array([5.0, 5.2, 5.5, 6.0])])
    tail = fit_tail(distances, 4)
    assert tail.smallest == 5.0
    assert tail.outlier_probability(np.array([0.5]))[0] < 0.01
    assert tail.outlier_probability(np.array([8.0]))[0] > 0.99


@pytest.mark.parametrize("name", sorted(SCORES))
def test_a_score_does_not_depend_on_the_rest_of_the_batch(name: str, test_logits: Tensor) -> None:
    score = SCORES[name](anchored_centres(N))
    score.fit(*clusters())
    together = score.score(test_logits)
    alone = torch.cat([score.score(row[None]) for row in test_logits])
    assert together.shape == (len(test_logits),)
    assert torch.allclose(together.double(), alone.double(), rtol=1e-9, atol=1e-12)
    predicted = torch.cat([score.predict(row[None]) for row in test_logits])
    assert (score.predict(test_logits) == predicted).all()


@pytest.mark.parametrize("name", sorted(SCORES))
def test_high_means_unknown(name: str) -> None:
    score = SCORES[name](anchored_centres(N))
    logits, labels = clusters()
    score.fit(logits, labels)
    unknown = 0.5 * torch.rand(40, N, generator=torch.Generator().manual_seed(2)) + 2.0
    assert score.score(unknown).mean() > score.score(logits).mean()


@pytest.mark.parametrize("wrong", [{"tail_size": 0}, {"alpha": 0}])
def test_openmax_refuses_parameters_that_mean_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        OpenMax(**wrong)


def test_openmax_has_to_be_fitted(test_logits: Tensor) -> None:
    with pytest.raises(RuntimeError, match="fitted"):
        OpenMax().score(test_logits)
