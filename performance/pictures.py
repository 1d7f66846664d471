# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the measuring camera publishes: pictures with the detail and the noise of a real one."""

import array
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

JPEG_QUALITY = 90
_NOISE = 4.0  # [grey levels]; without it JPEG files would be far smaller than a camera's, with more of it far larger


def pictures(width: int, height: int, jpeg: bool, count: int = 4) -> list[Image] | list[CompressedImage]:
    """Messages with different pictures, bgr8 or JPEG."""
    made = [_picture(width, height, seed) for seed in range(count)]
    if jpeg:
        return [CompressedImage(format="bgr8; jpeg compressed bgr8", data=_jpeg(pixels)) for pixels in made]
    return [
        Image(height=height, width=width, encoding="bgr8", step=3 * width, data=array.array("B", pixels.tobytes()))
        for pixels in made
    ]


def _picture(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    noisy: NDArray[np.floating[Any]] = smooth + random.normal(0.0, _NOISE, smooth.shape)
    return noisy.clip(0, 255).astype(np.uint8)


def _jpeg(pixels: np.ndarray) -> "array.array[int]":
    return array.array("B", cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes())
