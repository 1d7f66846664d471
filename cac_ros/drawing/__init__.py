# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A decision drawn on its picture, with the letters of every script. No ROS in this room."""
