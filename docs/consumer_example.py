# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Drive only while the camera shows a known thing: stop on unknown, and when no answer comes. Needs no PyTorch.

python3 docs/consumer_example.py --ros-args -r classification:=/cac_classifier/classification
"""

import contextlib
import time

import rclpy
from cac_msgs.msg import OpenSetClassification
from geometry_msgs.msg import Twist
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

SPEED = 0.2  # [m/s]
PATIENCE = 0.5  # [s]; an answer that is older than this says nothing about now


class StopOnUnknown(Node):
    """Sends a velocity ten times a second: forwards after a known answer, zero in all other cases."""

    def __init__(self) -> None:
        super().__init__("stop_on_unknown")
        self.known_until = 0.0
        self.velocity = self.create_publisher(Twist, "cmd_vel", 10)
        self.create_subscription(OpenSetClassification, "classification", self.on_answer, 10)
        self.create_timer(0.1, self.drive)

    def on_answer(self, answer: OpenSetClassification) -> None:
        """Remember a known answer for a while; stop at once on unknown."""
        self.known_until = 0.0 if answer.unknown else time.monotonic() + PATIENCE
        if answer.unknown:  # also when the camera or the engine failed: `reason` says which
            self.get_logger().warning(f"unknown, nearest {answer.nearest_label!r}", throttle_duration_sec=1.0)
            self.drive()

    def drive(self) -> None:
        """Send the velocity for this moment."""
        command = Twist()
        command.linear.x = SPEED if time.monotonic() < self.known_until else 0.0
        self.velocity.publish(command)


if __name__ == "__main__":
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(StopOnUnknown())
