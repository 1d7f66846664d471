# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Scores over what the other systems of Table 1 give besides N logits (:mod:`cac_core.benchmark.systems`)."""

import torch
from torch import Tensor


class _KnownLogitsFirst:
    """Predicts from the first N columns.

    Args:
        classes: N.
    """

    def __init__(self, classes: int) -> None:
        self.classes = classes

    def fit(self, logits: Tensor, labels: Tensor) -> None:
        """Nothing to learn."""

    def predict(self, logits: Tensor) -> Tensor:
        """The known class of the largest logit ``(B,)``."""
        return logits[:, : self.classes].argmax(dim=-1)


class LeastReconstructionError(_KnownLogitsFirst):
    """C2AE: the least error over all conditions, of N logits and N errors ``(B, 2 N)``."""

    def score(self, logits: Tensor) -> Tensor:
        """The least error ``(B,)``."""
        return logits[:, self.classes :].amin(dim=-1)


class OpenClass(_KnownLogitsFirst):
    """OSRCI: the probability of the last of N + 1 classes, "unknown"."""

    def score(self, logits: Tensor) -> Tensor:
        """Log odds of "unknown" against all known classes ``(B,)``; in this form nothing saturates."""
        return logits[:, self.classes] - torch.logsumexp(logits[:, : self.classes], dim=-1)
