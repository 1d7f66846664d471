# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""At which fraction of its size a JPEG was decoded. No ROS in this file."""

from cac_core.pictures.jpeg import read_jpeg_header
from cac_core.preprocessing import Frame
from cac_ros.images import ReducedFrame


def fraction_of(frame: Frame) -> int:
    """1 for a frame at its full size; 2, 4 or 8 for one that was decoded at a half, a quarter or an eighth of it."""
    if not isinstance(frame, ReducedFrame):
        return 1
    header = read_jpeg_header(bytes(frame.message.data))
    fraction: int = round(min(header.height, header.width) / min(frame.pixels.shape[:2]))
    return fraction
