# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""sensor_msgs/CompressedImage: JPEG and PNG files, read strictly; nothing else is accepted.

Its field ``format`` names the raw image that was compressed and how: ``rgb8; jpeg compressed bgr8``,
``mono16; png compressed``, ``16UC1; compressedDepth png``; or only ``jpeg`` or ``png`` (CompressedImage.msg).
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.pictures import PictureError, check_file_size, claimed_pixels, decode_jpeg, decode_png, jpeg, png
from cac_core.support import limits
from cac_ros.images.depth import HEADER_BYTES, DepthRange, metres_of_quantised
from cac_ros.images.encodings import LAYOUTS, BadFrameError, layout_of, quoted

_GENERIC = re.compile(r"\d+[A-Z]+C\d*")  # 16UC1, 32FC1, 8UC3: a type of memory, which says nothing of colours
_DEPTH, _RVL = "compressedDepth", "rvl"  # compressed_depth_image_transport


def raw_encoding(pixel_format: str) -> str:
    """The encoding of the raw image that was compressed, as the message's format declares it; it may be any text."""
    return pixel_format.partition(";")[0].strip()


def check_raw_encoding(pixel_format: str, depth_range: DepthRange | None) -> None:
    """Refuse what is refused as a raw image, with the same sentence, whatever the file holds.

    Raises:
        BadFrameError: an image of distances without limits, or of a type of memory that is not read.
    """
    encoding = raw_encoding(pixel_format)
    if encoding in LAYOUTS or _GENERIC.fullmatch(encoding):
        layout_of(encoding, depth_range)
    elif _DEPTH in pixel_format:
        layout_of("16UC1", depth_range)


def holds_depth(pixel_format: str) -> bool:
    """Whether the raw image that was compressed held distances or raw numbers."""
    layout = LAYOUTS.get(raw_encoding(pixel_format))
    return layout.limits == "needed" if layout is not None else _DEPTH in pixel_format


def stored_depth(pixels: NDArray[Any], pixel_format: str, data: bytes) -> tuple[NDArray[Any], str]:
    """The values of the raw image of distances that was compressed, and its encoding.

    Args:
        pixels: 16 bits ``(H, W)``, as the file holds them.
        pixel_format: the message's field ``format``.
        data: of the message.
    """
    encoding = raw_encoding(pixel_format)
    if encoding == "32FC1":
        return metres_of_quantised(pixels, data[:HEADER_BYTES]), encoding
    if encoding == "16SC1":
        return pixels.view(np.int16), encoding
    return pixels, "16UC1"


def file_start(pixel_format: str) -> int:
    """Where the file begins in the data of a message with this format [bytes]."""
    return HEADER_BYTES if _DEPTH in pixel_format else 0


def decode(
    data: bytes, pixel_format: str, smallest_side: int = 0, depth_range: DepthRange | None = None
) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], bool]:
    """Decode a JPEG or PNG file.

    Args:
        data: the file.
        pixel_format: the message's field ``format``.
        smallest_side: see :func:`cac_ros.images.reading.to_frame`.
        depth_range: see there.

    Returns:
        The pixels, grey ``(H, W)`` or BGR ``(H, W, 3)``, and whether they are fewer than the file holds.

    Raises:
        BadFrameError: it is empty, cut, damaged, beyond a limit, of another kind, or no picture by its format.
    """
    check_raw_encoding(pixel_format, depth_range)
    data = data[file_start(pixel_format) :]
    try:
        check_file_size(len(data))
        if claimed_pixels(data) > limits.MESSAGE_PIXELS:
            raise PictureError(f"it has too many pixels; the limit of an image message is {limits.MESSAGE_PIXELS:,}")
        if data.startswith(jpeg.START):
            return decode_jpeg(data, "BGR", smallest_side)
        if data.startswith(png.START):
            return decode_png(data), False
        if _DEPTH in pixel_format and _RVL in pixel_format:
            raise PictureError("RVL is not read; let the publisher compress with png")
        raise PictureError("it is damaged or neither JPEG nor PNG")
    except PictureError as error:
        raise BadFrameError(
            f"the compressed image (format {quoted(pixel_format)}) cannot be decoded: {error}"
        ) from None
