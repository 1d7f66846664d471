# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS image messages to frames: everything is checked, and what needs no conversion is not copied.

Messages are read by their fields only, so rclpy messages and those deserialised by ``rosbags`` work alike.

The conversions are plain ``cv2.cvtColor`` calls instead of cv_bridge or rosbags-image. One table does it, the result is
the same with and without a ROS installation (a second library would round and demosaic differently and so shift the
rejection scores), and neither of the two handles padded rows, big-endian data and undecodable bytes without the checks
below. The tests compare the result with rosbags-image. What the table does not hold goes to an installed cv_bridge.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_core import pictures
from cac_core.preprocessing import Frame
from cac_core.support.errors import first_line
from cac_ros.images.compressed import decode, file_start, holds_depth, raw_encoding, stored_depth
from cac_ros.images.depth import DepthRange
from cac_ros.images.encodings import LAYOUTS, BadFrameError, bgr_pixels, layout_of, to_eight_bits
from cac_ros.images.faint import FaintFrame, is_faint
from cac_ros.images.other_encodings import frame_by_cv_bridge
from cac_ros.images.planar import rgb_of_planes


class ReducedFrame(Frame):
    """A frame decoded at a fraction of its size.

    Attributes:
        message: what it was decoded from.
    """

    message: Any


def to_frame(message: Any, smallest_side: int = 0, depth_range: DepthRange | None = None) -> Frame:
    """Read a ``sensor_msgs/Image`` or ``sensor_msgs/CompressedImage``.

    Args:
        message: the message, from rclpy or from rosbags.
        smallest_side: a JPEG image is decoded at a half, a quarter or an eighth of its size as long as its shorter side
            keeps so many pixels. This is faster and changes the rejection scores; 0 = always at its full size.
        depth_range: the values that become black and white in images of distances and other raw numbers.

    Returns:
        The frame; a :class:`ReducedFrame` if it is smaller than the image, a :class:`FaintFrame` if it uses hardly any
        of its 16 bits. For the 8-bit rgb, bgr, rgba, bgra and mono
        encodings its pixels are a view on the message's buffer.

    Raises:
        BadFrameError: the message cannot be read, whatever it holds.
    """
    try:
        if hasattr(message, "format"):
            return _compressed_frame(message, smallest_side, depth_range)
        return _raw_frame(message, depth_range)
    except BadFrameError:
        raise
    except (cv2.error, ValueError, TypeError, OverflowError, MemoryError, AttributeError, BufferError) as error:
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


def _raw_frame(message: Any, depth_range: DepthRange | None) -> Frame:
    encoding, width, height, step = message.encoding, int(message.width), int(message.height), int(message.step)
    if encoding not in LAYOUTS and (frame := frame_by_cv_bridge(message)) is not None:
        return frame
    layout = layout_of(encoding, depth_range)
    if width <= 0 or height <= 0:
        raise BadFrameError(f"the image is empty: width {width}, height {height}")
    row_bytes = width * layout.pixel_bytes
    if step < row_bytes:
        raise BadFrameError(f"step {step} is too small: {width} pixels of {encoding} need {row_bytes} bytes a row")
    buffer = _bytes(message.data)
    if layout.chroma:
        return Frame(rgb_of_planes(buffer, encoding, width, height, step), layout.order)
    if buffer.size < step * height:
        raise BadFrameError(f"data is too short: {height} rows of {step} bytes (step) need {step * height} bytes")
    dtype = np.dtype(layout.kind).newbyteorder(">" if message.is_bigendian else "<")
    shape, strides = [height, width], [step, layout.pixel_bytes]
    if layout.channels > 1:
        shape, strides = [*shape, layout.channels], [*strides, layout.bytes_per_channel]
    pixels = np.ndarray(shape, dtype, buffer, strides=strides)
    return _frame(pixels, encoding, depth_range)


def _frame(pixels: NDArray[Any], encoding: str, depth_range: DepthRange | None) -> Frame:
    layout = LAYOUTS[encoding]
    by_limits = depth_range is not None and layout.limits != "never"
    kind = FaintFrame if not by_limits and is_faint(pixels) else Frame
    return kind(to_eight_bits(pixels, encoding, depth_range), layout.order)


def _compressed_frame(message: Any, smallest_side: int, depth_range: DepthRange | None) -> Frame:
    pixel_format = str(message.format)
    raw = raw_encoding(pixel_format)  # image_transport stores a Bayer mosaic as a grey picture
    is_mosaic, is_depth = raw.startswith("bayer_"), holds_depth(pixel_format)
    data = _bytes(message.data).tobytes()
    pixels, is_reduced = decode(data, pixel_format, 0 if is_mosaic or is_depth else smallest_side, depth_range)
    bits = 8 * pixels.dtype.itemsize
    encoding = f"mono{bits}" if pixels.ndim == 2 else f"bgr{bits}"
    if is_mosaic and pixels.ndim == 2:
        bayer = raw.rstrip("0123456789") + str(bits)
        encoding = bayer if bayer in LAYOUTS else encoding
    elif is_depth and pixels.ndim == 2 and bits > 8:
        return _frame(*stored_depth(pixels, pixel_format, data), depth_range)
    frame = _frame(pixels, encoding, depth_range)
    if is_reduced:
        frame = ReducedFrame(*frame)
        frame.message = message
    return frame


def _bytes(data: Any) -> NDArray[np.uint8]:
    """The message's bytes as uint8, without a copy, from whatever has Python's buffer protocol.

    rclpy gives array.array, and rosbags an ndarray. From ROS Lyrical on rclpy may also give a rosidl_buffer.Buffer, for
    example in the memory of a GPU. It is copied by its method to_bytes().
    """
    if hasattr(data, "to_bytes") and not isinstance(data, int):
        data = data.to_bytes()
    return np.frombuffer(data, np.uint8) if memoryview(data).nbytes else np.empty(0, np.uint8)
