# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Topics that show what a camera saw, but in a type that is not read here, and the way to images from them."""

from __future__ import annotations

from collections.abc import Iterable

from cac_ros.bags.message import Topic

TRANSPORTS = {
    "theora_image_transport/msg/Packet": ("theora", "theora_image_transport"),
}
"""Video types: the name of their transport in image_transport, and the package that has it."""

_HINTS = ("image", "video", "h264", "h265", "jpeg", "foxglove.rawimage", "disparity")


def unread_pictures(topics: Iterable[Topic]) -> str:
    """Sentences about topics with pictures of a type that is not read; empty without such a topic."""
    by_name = sorted(topics, key=lambda topic: (topic.count == 0, topic.name))
    for topic in by_name:
        if topic.msgtype in TRANSPORTS:
            transport, package = TRANSPORTS[topic.msgtype]
            images = f"{topic.name.removesuffix(f'/{transport}')}/compressed"
            return (
                f"{topic.name} is a video ({topic.msgtype}). Play the bag, run `ros2 run image_transport republish "
                f"--ros-args --param in_transport:={transport} --param out_transport:=compressed "
                f"-r in/{transport}:={topic.name} -r out/compressed:={images}` (package {package}), "
                f"and record {images}."
            )
    for topic in by_name:
        if any(hint in topic.msgtype.lower() for hint in _HINTS):
            return (
                f"{topic.name} may show pictures, but its type {topic.msgtype} is not read; record it as "
                "sensor_msgs/msg/Image or sensor_msgs/msg/CompressedImage."
            )
    return ""
