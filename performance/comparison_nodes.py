# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The nodes that ours is compared with: ``python -m performance.comparison_nodes KIND [ARGUMENTS]``.

``echo`` copies the header of every image into an answer: what ROS 2 in Python costs at least, with memory kept as our
node keeps it; ``echo_jpeg`` that of every JPEG image. ``plain`` is what many perception nodes do: everything in the
image callback, NumPy preprocessing, eager PyTorch; it takes MODEL and DEVICE. ``graph`` is the least that answers with
a network: OpenCV, OpenVINO and the ONNX file GRAPH.
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


def graph_work(path: str) -> Callable[[Image], OpenSetClassification]:
    """Resize, compute, and answer with the header and the largest logit."""
    import cv2
    import numpy as np

    from cac_core.engines.openvino_quietly import import_openvino

    compiled = import_openvino().compile_model(path, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    height, width = (dimension.get_length() for dimension in list(compiled.input(0).partial_shape)[1:3])

    def work(image: Image) -> OpenSetClassification:
        pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
        logits = compiled(cv2.resize(pixels, (width, height))[np.newaxis])[0]
        return OpenSetClassification(header=image.header, nearest_index=int(logits.argmax()))

    return work


def main() -> None:
    """Run one of the nodes until it is interrupted."""
    work: Callable[[Any], OpenSetClassification] = echo
    if sys.argv[1] == "plain":
        from performance.plain import Plain  # the echo needs no PyTorch

        work = Plain(sys.argv[2], sys.argv[3])
    elif sys.argv[1] == "graph":
        keep_freed_memory()
        work = graph_work(sys.argv[2])
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
