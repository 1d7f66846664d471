# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS 1 bags with an index, read by `rosbags`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from rosbags import rosbag1

from cac_core.support.limits import BAG_BLOCK_BYTES
from cac_ros.bags.inflating import inflate
from cac_ros.bags.message import BagMessage, Topic, added_up


class Ros1File:
    """A healthy bag of ROS 1. See `BagFile`."""

    def __init__(self, path: Path, name: str) -> None:
        """Read the index; rosbags raises whatever damage leads to."""
        self.name = name
        self._reader = rosbag1.Reader(path)
        self._reader.open()
        unpack = {
            rosbag1.reader.decompressors[compression]: partial(inflate, compression=compression, limit=BAG_BLOCK_BYTES)
            for compression in ("bz2", "lz4")
        }
        for position, chunk in self._reader.chunks.items():
            self._reader.chunks[position] = chunk._replace(
                decompressor=unpack.get(chunk.decompressor, chunk.decompressor)
            )
        connections = self._reader.connections
        self.topics = list(added_up(Topic(c.topic, c.msgtype, c.msgcount) for c in connections).values())
        empty = not any(topic.count for topic in self.topics)
        self.start_ns: int | None = None if empty else self._reader.start_time
        self.end_ns: int | None = None if empty else self._reader.end_time - 1

    def messages(
        self, topic: str, start: int | None, stop: int | None, on_damage: Callable[[str], None]
    ) -> Iterator[BagMessage]:
        """Messages of one topic in order of time; see `BagFile`."""
        connections = [c for c in self._reader.connections if c.topic == topic]
        if connections:
            for connection, time_ns, data in self._reader.messages(connections, start, stop):
                yield BagMessage(topic, time_ns, connection.msgtype, "ros1", bytes(data))

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
