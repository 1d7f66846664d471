# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""YUV in two planes: NV12, NV21 and NV24. All luma comes first, then the two chroma values beside each other."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_ros.images.encodings import LAYOUTS, BadFrameError

# ITU-R BT.601 with luma from 16 to 235, as OpenCV's conversions of the other YUV encodings. Columns: Y, U, V, 1.
_BT601 = np.array(
    [
        [1.164, 0.0, 1.596, -1.164 * 16 - 1.596 * 128],
        [1.164, -0.391, -0.813, -1.164 * 16 + (0.391 + 0.813) * 128],
        [1.164, 2.018, 0.0, -1.164 * 16 - 2.018 * 128],
    ],
    np.float32,
)


def rgb_of_planes(buffer: NDArray[np.uint8], encoding: str, width: int, height: int, step: int) -> NDArray[np.uint8]:
    """The picture ``(H, W, 3)``.

    Args:
        buffer: the bytes of the message.
        encoding: nv12, nv21 or nv24.
        width: pixels.
        height: pixels.
        step: bytes of a row of luma. Some publishers count both planes (2 x width); then rows without padding are
            read, if the data has that length.

    Raises:
        BadFrameError: the bytes are too few, or a side is odd where four pixels share their colour.
    """
    chroma = LAYOUTS[encoding].chroma
    if chroma < 1 and (width % 2 or height % 2):
        raise BadFrameError(f"encoding {encoding} needs an even width and height, not {width}x{height}")
    if step == 2 * width and buffer.size == _needed(width, height, chroma):
        step = width
    if buffer.size < _needed(step, height, chroma):
        raise BadFrameError(
            f"data is too short: {height} rows of {step} bytes (step) of {encoding} need "
            f"{_needed(step, height, chroma)} bytes"
        )
    if chroma < 1:
        rows = np.ndarray((height * 3 // 2, width), np.uint8, buffer, strides=(step, 1))
        return cast("NDArray[np.uint8]", cv2.cvtColor(np.ascontiguousarray(rows), cast(int, LAYOUTS[encoding].convert)))
    yuv = np.empty((height, width, 3), np.uint8)
    yuv[..., 0] = np.ndarray((height, width), np.uint8, buffer, strides=(step, 1))
    yuv[..., 1:] = np.ndarray((height, width, 2), np.uint8, buffer, step * height, strides=(2 * step, 2, 1))
    return cast("NDArray[np.uint8]", cv2.transform(yuv, _BT601))


def _needed(step: int, height: int, chroma: float) -> int:
    return int(step * height * (1 + chroma))
