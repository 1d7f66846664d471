# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The nodes that ours is compared with: ``python -m benchmarks.comparison_nodes echo|echo_jpeg|plain [MODEL DEVICE]``.

``echo`` copies the header of every image into an answer: what ROS 2 in Python costs at least; ``echo_jpeg`` that of
every JPEG image. ``plain`` is what many perception nodes do: everything in the image callback, NumPy preprocessing,
eager PyTorch.
"""

import sys
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import rclpy
import torch
from cac_msgs.msg import OpenSetClassification
from rclpy.executors import ExternalShutdownException
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from cac_core import functional
from cac_core.bundle import load_bundle


def echo(image: Image | CompressedImage) -> OpenSetClassification:
    """Answer with the header alone."""
    return OpenSetClassification(header=image.header)


class Plain:
    """Classifies in the callback."""

    def __init__(self, path: str, device: str) -> None:
        bundle = load_bundle(path)
        self.preprocessing = bundle.preprocessing
        self.device = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
        self.model = bundle.build_model().to(self.device)
        self.mean = np.array(self.preprocessing.mean, dtype=np.float32)
        self.std = np.array(self.preprocessing.std, dtype=np.float32)

    def __call__(self, image: Image) -> OpenSetClassification:
        """Classify one image the way tutorials do."""
        pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
        rgb = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        size = self.preprocessing.image_size
        resized = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA)
        normalised = (resized.astype(np.float32) / 255.0 - self.mean) / self.std
        batch = torch.from_numpy(np.ascontiguousarray(normalised.transpose(2, 0, 1)[None])).to(self.device)
        with torch.no_grad():
            gamma = functional.rejection_scores(self.model(batch))[0].cpu()
        answer = OpenSetClassification(header=image.header)
        answer.rejection_score = float(gamma.min())
        answer.rejection_scores = gamma.tolist()
        return answer


def main() -> None:
    """Run one of the nodes until it is interrupted."""
    work: Callable[[Any], OpenSetClassification] = echo
    if sys.argv[1] == "plain":
        work = Plain(sys.argv[2], sys.argv[3])
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
