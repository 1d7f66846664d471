# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OpenMax (Bendale and Boult, CVPR 2016; [2] in the paper)."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import weibull_min
from torch import Tensor

from cac_core import equations
from cac_core.centres import calibrate_centres

STEEPEST = 1e3
"""Shape of the Weibull curve for a tail of equal distances: all but a step."""


class Tail(NamedTuple):
    """A Weibull curve through the largest distances of one class.

    As in libMR, distances are moved so that the smallest of the tail is 1, and the location is 0.
    """

    shape: float
    scale: float
    smallest: float

    def outlier_probability(self, distances: NDArray[np.float64]) -> NDArray[np.float64]:
        """How likely these distances ``(B,)`` lie beyond the class: the Weibull distribution function."""
        moved = np.maximum(distances + 1.0 - self.smallest, 0.0)
        with np.errstate(over="ignore"):  # far outside a narrow tail: infinity means certainly beyond
            result: NDArray[np.float64] = -np.expm1(-((moved / self.scale) ** self.shape))
        return result


NEVER = Tail(1.0, 1e-300, 0.0)
"""The tail of a class of which no training image was right: nothing belongs to it."""


def fit_tail(distances: NDArray[np.float64], size: int) -> Tail:
    """Weibull curve through the ``size`` largest distances ``(M,)`` of one class, by maximum likelihood."""
    if len(distances) == 0:
        return NEVER
    tail = np.sort(distances)[-size:]
    smallest = float(tail[0])
    moved = tail - smallest + 1.0
    if moved[-1] - 1.0 < 1e-9:  # equal distances have no width to fit
        return Tail(STEEPEST, 1.0, smallest)
    shape, _, scale = weibull_min.fit(moved, floc=0.0)
    return Tail(float(shape), float(scale), smallest)


class OpenMax:
    """Logits are moved from the classes whose tail an image lies in to a class "unknown"; then comes a softmax.

    The distances are Euclidean and to the mean logits of each class's correctly classified training images, of *every*
    class for every image: nothing depends on what the other images of a batch were taken for.

    Args:
        tail_size: how many of the largest training distances the Weibull curve of a class is fitted to.
        alpha: how many of the largest logits are revised; all when not given.
        classes: N, when further columns follow the N logits; they count in the distances.
        open_class: whether the first further column is the logit of a class "unknown", as in G-OpenMax.
    """

    def __init__(
        self, tail_size: int = 20, alpha: int | None = None, classes: int | None = None, open_class: bool = False
    ) -> None:
        if tail_size < 1 or (alpha is not None and alpha < 1):
            raise ValueError(f"tail_size and alpha must be at least 1, not {tail_size} and {alpha}")
        self.tail_size = tail_size
        self.alpha = alpha
        self.classes = classes
        self.open_class = open_class
        self.means: Tensor | None = None
        self.tails: list[Tail] = []

    def fit(self, logits: Tensor, labels: Tensor) -> None:
        """Class means and Weibull tails from the correctly classified (largest logit) training images."""
        logits, labels = logits.detach().cpu().double(), labels.cpu()
        n = self.classes or logits.shape[-1]
        right = torch.isfinite(logits).all(dim=-1) & (logits[:, :n].argmax(dim=-1) == labels)
        means = torch.zeros(n, logits.shape[-1], dtype=torch.float64)
        means[:, :n] = calibrate_centres(logits[:, :n], labels, equations.anchored_centres(n).double()).centres.double()
        self.tails = []
        for i in range(n):
            own = logits[right & (labels == i)]
            if len(own):
                means[i, n:] = own[:, n:].mean(dim=0)
            self.tails.append(fit_tail((own - means[i]).norm(dim=-1).numpy(), self.tail_size))
        self.means = means

    def probabilities(self, logits: Tensor) -> Tensor:
        """Probabilities ``(B, N + 1)`` float64, of logits and further columns ``(B, D)``; the last is "unknown"."""
        if self.means is None:
            raise RuntimeError("OpenMax has to be fitted on training logits first")
        values = logits.detach().cpu().double()
        n = self.classes or values.shape[-1]
        v, further = values[:, :n], values[:, n:]
        alpha = min(self.alpha or n, n)
        d = equations.distances(values, self.means).numpy()
        outlier = np.stack([tail.outlier_probability(d[:, i]) for i, tail in enumerate(self.tails)], axis=-1)
        rank = v.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)
        weight = ((alpha - rank).clamp(min=0) / alpha) * torch.from_numpy(outlier)
        revised = v * (1.0 - weight)
        unknown = (v * weight).sum(dim=-1, keepdim=True)
        if not self.open_class:
            return torch.softmax(torch.cat([revised, unknown], dim=-1), dim=-1)
        shares = torch.softmax(torch.cat([revised, unknown, further[:, :1]], dim=-1), dim=-1)
        return torch.cat([shares[:, :n], shares[:, n:].sum(dim=-1, keepdim=True)], dim=-1)

    def score(self, logits: Tensor) -> Tensor:
        """Probability of "unknown" ``(B,)``."""
        return self.probabilities(logits)[:, -1]

    def predict(self, logits: Tensor) -> Tensor:
        """The most likely known class ``(B,)``."""
        return self.probabilities(logits)[:, :-1].argmax(dim=-1)
