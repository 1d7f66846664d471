# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A decision as the hypotheses of vision_msgs: names with scores in [0, 1], "unknown" among them."""

import math
from collections.abc import Sequence
from typing import Any

from cac_core.predictor import Decision
from cac_ros.node.vision_info import UNKNOWN


def hypotheses(decision: Decision, class_names: Sequence[str]) -> list[tuple[str, float]]:
    """Names with scores in [0, 1], the decision first, "unknown" among them.

    A class has θ / (θ + γ): 1 at its centre, one half at the threshold. Unknown has what the nearest class lacks to 1,
    so it leads exactly when the frame is unknown. These are not probabilities and do not add up to 1.
    """
    if not math.isfinite(decision.rejection_score):
        return [(UNKNOWN, 1.0)]
    scores = [_score(float(gamma), decision.threshold) for gamma in decision.rejection_scores]
    known = sorted(zip(class_names, scores, strict=True), key=lambda item: -item[1])
    unknown = (UNKNOWN, 1.0 - _score(decision.rejection_score, decision.threshold))
    if decision.unknown:
        return [unknown, *known]
    known.sort(key=lambda item: item[0] != decision.label)  # first, also where rounding makes two scores equal
    return sorted([*known, unknown], key=lambda item: -item[1])  # keeps that order among equals


def _score(gamma: float, theta: float) -> float:
    if theta <= 0:
        return 1.0 if gamma <= 0 else 0.0
    return 1.0 / (1.0 + gamma / theta)


def hypothesis_messages(decision: Decision, class_names: Sequence[str], messages: Any) -> list[Any]:
    """The hypotheses as ``vision_msgs/ObjectHypothesis``; see :func:`hypotheses`."""
    found = hypotheses(decision, class_names)
    return [messages.ObjectHypothesis(class_id=name, score=score) for name, score in found]
