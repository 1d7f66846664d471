# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Scores that read the logits as they are; nothing has to be fitted."""

import torch
from torch import Tensor


class _Argmax:
    """The largest logit is the class."""

    def fit(self, logits: Tensor, labels: Tensor) -> None:
        """Nothing to learn."""

    def predict(self, logits: Tensor) -> Tensor:
        """Class of the largest logit ``(B,)``."""
        return logits.argmax(dim=-1)


class MaxSoftmax(_Argmax):
    """One minus the largest softmax probability (Hendrycks and Gimpel, ICLR 2017; [9] in the paper).

    Written as the sum of the other probabilities: ``1 - p`` rounds to 0 for every confident image, and they would tie.
    """

    def score(self, logits: Tensor) -> Tensor:
        """``1 - max softmax`` ``(B,)`` in float64."""
        logits = logits.double()
        largest = logits.argmax(dim=-1, keepdim=True)
        others = torch.logsumexp(logits.scatter(-1, largest, -torch.inf), dim=-1)
        return torch.exp(others - torch.logsumexp(logits, dim=-1))


class MaxLogit(_Argmax):
    """The negative largest logit (Vaze et al., ICLR 2022)."""

    def score(self, logits: Tensor) -> Tensor:
        """``-max logit`` ``(B,)``."""
        return -logits.max(dim=-1).values


class Energy(_Argmax):
    """The free energy ``-T logsumexp(logits / T)`` (Liu et al., NeurIPS 2020).

    Args:
        temperature: T.
    """

    def __init__(self, temperature: float = 1.0) -> None:
        if not temperature > 0:
            raise ValueError(f"the temperature must be a positive number, not {temperature}")
        self.temperature = temperature

    def score(self, logits: Tensor) -> Tensor:
        """Energy ``(B,)``."""
        return -self.temperature * torch.logsumexp(logits.double() / self.temperature, dim=-1)


class ScaledSoftmax(_Argmax):
    """The score of the Objectosphere loss: the largest softmax probability times the length of the logits, negated.

    Dhamija et al. (NeurIPS 2018; [7] in the paper) take the length of the deep features before the last layer; a
    network here gives its logits only, and the loss works on the same vector.
    """

    def score(self, logits: Tensor) -> Tensor:
        """``-max softmax · |logits|`` ``(B,)``."""
        logits = logits.double()
        confidence = torch.softmax(logits, dim=-1).max(dim=-1).values
        length: Tensor = torch.linalg.vector_norm(logits, dim=-1)
        return -confidence * length
