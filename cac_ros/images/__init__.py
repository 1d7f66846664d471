# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS image messages to frames. No ROS is imported: messages are read by their fields."""

from cac_ros.images.depth import DepthRange
from cac_ros.images.encodings import ENCODINGS, BadFrameError, bgr_pixels, bytes_per_pixel
from cac_ros.images.faint import FAINT_NOTE, FaintFrame
from cac_ros.images.reading import ReducedFrame, claimed_pixels, to_bgr, to_frame

__all__ = [
    "ENCODINGS",
    "FAINT_NOTE",
    "BadFrameError",
    "DepthRange",
    "FaintFrame",
    "ReducedFrame",
    "bgr_pixels",
    "bytes_per_pixel",
    "claimed_pixels",
    "to_bgr",
    "to_frame",
]
