# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS image messages to frames. No ROS is imported: messages are read by their fields."""

from cac_ros.images.encodings import ENCODINGS, LAYOUTS, BadFrameError, bgr_pixels, layout_of
from cac_ros.images.reading import ReducedFrame, to_bgr, to_frame

__all__ = [
    "ENCODINGS",
    "LAYOUTS",
    "BadFrameError",
    "ReducedFrame",
    "bgr_pixels",
    "layout_of",
    "to_bgr",
    "to_frame",
]
