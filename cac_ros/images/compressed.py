# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""sensor_msgs/CompressedImage: JPEG and PNG files, read strictly; nothing else is accepted."""

import numpy as np
from numpy.typing import NDArray

from cac_core.pictures import PictureError, check_file_size, decode_jpeg, decode_png, jpeg, png
from cac_ros.images.encodings import BadFrameError, quoted


def decode(
    data: bytes, pixel_format: str, smallest_side: int = 0
) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], bool]:
    """Decode a JPEG or PNG file.

    Args:
        data: the file.
        pixel_format: the message's field ``format``, for the sentence of an error.
        smallest_side: see :func:`cac_ros.images.reading.to_frame`.

    Returns:
        The pixels, grey ``(H, W)`` or BGR ``(H, W, 3)``, and whether they are fewer than the file holds.

    Raises:
        BadFrameError: it is empty, cut, damaged, beyond a limit, or of another kind.
    """
    try:
        check_file_size(len(data))
        if data.startswith(jpeg.START):
            return decode_jpeg(data, "BGR", smallest_side)
        if data.startswith(png.START):
            return decode_png(data), False
        raise PictureError("it is damaged or neither JPEG nor PNG")
    except PictureError as error:
        raise BadFrameError(
            f"the compressed image (format {quoted(pixel_format)}) cannot be decoded: {error}"
        ) from None
