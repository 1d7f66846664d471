# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The smoothed decision on ``~/decision``."""

from __future__ import annotations

from collections.abc import Mapping

from cac_msgs.msg import OpenSetClassification
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher

from cac_ros.node.messages import classification_message
from cac_ros.node.observers.observer import AnsweredFrame
from cac_ros.node.observers.smoothing import Smoother, majority


class SmoothedDecision:
    """An observer that publishes, for every answered frame, what the last frames agree on.

    Args:
        node: to publish with.
        frames: how many of the last frames vote.
        votes: how many it takes; 0 = more than half.
        outputs: in front of the name of the topic.
    """

    problem = ""

    def __init__(self, node: LifecycleNode, frames: int, votes: int, outputs: str) -> None:
        self._node = node
        self._smoother = Smoother(frames, votes or majority(frames))
        self._publisher: LifecyclePublisher[OpenSetClassification] = node.create_lifecycle_publisher(
            OpenSetClassification, f"{outputs}/decision", 10
        )
        self._decided = ""

    def observe(self, answered: AnsweredFrame) -> None:
        """Vote and publish under the header of this frame."""
        decision = self._smoother.add(answered.decision, answered.model_id, answered.arrived)
        self._decided = "unknown" if decision.unknown else decision.label
        self._publisher.publish(classification_message(answered.header, decision, answered.model_id, with_scores=False))

    def status_values(self) -> Mapping[str, str]:
        """What was decided last."""
        return {"decision": self._decided}

    def close(self, patience: float) -> None:
        """Remove the publisher."""
        self._node.destroy_lifecycle_publisher(self._publisher)
