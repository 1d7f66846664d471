# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one table of encodings of sensor_msgs/Image: how a pixel lies in memory, and what it becomes."""

from typing import Any, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_core.preprocessing import ColourOrder


class BadFrameError(ValueError):
    """A frame that cannot be read; the message is a sentence that names what is wrong with it."""


class Layout(NamedTuple):
    """How one pixel of an encoding lies in memory, and what it becomes.

    Attributes:
        channels: values per pixel.
        order: of the colours, after the conversion.
        bytes_per_channel: 1 or 2.
        convert: OpenCV's colour conversion code; None if the channels already are what ``order`` says.
    """

    channels: int
    order: ColourOrder
    bytes_per_channel: int = 1
    convert: int | None = None

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel."""
        return self.channels * self.bytes_per_channel


LAYOUTS: dict[str, Layout] = {
    "rgb8": Layout(3, "rgb"),
    "bgr8": Layout(3, "bgr"),
    "rgba8": Layout(4, "rgba"),
    "bgra8": Layout(4, "bgra"),
    "mono8": Layout(1, "grey"),
    "8UC1": Layout(1, "grey"),
    "rgb16": Layout(3, "rgb", 2),
    "bgr16": Layout(3, "bgr", 2),
    "rgba16": Layout(4, "rgba", 2),
    "bgra16": Layout(4, "bgra", 2),
    "mono16": Layout(1, "grey", 2),
    # sensor_msgs/image_encodings.hpp: "yuv422" is the old name of UYVY, "yuv422_yuy2" the old name of YUYV.
    "yuv422": Layout(2, "rgb", 1, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": Layout(2, "rgb", 1, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": Layout(2, "rgb", 1, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": Layout(2, "rgb", 1, cv2.COLOR_YUV2RGB_YUY2),
}
# OpenCV names a Bayer pattern by the second pixel of its second row, ROS by the first of its first: RGGB is BayerBG.
for _pattern, _code in {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}.items():
    LAYOUTS[f"bayer_{_pattern}8"] = Layout(1, "rgb", 1, _code)
    LAYOUTS[f"bayer_{_pattern}16"] = Layout(1, "rgb", 2, _code)

ENCODINGS: tuple[str, ...] = tuple(LAYOUTS)
"""Encodings of sensor_msgs/Image that can be read."""

_AMBIGUOUS = {
    "8UC3": "does not say the order of its colours; publish it as rgb8 or bgr8",
    "8UC4": "does not say the order of its colours; publish it as rgba8 or bgra8",
    "16UC1": "is a depth image or has no defined range; publish pictures as mono16 or mono8",
    "32FC1": "is a depth image, not a picture; subscribe to the camera's colour topic",
}
_TO_BGR: dict[ColourOrder, int] = {
    "rgb": cv2.COLOR_RGB2BGR,
    "rgba": cv2.COLOR_RGBA2BGR,
    "bgra": cv2.COLOR_BGRA2BGR,
    "grey": cv2.COLOR_GRAY2BGR,
}


def layout_of(encoding: str) -> Layout:
    """How the pixels of an encoding lie in memory; raises BadFrameError for one that cannot be read."""
    layout = LAYOUTS.get(encoding)
    if layout is not None:
        return layout
    if encoding in _AMBIGUOUS:
        raise BadFrameError(f"encoding {encoding} {_AMBIGUOUS[encoding]}")
    raise BadFrameError(f"encoding {quoted(encoding)} is not supported; supported are {', '.join(ENCODINGS)}")


def bytes_per_pixel(encoding: str) -> int:
    """How many bytes a pixel takes; raises BadFrameError for an encoding that cannot be read."""
    return layout_of(encoding).pixel_bytes


def to_eight_bits(pixels: NDArray[Any], encoding: str) -> NDArray[np.uint8]:
    """Demosaic or decode YUV, then bring 16 bits to 8.

    Args:
        pixels: ``(H, W)`` or ``(H, W, C)``, 8 or 16 bits; may be strided and of any byte order.
        encoding: of the pixels, one of :data:`LAYOUTS`.

    Returns:
        uint8, in the colour order of the encoding's layout; ``pixels`` itself if there is nothing to do.
    """
    layout = LAYOUTS[encoding]
    if layout.bytes_per_channel == 2:
        pixels = np.ascontiguousarray(pixels, dtype=np.uint16)
    if layout.convert is not None:
        height, width = pixels.shape[:2]
        if layout.channels == 2 and width % 2:
            raise BadFrameError(f"encoding {encoding} needs an even width, not {width}")
        if layout.channels == 1 and min(width, height) < 3:
            raise BadFrameError(f"encoding {encoding} needs at least 3x3 pixels, not {width}x{height}")
        pixels = cast("NDArray[Any]", cv2.cvtColor(pixels, layout.convert))
    if pixels.dtype == np.uint16:
        pixels = cast("NDArray[Any]", cv2.convertScaleAbs(pixels, alpha=1 / 257))  # 65535 becomes 255, rounded
    return pixels


def bgr_pixels(pixels: NDArray[np.uint8], order: ColourOrder) -> NDArray[np.uint8]:
    """Pixels ``(H, W)`` or ``(H, W, C)`` of any order as OpenCV's ``(H, W, 3)``; the same array if they are that."""
    if order not in _TO_BGR:
        return pixels
    return cast("NDArray[np.uint8]", cv2.cvtColor(pixels, _TO_BGR[order]))


def quoted(text: str) -> str:
    """Text of unknown origin for a log line: quoted, control characters escaped, shortened."""
    return repr(text if len(text) <= 40 else text[:40] + "…")
