# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every score offers."""

from typing import Protocol

from torch import Tensor


class Score(Protocol):
    """A score over logits. High = unknown."""

    def fit(self, logits: Tensor, labels: Tensor) -> None:
        """Learn what is needed from training images without augmentation.

        Args:
            logits: ``(M, D)``.
            labels: ``(M,)`` in 0..N-1.
        """

    def score(self, logits: Tensor) -> Tensor:
        """How unknown each image is ``(B,)``, from logits ``(B, D)``; independent of the rest of the batch."""

    def predict(self, logits: Tensor) -> Tensor:
        """The most likely known class of each image ``(B,)`` int64."""
