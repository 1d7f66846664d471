# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One file of a bag: healthy, read by `rosbags`, or damaged, read by `cac_ros.bags.recovery`."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

import zstandard
from rosbags import rosbag1, rosbag2
from rosbags.rosbag2.storage_mcap import McapReader

from cac_ros.bags.message import BagError, BagMessage, Topic, added_up
from cac_ros.bags.recovery.recovered import Recovered
from cac_ros.bags.recovery.sqlite import is_short

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class BagFile(Protocol):
    """One file (or one healthy folder) of a bag.

    Attributes:
        name: of the file.
        topics: those it has.
        start_ns, end_ns: first and last time of recording of any message, None without a message.
    """

    name: str
    topics: list[Topic]
    start_ns: int | None
    end_ns: int | None

    def messages(self, topic: str, start: int | None, stop: int | None) -> Iterator[BagMessage]:
        """Messages of one topic recorded at or after `start` and before `stop` [ns], in order."""

    def close(self) -> None:
        """Close the file."""


class NotIndexedError(BagError):
    """An mcap file without chunks, as `ros2 bag record --storage-preset-profile fastwrite` writes it.

    rosbags reads such a file in the order of writing, which need not be that of time, and gives up where it is not.
    """


def _lacks_chunks(storage: Any) -> bool:
    files = getattr(storage, "storages", [storage])
    return any(isinstance(file, McapReader) and not file.chunks for file in files)


class HealthyFile:
    """A file or folder that `rosbags` can read."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        if any(is_short(file) for file in ([path] if path.is_file() else path.glob("*.db3"))):
            raise BagError("a database file is shorter than it should be")
        self._reader = rosbag1.Reader(path) if path.suffix == ".bag" else rosbag2.Reader(path)
        self._encoding = "ros1" if isinstance(self._reader, rosbag1.Reader) else "cdr"
        self._reader.open()
        if isinstance(self._reader, rosbag2.Reader) and _lacks_chunks(self._reader.storage):
            self._reader.close()
            raise NotIndexedError("it has no index")
        connections = self._reader.connections
        self.topics = list(added_up(Topic(c.topic, c.msgtype, c.msgcount) for c in connections).values())
        empty = self._reader.message_count == 0
        self.start_ns: int | None = None if empty else self._reader.start_time
        self.end_ns: int | None = None if empty else self._reader.end_time - 1

    def messages(self, topic: str, start: int | None, stop: int | None) -> Iterator[BagMessage]:
        """Messages of one topic recorded at or after `start` and before `stop` [ns], in order."""
        connections = [c for c in self._reader.connections if c.topic == topic]
        if connections:
            for connection, time_ns, data in self._reader.messages(connections, start, stop):
                yield BagMessage(topic, time_ns, connection.msgtype, self._encoding, _unpacked(bytes(data)))

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


class DamagedFile:
    """A file read without its index."""

    def __init__(self, path: Path, found: Recovered) -> None:
        self.name = path.name
        self._found = found
        counts = dict.fromkeys(found.channels, 0)
        for entry in found.entries:
            counts[entry.channel] += 1
        self.topics = [Topic(c.topic, c.msgtype, counts[key]) for key, c in found.channels.items()]
        times = [entry.time_ns for entry in found.entries]
        self.start_ns: int | None = min(times, default=None)
        self.end_ns: int | None = max(times, default=None)

    def messages(self, topic: str, start: int | None, stop: int | None) -> Iterator[BagMessage]:
        """Messages of one topic recorded at or after `start` and before `stop` [ns], in order."""
        channels = self._found.channels
        for entry in sorted(self._found.entries, key=attrgetter("time_ns")):
            channel = channels[entry.channel]
            early = start is not None and entry.time_ns < start
            late = stop is not None and entry.time_ns >= stop
            if channel.topic == topic and not early and not late:
                data = _unpacked(self._found.fetch(entry.place))
                yield BagMessage(topic, entry.time_ns, channel.msgtype, channel.encoding, data)

    def close(self) -> None:
        """Close the file."""
        self._found.close()


def _unpacked(data: bytes) -> bytes:
    """Undo `ros2 bag record --compression-mode message`, which only metadata.yaml tells of; CDR never starts so."""
    if data.startswith(_ZSTD_MAGIC):
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data
