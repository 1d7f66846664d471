# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Topics and messages of a bag, as they were recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from cac_core.support.errors import CacError
from cac_core.support.limits import BAG_MESSAGE_BYTES
from cac_ros.bags.inflating import ZSTD_MAGIC, inflate

VIDEO_TYPES = ("ffmpeg_image_transport_msgs/msg/FFMPEGPacket", "foxglove_msgs/msg/CompressedVideo")
IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage", *VIDEO_TYPES)
STRING_TYPE = "std_msgs/msg/String"

# The messages read here have not changed since ROS 2's first release, so no definition from the bag is needed.
_ROS2 = get_typestore(Stores.ROS2_HUMBLE)
_ROS1 = get_typestore(Stores.ROS1_NOETIC)
_VIDEO = {
    VIDEO_TYPES[0]: "std_msgs/Header header\nint32 width\nint32 height\nstring encoding\nuint64 pts\nuint8 flags\n"
    "bool is_bigendian\nuint8[] data",
    VIDEO_TYPES[1]: "builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format",
}
for _name, _text in _VIDEO.items():
    _ROS2.register(get_types_from_msg(_text, _name))
_ROS1.register(get_types_from_msg(_VIDEO[VIDEO_TYPES[1]].replace("builtin_interfaces/Time", "time"), VIDEO_TYPES[1]))


class BagError(CacError):
    """A bag cannot be read, or has not what was asked of it."""


class MessageError(CacError):
    """The bytes of one message are not what its type says."""


@dataclass(frozen=True)
class Topic:
    """One topic of a bag; `count` is the number of its messages, as far as the bag says."""

    name: str
    msgtype: str
    count: int


def added_up(topics: Iterable[Topic]) -> dict[str, Topic]:
    """Topics by name; the counts of topics that occur several times are added."""
    result: dict[str, Topic] = {}
    for topic in topics:
        before = result.get(topic.name)
        result[topic.name] = replace(topic, count=topic.count + (before.count if before else 0))
    return result


@dataclass(frozen=True)
class BagMessage:
    """One message as recorded.

    Attributes:
        topic: its name.
        time_ns: the time of recording.
        msgtype: name of its type in ROS 2.
        encoding: "cdr" or "ros1".
        data: its bytes, in zstd where the recorder compressed each message.
    """

    topic: str
    time_ns: int
    msgtype: str
    encoding: str
    data: bytes

    def decode(self) -> Any:
        """The message as an object with the fields of its type.

        Raises:
            MessageError: the bytes do not fit the type.
        """
        try:
            if self.encoding == "ros1":
                return _ROS1.deserialize_ros1(self._unpacked(), self.msgtype)
            return _ROS2.deserialize_cdr(self._unpacked(), self.msgtype)
        except MessageError:
            raise
        except Exception as error:  # the generated code raises whatever its first wrong byte leads to
            raise MessageError(f"a message on {self.topic} is not a readable {self.msgtype}: {error}") from error

    def cdr(self) -> bytes:
        """The message as ROS 2 sends it.

        Raises:
            MessageError: a ROS 1 message that does not fit its type.
        """
        data = self._unpacked()
        if self.encoding != "ros1":
            return data
        try:
            return bytes(_ROS2.ros1_to_cdr(data, self.msgtype))
        except Exception as error:
            raise MessageError(f"a message on {self.topic} is not a readable {self.msgtype}: {error}") from error

    def _unpacked(self) -> bytes:
        """Undo `--compression-mode message` of ROS 2. The bytes tell of it: CDR never begins like zstd."""
        if self.encoding == "ros1" or not self.data.startswith(ZSTD_MAGIC):
            return self.data
        try:
            return inflate(self.data, "zstd", BAG_MESSAGE_BYTES)
        except ValueError as error:
            raise MessageError(f"a message on {self.topic} cannot be unpacked: {error}") from error
