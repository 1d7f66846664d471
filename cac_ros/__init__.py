# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 side of open-set recognition: a lifecycle node for cameras and an evaluation of rosbags.

Importing this package imports nothing; each module says what it needs. Only modules of this package import rclpy.
"""
