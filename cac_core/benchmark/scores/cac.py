# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Scores from distances to the class centres (sections 3.1.2 and 3.2)."""

from torch import Tensor

from cac_core import equations
from cac_core.centres import calibrate_centres
from cac_core.inference_equations import require_two_classes


class NearestDistance:
    """The Euclidean distance to the nearest calibrated class centre.

    Args:
        centres: ``(N, D)`` used in training; ``fit`` replaces them by the means of the correctly classified images. For
            a network that was not trained with centres, equally long anchors make "correct" mean "largest logit".
    """

    def __init__(self, centres: Tensor) -> None:
        require_two_classes(centres.shape[0])
        self.anchors = centres
        self.centres = centres

    def fit(self, logits: Tensor, labels: Tensor) -> None:
        """Calibrate the centres."""
        self.centres = calibrate_centres(logits, labels, self.anchors).centres

    def distances(self, logits: Tensor) -> Tensor:
        """Distances ``(B, N)`` to the calibrated centres, in float64: scores far below 1 are compared."""
        return equations.distances(logits.double(), self.centres.to(logits.device))

    def score(self, logits: Tensor) -> Tensor:
        """Smallest distance ``(B,)``."""
        return self.distances(logits).min(dim=-1).values

    def predict(self, logits: Tensor) -> Tensor:
        """Class of the nearest centre ``(B,)``, which is also the class of the smallest γ."""
        return self.distances(logits).argmin(dim=-1)


class RejectionScore(NearestDistance):
    """The paper's score: the smallest rejection score γ, eq. 8."""

    def score(self, logits: Tensor) -> Tensor:
        """Smallest γ ``(B,)``."""
        return equations.rejection_scores(self.distances(logits)).min(dim=-1).values
