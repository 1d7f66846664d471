# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small pictures inside a page."""

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_core.pictures.encode import encode_jpeg


def thumbnail(bgr: NDArray[np.uint8], longest_side: int) -> str:
    """A picture as a data URI; see :func:`small_jpeg`."""
    return "data:image/jpeg;base64," + base64.b64encode(small_jpeg(bgr, longest_side)).decode()


def small_jpeg(bgr: NDArray[np.uint8], longest_side: int, quality: int = 82) -> bytes:
    """A picture to look at, as a JPEG file.

    Args:
        bgr: pixels ``(H, W, 3)`` in OpenCV's order, or grey ``(H, W)``.
        longest_side: in pixels; a larger picture is reduced to it, a smaller one is kept.
        quality: of the JPEG.
    """
    pixels = np.ascontiguousarray(bgr)
    scale = min(1.0, longest_side / max(pixels.shape[:2]))
    if scale < 1.0:
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return encode_jpeg(pixels, quality)
