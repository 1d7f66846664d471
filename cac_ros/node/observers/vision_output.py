# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The standard message ``vision_msgs/Classification`` on ``~/vision_classification``, where there is vision_msgs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecyclePublisher

from cac_core.predictor import Decision
from cac_ros.node.observers.observer import AnsweredFrame
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


class VisionOutput:
    """An observer that publishes every answer in the standard form while somebody subscribes.

    Args:
        node: to publish with.
        messages: ``vision_msgs.msg``.
        outputs: in front of the name of the topic.
    """

    problem = ""

    def __init__(self, node: LifecycleNode, messages: Any, outputs: str) -> None:
        self._node = node
        self._messages = messages
        self._publisher: LifecyclePublisher[Any] = node.create_lifecycle_publisher(
            messages.Classification, f"{outputs}/vision_classification", 10
        )

    def observe(self, answered: AnsweredFrame) -> None:
        """Publish under the header of the image."""
        if not self._publisher.get_subscription_count():
            return
        results = hypothesis_messages(answered.decision, answered.class_names, self._messages)
        self._publisher.publish(self._messages.Classification(header=answered.header, results=results))

    def status_values(self) -> Mapping[str, str]:
        """Nothing to report."""
        return {}

    def close(self, patience: float) -> None:
        """Remove the publisher."""
        self._node.destroy_lifecycle_publisher(self._publisher)
