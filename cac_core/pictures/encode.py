# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures as JPEG."""

from typing import Any

import cv2
from numpy.typing import NDArray

PHOTO_QUALITY = 95
"""Of pictures that a model may learn from."""


def encode_jpeg(picture: NDArray[Any], quality: int = PHOTO_QUALITY) -> bytes:
    """A BGR ``(H, W, 3)`` or grey ``(H, W)`` uint8 picture as a JPEG file."""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
