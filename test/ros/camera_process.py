# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cameras in a process of their own, until they are killed: TOPIC:RATE:WIDTH:HEIGHT:RED,GREEN,BLUE for each."""

import sys

import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from test.ros.driver import picture


def add_camera(node: Node, description: str) -> None:
    topic, rate, width, height, colour = description.split(":")
    publisher = node.create_publisher(Image, topic, QoSProfile(depth=10))
    message = picture([int(value) for value in colour.split(",")], int(width), int(height))
    message.header.frame_id = topic

    def send() -> None:
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)

    node.create_timer(1 / float(rate), send)


if __name__ == "__main__":
    rclpy.init()
    cameras = rclpy.create_node("cameras")
    for description in sys.argv[1:]:
        add_camera(cameras, description)
    rclpy.spin(cameras)
