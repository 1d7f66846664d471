# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stands in for RViz, with its command line: reads a layout, subscribes as it says, and ends with the first image.

``viewer.py -d cac_ros.rviz --ros-args -r /cac_classifier/debug_image:=/its/topic``

Prints the topic, once it is remapped, then the size of the image.
"""

import sys
import time
from pathlib import Path
from typing import Any

import rclpy
import yaml
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

TIMEOUT = 120.0


def quality_of_service(topic: dict[str, object]) -> QoSProfile:
    """What a topic of a layout asks for; RViz writes the names of the policies in words."""
    words = {key: str(topic[f"{key.title()} Policy"]).lower().replace(" ", "_") for key in POLICIES}
    values: dict[str, Any] = {key: policy.get_from_short_key(words[key]) for key, policy in POLICIES.items()}
    return QoSProfile(depth=int(str(topic["Depth"])), **values)


POLICIES = {"history": HistoryPolicy, "reliability": ReliabilityPolicy, "durability": DurabilityPolicy}


def main(arguments: list[str]) -> int:
    layout = yaml.safe_load(Path(arguments[arguments.index("-d") + 1]).read_text(encoding="utf-8"))
    (display,) = layout["Visualization Manager"]["Displays"]
    rclpy.init(args=arguments)
    node = rclpy.create_node("rviz")
    images: list[Image] = []
    topic = display["Topic"]
    hear = node.create_subscription(Image, topic["Value"], images.append, quality_of_service(topic))
    sys.stdout.write(f"{hear.topic_name}\n")
    sys.stdout.flush()
    end = time.monotonic() + TIMEOUT
    while not images and time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.2)
    if images:
        sys.stdout.write(f"{images[0].width}x{images[0].height} {images[0].encoding}\n")
    sys.stdout.flush()
    node.destroy_node()
    rclpy.shutdown()
    return 0 if images else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
