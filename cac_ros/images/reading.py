# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS image messages to frames: everything is checked, and what needs no conversion is not copied.

Messages are read by their fields only, so rclpy messages and those deserialised by ``rosbags`` work alike.

The conversions are plain ``cv2.cvtColor`` calls instead of cv_bridge or rosbags-image. One table does it, the result is
the same with and without a ROS installation (a second library would round and demosaic differently and so shift the
rejection scores), and neither of the two handles padded rows, big-endian data and undecodable bytes without the checks
below. The tests compare the result with rosbags-image.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_core import pictures
from cac_core.preprocessing import Frame
from cac_core.support.errors import first_line
from cac_ros.images.compressed import decode, file_start, raw_encoding
from cac_ros.images.encodings import LAYOUTS, BadFrameError, bgr_pixels, layout_of, to_eight_bits
from cac_ros.images.faint import FaintFrame, is_faint


class ReducedFrame(Frame):
    """A frame decoded at a fraction of its size.

    Attributes:
        message: what it was decoded from.
    """

    message: Any


def to_frame(message: Any, smallest_side: int = 0) -> Frame:
    """Read a ``sensor_msgs/Image`` or ``sensor_msgs/CompressedImage``.

    Args:
        message: the message, from rclpy or from rosbags.
        smallest_side: a JPEG image is decoded at a half, a quarter or an eighth of its size as long as its shorter side
            keeps so many pixels. This is faster and changes the rejection scores; 0 = always at its full size.

    Returns:
        The frame; a :class:`ReducedFrame` if it is smaller than the image, a :class:`FaintFrame` if it uses hardly any
        of its 16 bits. For the 8-bit rgb, bgr, rgba, bgra and mono
        encodings its pixels are a view on the message's buffer.

    Raises:
        BadFrameError: the message cannot be read, whatever it holds.
    """
    try:
        return _compressed_frame(message, smallest_side) if hasattr(message, "format") else _raw_frame(message)
    except BadFrameError:
        raise
    except (cv2.error, ValueError, TypeError, OverflowError, MemoryError, AttributeError) as error:
        # The checks below name every cause known to us; what is left is still the frame's fault and not the node's.
        raise BadFrameError(f"the image cannot be read: {type(error).__name__}: {first_line(error)[:200]}") from error


def claimed_pixels(message: Any) -> int:
    """Pixels of a compressed image by the header of its file, unchecked; 0 without one and for a raw image."""
    if not hasattr(message, "format"):
        return 0
    return pictures.claimed_pixels(_bytes(message.data).data[file_start(str(message.format)) :])


def to_bgr(frame: Frame) -> NDArray[np.uint8]:
    """The pixels ``(H, W, 3)`` in OpenCV's order, for drawing and saving; a view if they are in that order already.

    Always at the image's full size: a reduced frame is decoded once more. Raises BadFrameError where that fails.
    """
    if isinstance(frame, ReducedFrame):
        frame = to_frame(frame.message)
    return bgr_pixels(frame.pixels, frame.order)


def _raw_frame(message: Any) -> Frame:
    encoding, width, height, step = message.encoding, int(message.width), int(message.height), int(message.step)
    layout = layout_of(encoding)
    if width <= 0 or height <= 0:
        raise BadFrameError(f"the image is empty: width {width}, height {height}")
    row_bytes = width * layout.pixel_bytes
    if step < row_bytes:
        raise BadFrameError(f"step {step} is too small: {width} pixels of {encoding} need {row_bytes} bytes a row")
    buffer = _bytes(message.data)
    if buffer.size < step * height:
        raise BadFrameError(f"data is too short: {height} rows of {step} bytes (step) need {step * height} bytes")
    swap = layout.bytes_per_channel == 2 and bool(message.is_bigendian)
    dtype = np.dtype("u1" if layout.bytes_per_channel == 1 else ">u2" if swap else "<u2")
    shape, strides = [height, width], [step, layout.pixel_bytes]
    if layout.channels > 1:
        shape, strides = [*shape, layout.channels], [*strides, layout.bytes_per_channel]
    pixels = np.ndarray(shape, dtype, buffer, strides=strides)
    kind = FaintFrame if is_faint(pixels) else Frame
    return kind(to_eight_bits(pixels, encoding), layout.order)


def _compressed_frame(message: Any, smallest_side: int) -> Frame:
    pixel_format = str(message.format)
    mosaic = raw_encoding(pixel_format)  # image_transport stores a Bayer mosaic as a grey picture
    is_mosaic = mosaic.startswith("bayer_")
    pixels, is_reduced = decode(_bytes(message.data).tobytes(), pixel_format, 0 if is_mosaic else smallest_side)
    bits = 8 * pixels.dtype.itemsize
    encoding = f"mono{bits}" if pixels.ndim == 2 else f"bgr{bits}"
    if is_mosaic and pixels.ndim == 2:
        bayer = mosaic.rstrip("0123456789") + str(bits)
        encoding = bayer if bayer in LAYOUTS else encoding
    kind = FaintFrame if is_faint(pixels) else Frame
    frame = kind(to_eight_bits(pixels, encoding), LAYOUTS[encoding].order)
    if is_reduced:
        frame = ReducedFrame(*frame)
        frame.message = message
    return frame


def _bytes(data: Any) -> NDArray[np.uint8]:
    """The message's bytes as uint8, without a copy (rclpy gives array.array, rosbags an ndarray)."""
    return np.frombuffer(data, np.uint8) if len(data) else np.empty(0, np.uint8)
