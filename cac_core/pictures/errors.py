# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a picture file, and the limits that hold for every format."""

from cac_core.support import limits


class PictureError(ValueError):
    """A picture file that is not read; the message is a clause that names the fault, without numbers that vary."""


def check_size(width: int, height: int, file_bytes: int, pixel_bytes: int = 3) -> None:
    """Refuse a picture by what its header says, before anything is allocated.

    Args:
        width: of the picture [pixels].
        height: of the picture [pixels].
        file_bytes: size of the compressed file [bytes].
        pixel_bytes: size of a decoded pixel [bytes].

    Raises:
        PictureError: it is empty or beyond a limit of :mod:`cac_core.support.limits`.
    """
    pixels, size = width * height, f"its header claims {width}x{height} pixels"
    if width <= 0 or height <= 0:
        raise PictureError(f"it is empty: {size}")
    if pixels > limits.PICTURE_PIXELS:
        raise PictureError(f"it has too many pixels: {size}, the limit is {limits.PICTURE_PIXELS:,}")
    if max(width, height) > limits.PICTURE_SIDE:
        raise PictureError(f"it is too long: {size}, the limit of a side is {limits.PICTURE_SIDE:,}")
    if pixels * pixel_bytes > limits.PICTURE_DECODED_BYTES:
        limit = limits.PICTURE_DECODED_BYTES
        raise PictureError(f"it takes too much memory: {size} of {pixel_bytes} bytes, the limit is {limit:,} bytes")
    if pixels > limits.DENSE_PICTURE_PIXELS and pixels > file_bytes * limits.PIXELS_PER_BYTE:
        limit = limits.PIXELS_PER_BYTE
        raise PictureError(f"it is too small a file for its pixels: {size}, the limit is {limit:,} pixels a byte")


def check_file_size(file_bytes: int) -> None:
    """Refuse an empty file and one beyond the limit; raises PictureError."""
    if file_bytes == 0:
        raise PictureError("it is empty")
    if file_bytes > limits.PICTURE_BYTES:
        raise PictureError(f"it is too large a file; the limit is {limits.PICTURE_BYTES:,} bytes")
