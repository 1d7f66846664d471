# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS image messages to frames: everything is checked, and what needs no conversion is not copied.

Messages are read by their fields only, so rclpy messages and those deserialised by ``rosbags`` work alike.

The conversions are plain ``cv2.cvtColor`` calls instead of cv_bridge or rosbags-image. One table does it, the result is
the same with and without a ROS installation (a second library would round and demosaic differently and so shift the
rejection scores), and neither of the two handles padded rows, big-endian data and undecodable bytes without the checks
below. The tests compare the result with rosbags-image.
"""

from typing import Any, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_core.preprocessing import ColourOrder, Frame
from cac_core.support.errors import first_line


class BadFrameError(ValueError):
    """A frame that cannot be read; the message is a sentence that names what is wrong with it."""


class ReducedFrame(Frame):
    """A frame decoded at a fraction of its size.

    Attributes:
        message: what it was decoded from.
    """

    message: Any


class _Layout(NamedTuple):
    """How one pixel of an encoding lies in memory and what it becomes."""

    channels: int
    order: ColourOrder
    bytes_per_channel: int = 1
    convert: int | None = None  # cv2 colour conversion code; None: the channels are already what `order` says


_LAYOUTS: dict[str, _Layout] = {
    "rgb8": _Layout(3, "rgb"),
    "bgr8": _Layout(3, "bgr"),
    "rgba8": _Layout(4, "rgba"),
    "bgra8": _Layout(4, "bgra"),
    "mono8": _Layout(1, "grey"),
    "8UC1": _Layout(1, "grey"),
    "rgb16": _Layout(3, "rgb", 2),
    "bgr16": _Layout(3, "bgr", 2),
    "rgba16": _Layout(4, "rgba", 2),
    "bgra16": _Layout(4, "bgra", 2),
    "mono16": _Layout(1, "grey", 2),
    # sensor_msgs/image_encodings.hpp: "yuv422" is the old name of UYVY, "yuv422_yuy2" the old name of YUYV.
    "yuv422": _Layout(2, "rgb", 1, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": _Layout(2, "rgb", 1, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": _Layout(2, "rgb", 1, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": _Layout(2, "rgb", 1, cv2.COLOR_YUV2RGB_YUY2),
}
# OpenCV names a Bayer pattern by the second pixel of its second row, ROS by the first of its first: RGGB is BayerBG.
for _pattern, _code in {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}.items():
    _LAYOUTS[f"bayer_{_pattern}8"] = _Layout(1, "rgb", 1, _code)
    _LAYOUTS[f"bayer_{_pattern}16"] = _Layout(1, "rgb", 2, _code)

#: Encodings of sensor_msgs/Image that can be read.
ENCODINGS: tuple[str, ...] = tuple(_LAYOUTS)

_AMBIGUOUS = {
    "8UC3": "does not say the order of its colours; publish it as rgb8 or bgr8",
    "8UC4": "does not say the order of its colours; publish it as rgba8 or bgra8",
    "16UC1": "is a depth image or has no defined range; publish pictures as mono16 or mono8",
    "32FC1": "is a depth image, not a picture; subscribe to the camera's colour topic",
}
_TO_BGR = {
    "rgb": cv2.COLOR_RGB2BGR,
    "rgba": cv2.COLOR_RGBA2BGR,
    "bgra": cv2.COLOR_BGRA2BGR,
    "grey": cv2.COLOR_GRAY2BGR,
}
_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of the segment that holds size and channels
_JPEG_FRACTIONS = {  # of the size: flags to decode with, for as many channels
    8: {1: cv2.IMREAD_REDUCED_GRAYSCALE_8, 3: cv2.IMREAD_REDUCED_COLOR_8},
    4: {1: cv2.IMREAD_REDUCED_GRAYSCALE_4, 3: cv2.IMREAD_REDUCED_COLOR_4},
    2: {1: cv2.IMREAD_REDUCED_GRAYSCALE_2, 3: cv2.IMREAD_REDUCED_COLOR_2},
}
_MAX_PIXELS = 1 << 27  # 134 megapixels; a header that claims more is damaged, and decoding it could take all memory


def to_frame(message: Any, enough: int = 0) -> Frame:
    """Read a ``sensor_msgs/Image`` or ``sensor_msgs/CompressedImage``.

    Args:
        message: the message, from rclpy or from rosbags.
        enough: a JPEG image is decoded at a half, a quarter or an eighth of its size where its shorter side keeps so
            many pixels, which is faster and changes the rejection scores; 0 = always at its full size.

    Returns:
        The frame; a :class:`ReducedFrame` if it is smaller than the image. For the 8-bit rgb, bgr, rgba, bgra and mono
        encodings its pixels are a view on the message's buffer.

    Raises:
        BadFrameError: the message cannot be read, whatever it holds.
    """
    try:
        return _compressed_frame(message, enough) if hasattr(message, "format") else _raw_frame(message)
    except BadFrameError:
        raise
    except (cv2.error, ValueError, TypeError, OverflowError, MemoryError, AttributeError) as error:
        # The checks below name every cause known to us; what is left is still the frame's fault and not the node's.
        raise BadFrameError(f"the image cannot be read: {type(error).__name__}: {first_line(error)[:200]}") from error


def to_bgr(frame: Frame) -> NDArray[np.uint8]:
    """The pixels ``(H, W, 3)`` in OpenCV's order, for drawing and saving; a view if they are in that order already.

    Always at the image's full size: a reduced frame is decoded once more. Raises BadFrameError where that fails.
    """
    if isinstance(frame, ReducedFrame):
        frame = to_frame(frame.message)
    if frame.order not in _TO_BGR:
        return frame.pixels
    return cast("NDArray[np.uint8]", cv2.cvtColor(frame.pixels, _TO_BGR[frame.order]))


def _raw_frame(message: Any) -> Frame:
    encoding, width, height, step = message.encoding, int(message.width), int(message.height), int(message.step)
    layout = _LAYOUTS.get(encoding)
    if layout is None:
        if encoding in _AMBIGUOUS:
            raise BadFrameError(f"encoding {encoding} {_AMBIGUOUS[encoding]}")
        raise BadFrameError(f"encoding {_quoted(encoding)} is not supported; supported are {', '.join(ENCODINGS)}")
    if width <= 0 or height <= 0:
        raise BadFrameError(f"the image is empty: width {width}, height {height}")
    pixel_bytes = layout.channels * layout.bytes_per_channel
    if step < width * pixel_bytes:
        raise BadFrameError(
            f"step {step} is too small: {width} pixels of {encoding} need {width * pixel_bytes} bytes a row"
        )
    buffer = _bytes(message.data)
    if buffer.size < step * height:
        raise BadFrameError(
            f"data holds {buffer.size} bytes, but {height} rows of {step} bytes (step) need {step * height}"
        )
    swap = layout.bytes_per_channel == 2 and bool(message.is_bigendian)
    dtype = np.dtype("u1" if layout.bytes_per_channel == 1 else ">u2" if swap else "<u2")
    shape, strides = [height, width], [step, pixel_bytes]
    if layout.channels > 1:
        shape, strides = [*shape, layout.channels], [*strides, layout.bytes_per_channel]
    pixels = np.ndarray(shape, dtype, buffer, strides=strides)
    return _convert(pixels, encoding, layout)


def _compressed_frame(message: Any, enough: int) -> Frame:
    buffer = _bytes(message.data)
    name = f"the compressed image (format {_quoted(message.format)}, {buffer.size} bytes)"
    if buffer.size == 0:
        raise BadFrameError(f"{name} is empty")
    data = buffer.tobytes()
    _check_container(data, name)
    # image_transport stores a Bayer mosaic as a grey picture and names the mosaic in front of the semicolon.
    mosaic = str(message.format).partition(";")[0].strip()
    reduced = _reducing_flags(data, enough) if enough and not mosaic.startswith("bayer_") else None
    pixels = cv2.imdecode(buffer, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH if reduced is None else reduced)
    if pixels is None:
        raise BadFrameError(f"{name} cannot be decoded; it is damaged or not JPEG or PNG")
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim not in (2, 3):
        raise BadFrameError(f"{name} holds {pixels.dtype} values; only 8 and 16 bit pictures are supported")
    bits = 8 * pixels.dtype.itemsize
    if pixels.ndim == 2 and mosaic.startswith("bayer_") and mosaic.rstrip("0123456789") + str(bits) in _LAYOUTS:
        encoding = mosaic.rstrip("0123456789") + str(bits)
    else:
        encoding = f"mono{bits}" if pixels.ndim == 2 else f"bgr{bits}"
    frame = _convert(cast("NDArray[Any]", pixels), encoding, _LAYOUTS[encoding])
    if reduced is not None:
        frame = ReducedFrame(*frame)
        frame.message = message
    return frame


def _reducing_flags(data: bytes, enough: int) -> int | None:
    """How to decode a JPEG image so that ``enough`` pixels are left of its shorter side; None: at its full size."""
    height, width, channels = _jpeg_shape(data)
    for fraction, flags in _JPEG_FRACTIONS.items():
        if channels in flags and min(height, width) >= fraction * enough:
            return flags[channels]
    return None


def _jpeg_shape(data: bytes) -> tuple[int, int, int]:
    """Height, width and channels that a JPEG header names; zeros for anything that is not an 8-bit JPEG image."""
    position = 2 if data.startswith(b"\xff\xd8") else len(data)
    while position + 9 < len(data) and data[position] == 0xFF:
        marker, body = data[position + 1], data[position + 4 : position + 10]
        if marker in _JPEG_FRAMES:
            size = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            return (*size, body[5]) if body[0] == 8 else (0, 0, 0)
        filled = marker == 0xFF  # any number of these bytes may stand before a marker
        position += 1 if filled else 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return 0, 0, 0


def _convert(pixels: NDArray[Any], encoding: str, layout: _Layout) -> Frame:
    """Demosaic or decode YUV, then bring 16 bits to 8. ``pixels`` may be strided and of any byte order."""
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
    return Frame(pixels, layout.order)


def _check_container(data: bytes, name: str) -> None:
    """Refuse cut files: some OpenCV versions decode what is there and fill the rest with grey."""
    if data.startswith(b"\xff\xd8") and data.rfind(_JPEG_END) <= data.rfind(_JPEG_SCAN):
        raise BadFrameError(f"{name} is cut: the JPEG's end is missing")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
        if not 0 < width * height <= _MAX_PIXELS:
            raise BadFrameError(f"{name} claims {width}x{height} pixels and is not read")
        if b"IEND" not in data[-64:]:
            raise BadFrameError(f"{name} is cut: the PNG's end is missing")


def _bytes(data: Any) -> NDArray[np.uint8]:
    """The message's bytes as uint8, without a copy (rclpy gives array.array, rosbags an ndarray)."""
    return np.frombuffer(data, np.uint8) if len(data) else np.empty(0, np.uint8)


def _quoted(text: str) -> str:
    """Text of unknown origin for a log line: quoted, control characters escaped, shortened."""
    return repr(text if len(text) <= 40 else text[:40] + "…")
