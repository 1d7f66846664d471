# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How a camera was held: EXIF orientation."""

from typing import Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

UPRIGHT = 1
_ORIENTATION = 0x0112
_ORDERS: dict[bytes, Literal["big", "little"]] = {b"MM": "big", b"II": "little"}

Pixels = TypeVar("Pixels", bound=NDArray[Any])


def orientation_of(exif: bytes) -> int:
    """Orientation in a block of EXIF data, 1 to 8; 1 (upright) if it holds none or cannot be read.

    Pillow would read it as well, but it warns on the console about odd data, and that for each frame.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(tiff[:2])
    if order is None:
        return UPRIGHT
    start = int.from_bytes(tiff[4:8], order)
    count = int.from_bytes(tiff[start : start + 2], order)
    for entry in range(start + 2, min(start + 2 + 12 * count, len(tiff)), 12):
        if int.from_bytes(tiff[entry : entry + 2], order) == _ORIENTATION:
            found = int.from_bytes(tiff[entry + 8 : entry + 10], order)
            return found if 1 <= found <= 8 else UPRIGHT
    return UPRIGHT


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """Pixels ``(H, W)`` or ``(H, W, C)`` as the camera saw them; the same array if they are upright."""
    if orientation == UPRIGHT:
        return pixels
    view: NDArray[Any] = pixels
    if orientation in (5, 6, 7, 8):
        view = view.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        view = view[::-1]
    if orientation in (2, 3, 6, 7):
        view = view[:, ::-1]
    return cast("Pixels", np.ascontiguousarray(view))
