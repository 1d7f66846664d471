# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Scores over the logits of a trained network: how unknown does this image look?

Every score follows one small protocol: ``fit`` on the logits of training images, then ``score`` (high = unknown) and
``predict`` (the known class). A score of an image never depends on the other images of its batch.
"""

from collections.abc import Callable

from torch import Tensor

from cac_core.benchmark.scores.cac import NearestDistance, RejectionScore
from cac_core.benchmark.scores.logits import Energy, MaxLogit, MaxSoftmax, ScaledSoftmax
from cac_core.benchmark.scores.openmax import OpenMax
from cac_core.benchmark.scores.protocol import Score
from cac_core.benchmark.scores.systems import LeastReconstructionError, OpenClass

__all__ = [
    "SCORES",
    "SYSTEM_SCORES",
    "Energy",
    "LeastReconstructionError",
    "MaxLogit",
    "MaxSoftmax",
    "NearestDistance",
    "OpenClass",
    "OpenMax",
    "RejectionScore",
    "ScaledSoftmax",
    "Score",
]

SCORES: dict[str, Callable[[Tensor], Score]] = {
    "gamma": RejectionScore,
    "nearest_distance": NearestDistance,
    "max_softmax": lambda _: MaxSoftmax(),
    "max_logit": lambda _: MaxLogit(),
    "energy": lambda _: Energy(),
    "openmax": lambda _: OpenMax(),
    "scaled_softmax": lambda _: ScaledSoftmax(),
}
"""Every score of logits by name, made from the centres ``(N, D)`` that were used in training."""

SYSTEM_SCORES: dict[str, Callable[[Tensor], Score]] = {
    "reconstruction_error": lambda anchors: LeastReconstructionError(len(anchors)),
    "latent_openmax": lambda anchors: OpenMax(classes=len(anchors)),
    "open_class": lambda anchors: OpenClass(len(anchors)),
    "open_class_openmax": lambda anchors: OpenMax(classes=len(anchors), open_class=True),
}
"""Scores of what other systems give besides logits, made in the same way."""
