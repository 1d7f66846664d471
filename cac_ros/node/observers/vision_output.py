# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The standard message ``vision_msgs/Classification`` on ``~/vision_classification``, where there is vision_msgs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecyclePublisher

from cac_ros.node.hypotheses import hypothesis_messages
from cac_ros.node.observers.observer import AnsweredFrame


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
