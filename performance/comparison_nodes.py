# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The nodes that ours is compared with: ``python -m performance.comparison_nodes echo|echo_jpeg|plain [MODEL DEVICE]``.

``echo`` copies the header of every image into an answer: what ROS 2 in Python costs at least, with memory kept as our
node keeps it; ``echo_jpeg`` that of every JPEG image. ``plain`` is what many perception nodes do: everything in the
image callback, NumPy preprocessing, eager PyTorch.
"""

import sys
from collections.abc import Callable
from typing import Any

import rclpy
from cac_msgs.msg import OpenSetClassification
from rclpy.executors import ExternalShutdownException
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from cac_core.support.allocator import keep_freed_memory


def echo(image: Image | CompressedImage) -> OpenSetClassification:
    """Answer with the header alone."""
    return OpenSetClassification(header=image.header)


def main() -> None:
    """Run one of the nodes until it is interrupted."""
    work: Callable[[Any], OpenSetClassification] = echo
    if sys.argv[1] == "plain":
        from performance.plain import Plain  # the echo needs no PyTorch

        work = Plain(sys.argv[2], sys.argv[3])
    else:
        keep_freed_memory()
    kind, topic = (CompressedImage, "image/compressed") if sys.argv[1] == "echo_jpeg" else (Image, "image")
    rclpy.init()
    node = rclpy.create_node("comparison")
    publisher = node.create_publisher(OpenSetClassification, "cac_classifier/classification", 10)
    qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
    node.create_subscription(kind, topic, lambda image: publisher.publish(work(image)), qos)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
