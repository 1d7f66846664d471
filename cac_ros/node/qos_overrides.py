# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS's parameters ``qos_overrides.TOPIC.subscription.POLICY`` for the image topics.

Only the policies that are given are handed to rclpy. It would declare the others with the values of the first
subscription, and the reliability could no longer follow the publishers.
"""

from rclpy.node import Node
from rclpy.qos import QoSPolicyKind
from rclpy.qos_overriding_options import QoSOverridingOptions

PREFIX = "qos_overrides."
"""Parameters of this name belong to rclpy."""


def policies_given(node: Node, topic: str) -> list[QoSPolicyKind]:
    """The policies that a file or the command line sets for the subscription of a topic.

    Args:
        node: the node that subscribes.
        topic: full name.
    """
    given = getattr(node, "_parameter_overrides", {})  # rclpy has no public way to these
    return [kind for kind in QoSPolicyKind if f"{PREFIX}{topic}.subscription.{kind.name.lower()}" in given]


def overriding_options(policies: list[QoSPolicyKind]) -> QoSOverridingOptions | None:
    """What create_subscription() takes; None if nothing is overridden."""
    return QoSOverridingOptions(policies) if policies else None
