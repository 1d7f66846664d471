# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JPEG and PNG files inside of sensor_msgs/CompressedImage: their headers are checked before they are decoded."""

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_ros.images.encodings import BadFrameError

_JPEG_START, _JPEG_SCAN, _JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of the segment that holds size and channels
_JPEG_FRACTIONS = {  # of the size: flags to decode with, for as many channels
    8: {1: cv2.IMREAD_REDUCED_GRAYSCALE_8, 3: cv2.IMREAD_REDUCED_COLOR_8},
    4: {1: cv2.IMREAD_REDUCED_GRAYSCALE_4, 3: cv2.IMREAD_REDUCED_COLOR_4},
    2: {1: cv2.IMREAD_REDUCED_GRAYSCALE_2, 3: cv2.IMREAD_REDUCED_COLOR_2},
}
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"
_MAX_PIXELS = 1 << 27  # 134 megapixels; a header that claims more is damaged, and decoding it could take all memory


def decode(
    buffer: NDArray[np.uint8], name: str, smallest_side: int = 0
) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], bool]:
    """Decode a JPEG or PNG file.

    Args:
        buffer: the file.
        name: of the image, for the sentence of an error.
        smallest_side: see :func:`cac_ros.images.reading.to_frame`.

    Returns:
        The pixels, grey ``(H, W)`` or BGR ``(H, W, 3)``, and whether they are fewer than the file holds.

    Raises:
        BadFrameError: it is empty, cut, damaged or of another kind.
    """
    if buffer.size == 0:
        raise BadFrameError(f"{name} is empty")
    data = buffer.tobytes()
    _check_whole(data, name)
    reduced = _reducing_flags(data, smallest_side) if smallest_side else None
    pixels = cv2.imdecode(buffer, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH if reduced is None else reduced)
    if pixels is None:
        raise BadFrameError(f"{name} cannot be decoded; it is damaged or not JPEG or PNG")
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim not in (2, 3):
        raise BadFrameError(f"{name} holds {pixels.dtype} values; only 8 and 16 bit pictures are supported")
    return pixels, reduced is not None  # type: ignore[return-value]


def _check_whole(data: bytes, name: str) -> None:
    """Refuse cut files: some OpenCV versions decode what is there and fill the rest with grey."""
    if data.startswith(_JPEG_START) and data.rfind(_JPEG_END) <= data.rfind(_JPEG_SCAN):
        raise BadFrameError(f"{name} is cut: the JPEG's end is missing")
    if data.startswith(_PNG_START):
        width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
        if not 0 < width * height <= _MAX_PIXELS:
            raise BadFrameError(f"{name} claims {width}x{height} pixels and is not read")
        if _PNG_END not in data[-64:]:
            raise BadFrameError(f"{name} is cut: the PNG's end is missing")


def _reducing_flags(data: bytes, smallest_side: int) -> int | None:
    """How to decode a JPEG so that its shorter side keeps ``smallest_side`` pixels; None: at its full size."""
    height, width, channels = _jpeg_shape(data)
    for fraction, flags in _JPEG_FRACTIONS.items():
        if channels in flags and min(height, width) >= fraction * smallest_side:
            return flags[channels]
    return None


def _jpeg_shape(data: bytes) -> tuple[int, int, int]:
    """Height, width and channels that a JPEG header names; zeros for anything that is not an 8-bit JPEG image."""
    position = 2 if data.startswith(_JPEG_START) else len(data)
    while position + 9 < len(data) and data[position] == 0xFF:
        marker, body = data[position + 1], data[position + 4 : position + 10]
        if marker in _JPEG_FRAMES:
            size = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            return (*size, body[5]) if body[0] == 8 else (0, 0, 0)
        filled = marker == 0xFF  # any number of these bytes may stand before a marker
        position += 1 if filled else 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return 0, 0, 0
