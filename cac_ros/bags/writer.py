# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write a rosbag2 recording of camera frames; the demo and the tests record with it."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from rosbags.interfaces import Connection
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from cac_ros.images import bytes_per_pixel

_TYPES = get_typestore(Stores.ROS2_HUMBLE)


class BagWriter:
    """A new bag open for writing; use it in a `with` statement. Leaving it by an error removes nothing."""

    def __init__(self, path: Path | str, storage: Literal["mcap", "sqlite3"] = "mcap", compress: bool = False) -> None:
        """Prepare a bag.

        Args:
            path: the folder to create; it must not exist.
            storage: kind of file inside it.
            compress: zstd inside the mcap file (mcap only).
        """
        self._writer = Writer(Path(path), version=9, storage_plugin=StoragePlugin[storage.upper()])
        if compress:
            self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> BagWriter:
        self._writer.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    def write(self, topic: str, time_ns: int, message: Any, msgtype: str) -> None:
        """Write any message of rosbags' ROS 2 types."""
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(topic, msgtype, typestore=_TYPES)
        self._writer.write(self._connections[topic], time_ns, _TYPES.serialize_cdr(message, msgtype))

    def write_image(self, topic: str, time_ns: int, pixels: np.ndarray, encoding: str = "bgr8") -> None:
        """Write a camera frame stamped with its time of recording.

        Args:
            topic: for example "/camera/image_raw".
            time_ns: time of recording and stamp of the header.
            pixels: (H, W) or (H, W, C), of the kind that the encoding asks.
            encoding: one with one plane.
        """
        height, width = pixels.shape[:2]
        message = _TYPES.types["sensor_msgs/msg/Image"](
            header=header(time_ns),
            height=height,
            width=width,
            encoding=encoding,
            is_bigendian=0,
            step=width * bytes_per_pixel(encoding),
            data=np.ascontiguousarray(pixels).reshape(-1).view(np.uint8),
        )
        self.write(topic, time_ns, message, "sensor_msgs/msg/Image")

    def write_jpeg(self, topic: str, time_ns: int, encoded: bytes, form: str = "jpeg") -> None:
        """Write an encoded frame (JPEG or PNG) as sensor_msgs/CompressedImage."""
        message = _TYPES.types["sensor_msgs/msg/CompressedImage"](
            header=header(time_ns), format=form, data=np.frombuffer(encoded, np.uint8)
        )
        self.write(topic, time_ns, message, "sensor_msgs/msg/CompressedImage")

    def write_string(self, topic: str, time_ns: int, text: str) -> None:
        """Write a std_msgs/String, for example a label."""
        self.write(topic, time_ns, _TYPES.types["std_msgs/msg/String"](data=text), "std_msgs/msg/String")


def header(time_ns: int, frame_id: str = "camera") -> Any:
    """A std_msgs/Header of rosbags' types."""
    seconds, nanoseconds = divmod(time_ns, 10**9)
    stamp = _TYPES.types["builtin_interfaces/msg/Time"](sec=seconds, nanosec=nanoseconds)
    return _TYPES.types["std_msgs/msg/Header"](stamp=stamp, frame_id=frame_id)
