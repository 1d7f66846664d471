# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The model that decides, and what the node publishes of it: they change together or not at all."""

from __future__ import annotations

from cac_msgs.msg import ClassList
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import serialize_message

from cac_ros.node.active_model import ActiveModel
from cac_ros.node.messages import class_list_message, vision_messages
from cac_ros.node.vision_info import VisionInfo
from cac_ros.parameters import NodeSettings


class PublishedModel:
    """Holds the model of a configured node.

    Args:
        node: to publish with.
        model: the first one.
    """

    def __init__(self, node: LifecycleNode, model: ActiveModel) -> None:
        self._node = node
        self.model = model
        self._message(model)  # raises where the model cannot be published
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._publisher: LifecyclePublisher[ClassList] = node.create_lifecycle_publisher(
            ClassList, "~/classes", latched
        )
        messages = vision_messages()
        self._vision = None if messages is None else VisionInfo(node, messages)

    def publish(self) -> None:
        """Publish the known classes and thresholds."""
        self._publisher.publish(self._message(self.model))
        self._publish_vision()

    def replace(self, model: ActiveModel) -> None:
        """Use another model from the next frame on. Each frame sees the old one or the new one, whole.

        Raises:
            Exception: what could not be published; the old model is in use then.
        """
        message = self._message(model)
        before, self.model = self.model, model
        try:
            self._publisher.publish(message)
            if model.model_id != before.model_id:
                self._publish_vision()
        except Exception:
            self.model = before
            raise

    def check(self, settings: NodeSettings) -> None:
        """See that the model can be used under changed parameters; raises ParameterError and whatever else is wrong."""
        self._message(self.model.with_settings(settings))

    def release(self) -> None:
        """Remove the publisher."""
        self._node.destroy_lifecycle_publisher(self._publisher)
        if self._vision is not None:
            self._vision.release()

    def _publish_vision(self) -> None:
        if self._vision is not None:
            self._vision.publish(self.model.model_id, self.model.predictor.class_names)

    def _message(self, model: ActiveModel) -> ClassList:
        """The class list, tried out: a message that cannot be sent raises here and not in the middle of a change."""
        stamp, names = self._node.get_clock().now().to_msg(), model.predictor.class_names
        message = class_list_message(stamp, model.model_id, names, model.theta, model.known_kept)
        serialize_message(message)
        return message
