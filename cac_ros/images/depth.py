# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Distances and raw numbers become grey by two stated limits: nothing is guessed from what one frame shows."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

DepthRange = tuple[float, ...]  # two
"""The value that becomes black, and the larger one that becomes white, as they stand in the image.

These are metres for 32FC1, and what the camera counts for 16 bits (REP 118: millimetres for 16UC1 of a depth camera).
"""

HEADER_BYTES = 12
"""compressed_depth_image_transport puts an int32 and two float32 in front of its file."""


def grey_of_depth(values: NDArray[Any], limits: DepthRange) -> NDArray[np.uint8]:
    """Values ``(H, W)`` as grey: black at and below the lower limit, white at and above the upper one, rounded.

    A pixel without a value is black: NaN, and 0 unless the lower limit is negative. REP 117: what is too far is +inf
    and white, what is too near is -inf and black.
    """
    low, high = limits
    scaled = (values.astype(np.float32) - np.float32(low)) * np.float32(255.0 / (high - low))
    np.nan_to_num(scaled, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
    grey: NDArray[np.uint8] = np.rint(np.clip(scaled, 0.0, 255.0)).astype(np.uint8)
    return grey


def metres_of_quantised(stored: NDArray[Any], header: bytes) -> NDArray[np.float32]:
    """What compressed_depth_image_transport made of a 32FC1 image: depth = a / (stored - b), and 0 is no value.

    Args:
        stored: 16 bits ``(H, W)``.
        header: the first :data:`HEADER_BYTES` of the message.
    """
    a, b = struct.unpack("<4xff", header)
    with np.errstate(all="ignore"):  # a damaged header gives infinite or negative distances: white or black
        metres = np.float32(a) / (stored.astype(np.float32) - np.float32(b))
    return np.where(stored == 0, np.float32(np.nan), metres)
