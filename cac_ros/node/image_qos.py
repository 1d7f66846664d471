# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How the image topics are subscribed: reliability and transport, as the parameters and the publishers ask for.

Pure functions on what the ROS graph says.
"""

from collections.abc import Sequence
from typing import Literal

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

RAW_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_TYPE = "sensor_msgs/msg/CompressedImage"


def image_qos(reliability: ReliabilityPolicy) -> QoSProfile:
    """The subscription's profile: a few of the newest images, none from before it existed."""
    return QoSProfile(depth=10, reliability=reliability, durability=DurabilityPolicy.VOLATILE)


def wanted_reliability(
    setting: Literal["auto", "best_effort", "reliable"] | str,
    publishers: Sequence[TopicEndpointInfo],
    current: ReliabilityPolicy | None = None,
) -> ReliabilityPolicy:
    """Which reliability the image subscription asks for.

    ``auto`` asks for what all publishers can give: best effort as soon as one of them offers only that, else reliable.
    As long as there is a publisher, a best-effort subscription is kept: it works with all, and changing loses frames.

    Args:
        setting: the parameter.
        publishers: those on the topic now.
        current: of the subscription there is, if any.
    """
    if setting != "auto":
        return ReliabilityPolicy.RELIABLE if setting == "reliable" else ReliabilityPolicy.BEST_EFFORT
    best_effort = any(p.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for p in publishers)
    if best_effort or (publishers and current == ReliabilityPolicy.BEST_EFFORT):
        return ReliabilityPolicy.BEST_EFFORT
    return ReliabilityPolicy.RELIABLE


def wanted_transport(setting: str, *, raw: int, compressed: int, current: str) -> str:
    """Which of the two topics is read: "raw" or "compressed".

    ``auto`` reads the raw images if somebody publishes them, or else the compressed ones.

    Args:
        setting: the parameter image_transport.
        raw: number of publishers of raw images.
        compressed: number of publishers of compressed images.
        current: what is read now, and still will be when nobody publishes either.
    """
    if setting != "auto":
        return setting
    return "raw" if raw else "compressed" if compressed else current
