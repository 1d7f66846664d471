# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A subscriber of the answers that needs SECONDS for each of them, until it is killed; says when it hears the first."""

import sys
import time

import rclpy
from cac_msgs.msg import OpenSetClassification
from rclpy.qos import QoSProfile


def main(seconds: float) -> None:
    rclpy.init()
    node = rclpy.create_node("subscriber")

    def hear(_: OpenSetClassification) -> None:
        sys.stdout.write("heard\n")
        sys.stdout.flush()
        time.sleep(seconds)

    node.create_subscription(OpenSetClassification, "cac_classifier/classification", hear, QoSProfile(depth=10))
    rclpy.spin(node)


if __name__ == "__main__":
    main(float(sys.argv[1]))
