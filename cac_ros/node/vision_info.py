# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the standard messages mean: latched LabelInfo and VisionInfo, where vision_msgs is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header

UNKNOWN = "unknown"
"""The class_id of hypotheses that are no known class."""

UNKNOWN_ID = 65535
"""The number of "unknown" in LabelInfo. LabelInfo.msg keeps the largest number for what has no label."""

THRESHOLD = 0.5
"""The score of a known class at its threshold."""


class VisionInfo:
    """Publishes the names of the classes and the name of the method when a model comes into use.

    Args:
        node: to publish with.
        messages: ``vision_msgs.msg``.
    """

    def __init__(self, node: LifecycleNode, messages: Any) -> None:
        self._node = node
        self._messages = messages
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._labels: LifecyclePublisher[Any] = node.create_lifecycle_publisher(
            messages.LabelInfo, "~/label_info", latched
        )
        self._pipeline: LifecyclePublisher[Any] = node.create_lifecycle_publisher(
            messages.VisionInfo, "~/vision_info", latched
        )
        self._model_id = ""
        self._version = 0

    def publish(self, model_id: str, class_names: Sequence[str]) -> None:
        """Publish both; the version counts the models that this node has used. Names beyond 65,535 are left out."""
        if model_id != self._model_id:
            self._model_id, self._version = model_id, self._version + 1
        header = Header(stamp=self._node.get_clock().now().to_msg())
        classes = [*enumerate(class_names[:UNKNOWN_ID]), (UNKNOWN_ID, UNKNOWN)]
        class_map = [self._messages.VisionClass(class_id=number, class_name=name) for number, name in classes]
        self._labels.publish(self._messages.LabelInfo(header=header, class_map=class_map, threshold=THRESHOLD))
        self._pipeline.publish(
            self._messages.VisionInfo(
                header=header,
                method=f"Class Anchor Clustering, open set: {model_id}",
                database_location=self._labels.topic_name,
                database_version=self._version,
            )
        )

    def release(self) -> None:
        """Remove the publishers."""
        self._node.destroy_lifecycle_publisher(self._labels)
        self._node.destroy_lifecycle_publisher(self._pipeline)
