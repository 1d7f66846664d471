# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one table of encodings of sensor_msgs/Image: how a pixel lies in memory, and what it becomes."""

from typing import Any, Literal, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_core.preprocessing import ColourOrder
from cac_ros.images.depth import DepthRange, grey_of_depth


class BadFrameError(ValueError):
    """A frame that cannot be read; the message is a sentence that names what is wrong with it."""


class Layout(NamedTuple):
    """How one pixel of an encoding lies in memory, and what it becomes.

    Attributes:
        channels: values per pixel, in the first plane.
        order: of the colours, after the conversion.
        kind: NumPy's type of a value: u1, u2, i2 or f4.
        convert: OpenCV's colour conversion code; None if the channels already are what ``order`` says.
        chroma: bytes of the second plane for each of the first; 0 if there is one plane.
        limits: whether the values become grey by depth_range: never, where it is set, or always.
    """

    channels: int
    order: ColourOrder
    kind: str = "u1"
    convert: int | None = None
    chroma: float = 0.0
    limits: Literal["never", "possible", "needed"] = "never"

    @property
    def bytes_per_channel(self) -> int:
        """Bytes of one value."""
        return np.dtype(self.kind).itemsize

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel, in the first plane."""
        return self.channels * self.bytes_per_channel


LAYOUTS: dict[str, Layout] = {
    "rgb8": Layout(3, "rgb"),
    "bgr8": Layout(3, "bgr"),
    "rgba8": Layout(4, "rgba"),
    "bgra8": Layout(4, "bgra"),
    "mono8": Layout(1, "grey"),
    # Types of memory without colours: OpenCV's own order is meant, as cv_bridge writes them.
    "8UC1": Layout(1, "grey"),
    "8UC3": Layout(3, "bgr"),
    "8UC4": Layout(4, "bgra"),
    "rgb16": Layout(3, "rgb", "u2"),
    "bgr16": Layout(3, "bgr", "u2"),
    "rgba16": Layout(4, "rgba", "u2"),
    "bgra16": Layout(4, "bgra", "u2"),
    "mono16": Layout(1, "grey", "u2", limits="possible"),
    "16UC1": Layout(1, "grey", "u2", limits="needed"),
    "16SC1": Layout(1, "grey", "i2", limits="needed"),
    "32FC1": Layout(1, "grey", "f4", limits="needed"),
    # sensor_msgs/image_encodings.hpp: "yuv422" is the old name of UYVY, "yuv422_yuy2" the old name of YUYV.
    "yuv422": Layout(2, "rgb", convert=cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": Layout(2, "rgb", convert=cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": Layout(2, "rgb", convert=cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": Layout(2, "rgb", convert=cv2.COLOR_YUV2RGB_YUY2),
    # Luma of all pixels first, then chroma: one pair for four pixels, or (nv24) one for each.
    "nv12": Layout(1, "rgb", convert=cv2.COLOR_YUV2RGB_NV12, chroma=0.5),
    "nv21": Layout(1, "rgb", convert=cv2.COLOR_YUV2RGB_NV21, chroma=0.5),
    "nv24": Layout(1, "rgb", chroma=2.0),
}
# OpenCV names a Bayer pattern by the second pixel of its second row, ROS by the first of its first: RGGB is BayerBG.
for _pattern, _code in {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}.items():
    LAYOUTS[f"bayer_{_pattern}8"] = Layout(1, "rgb", "u1", _code)
    LAYOUTS[f"bayer_{_pattern}16"] = Layout(1, "rgb", "u2", _code)

ENCODINGS: tuple[str, ...] = tuple(LAYOUTS)
"""Encodings of sensor_msgs/Image that can be read."""

_TO_BGR: dict[ColourOrder, int] = {
    "rgb": cv2.COLOR_RGB2BGR,
    "rgba": cv2.COLOR_RGBA2BGR,
    "bgra": cv2.COLOR_BGRA2BGR,
    "grey": cv2.COLOR_GRAY2BGR,
}


def layout_of(encoding: str, depth_range: DepthRange | None = None) -> Layout:
    """How the pixels of an encoding lie in memory.

    Raises:
        BadFrameError: it cannot be read, or not without ``depth_range``.
    """
    layout = LAYOUTS.get(encoding)
    if layout is None:
        raise BadFrameError(f"encoding {quoted(encoding)} is not supported; supported are {', '.join(ENCODINGS)}")
    if layout.limits == "needed" and depth_range is None:
        example = "[0.3, 5.0], in metres" if layout.kind == "f4" else "[300.0, 5000.0], in the units of the camera"
        raise BadFrameError(
            f"encoding {encoding} holds distances or raw numbers, no brightness: set depth_range to the values that "
            f"become black and white, such as {example}"
        )
    return layout


def bytes_per_pixel(encoding: str) -> int:
    """How many bytes a pixel takes in the first plane; raises BadFrameError for an encoding that is not supported."""
    return layout_of(encoding, (0.0, 1.0)).pixel_bytes


def to_eight_bits(pixels: NDArray[Any], encoding: str, depth_range: DepthRange | None = None) -> NDArray[np.uint8]:
    """Demosaic or decode YUV, then bring more than 8 bits to 8.

    Args:
        pixels: ``(H, W)`` or ``(H, W, C)``, of the kind of the layout; may be strided and of any byte order.
        encoding: of the pixels, one of :data:`LAYOUTS` with one plane.
        depth_range: the values that become black and white, for the encodings that it is about.

    Returns:
        uint8, in the colour order of the encoding's layout; ``pixels`` itself if there is nothing to do.
    """
    layout = LAYOUTS[encoding]
    if depth_range is not None and layout.limits != "never":
        return grey_of_depth(pixels, depth_range)
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
