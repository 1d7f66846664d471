# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Camera topics of bags: rosbag2 folders (mcap, sqlite3), a bare `.mcap` or `.db3`, and ROS 1 `.bag` files.

Reading goes through `rosbags`; what it refuses because the file is damaged goes through `cac_ros.bags.recovery`, so
that everything before a cut is still read. What was lost is told in `Bag.notes`, in sentences for the user.
"""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import zstandard
from rosbags import rosbag1, rosbag2
from rosbags.rosbag2.storage_mcap import McapReader
from rosbags.typesys import Stores, get_typestore
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from cac_core.support.errors import CacError
from cac_ros.bags.recovery import Recovered, recover, sqlite_is_short

IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
STRING_TYPE = "std_msgs/msg/String"
BAG_FILES = (".mcap", ".db3", ".bag")

# The messages read here have not changed since ROS 2's first release, so no definition from the bag is needed.
_ROS2 = get_typestore(Stores.ROS2_HUMBLE)
_ROS1 = get_typestore(Stores.ROS1_NOETIC)
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


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


@dataclass(frozen=True)
class BagMessage:
    """One message as recorded: `time_ns` is the time of recording, `data` its bytes in `encoding` ("cdr" or "ros1")."""

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
                return _ROS1.deserialize_ros1(self.data, self.msgtype)
            return _ROS2.deserialize_cdr(self.data, self.msgtype)
        except Exception as error:  # the generated code raises whatever its first wrong byte leads to
            raise MessageError(f"a message on {self.topic} is not a readable {self.msgtype}: {error}") from error

    def cdr(self) -> bytes:
        """The message as ROS 2 sends it.

        Raises:
            MessageError: a ROS 1 message that does not fit its type.
        """
        if self.encoding != "ros1":
            return self.data
        try:
            return bytes(_ROS2.ros1_to_cdr(self.data, self.msgtype))
        except Exception as error:
            raise MessageError(f"a message on {self.topic} is not a readable {self.msgtype}: {error}") from error


@dataclass
class _Findings:
    """What is wrong with a bag, in sentences, and whether messages are missing because of it."""

    sentences: list[str] = field(default_factory=list)
    lost: bool = False

    def add(self, sentence: str, *, lost: bool = True) -> None:
        self.lost |= lost
        if sentence not in self.sentences:
            self.sentences.append(sentence)


class _Source(Protocol):
    """One file (or one healthy folder) of a bag."""

    name: str
    topics: list[Topic]
    start_ns: int | None
    end_ns: int | None

    def messages(self, topic: str, start: int | None, stop: int | None) -> Iterator[BagMessage]: ...
    def close(self) -> None: ...


class Bag:
    """A bag open for reading; use it in a `with` statement.

    Attributes:
        path: where the bag is.
        topics: every topic by name.
        start_ns, end_ns: first and last time of recording of any message, ns.
        notes: sentences about what is wrong with the bag. Reading may add to them.
        damaged: whether something of the recording is missing, as far as it was read until now.
    """

    def __init__(self, path: Path | str) -> None:
        """Open the bag.

        Raises:
            BagError: nothing there, not a bag, or nothing of it readable.
        """
        self.path = Path(path)
        self._findings = _Findings()
        self._stack = ExitStack()
        self._sources: list[_Source] = []
        try:
            for source in _open(self.path, self._findings):
                self._sources.append(source)
                self._stack.callback(source.close)
        except BaseException:
            self._stack.close()
            raise
        self.topics: dict[str, Topic] = {}
        for topic in (topic for source in self._sources for topic in source.topics):
            before = self.topics.get(topic.name)
            count = topic.count + (before.count if before else 0)
            self.topics[topic.name] = Topic(topic.name, topic.msgtype, count)
        starts = [source.start_ns for source in self._sources if source.start_ns is not None]
        ends = [source.end_ns for source in self._sources if source.end_ns is not None]
        if not starts or not ends:
            self._stack.close()
            raise BagError(" ".join([f"The bag {self.path} holds no message; record it again.", *self.notes]))
        self.start_ns, self.end_ns = min(starts), max(ends)

    def __enter__(self) -> Bag:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._stack.close()

    @property
    def notes(self) -> list[str]:
        """Sentences about what is wrong with the bag."""
        return self._findings.sentences

    @property
    def damaged(self) -> bool:
        """Whether something of the recording is missing."""
        return self._findings.lost

    def image_topics(self) -> list[Topic]:
        """Topics with images, by name."""
        return sorted((t for t in self.topics.values() if t.msgtype in IMAGE_TYPES), key=attrgetter("name"))

    def image_topic(self, name: str | None = None) -> Topic:
        """The image topic called `name`, or the only one when no name is given.

        Raises:
            BagError: there is no such topic, it has no images, or there are several to choose from.
        """
        images = self.image_topics()
        offer = ", ".join(f"{t.name} ({t.msgtype.rpartition('/')[2]}, {t.count} messages)" for t in images)
        if name is None:
            if len(images) == 1:
                return images[0]
            if images:
                raise BagError(f"{self.path} has {len(images)} image topics, choose one with --topic: {offer}.")
        else:
            found = self.topics.get(name) or self.topics.get(f"/{name.lstrip('/')}")
            if found in images:
                return found
            if images:
                problem = f"no topic {name}" if found is None else f"no images on {name} (it is a {found.msgtype})"
                raise BagError(f"{self.path} has {problem}; its image topics are: {offer}.")
        topics = ", ".join(sorted(self.topics)) or "none"
        raise BagError(f"{self.path} has no image topic (its topics: {topics}); choose a bag recorded with a camera.")

    def label_topic(self, name: str) -> Topic:
        """The `std_msgs/String` topic called `name`.

        Raises:
            BagError: there is no such topic.
        """
        found = self.topics.get(name) or self.topics.get(f"/{name.lstrip('/')}")
        if found is not None and found.msgtype == STRING_TYPE:
            return found
        strings = sorted(t.name for t in self.topics.values() if t.msgtype == STRING_TYPE)
        offer = (
            f"its std_msgs/String topics are: {', '.join(strings)}" if strings else "it has no std_msgs/String topic"
        )
        raise BagError(f"{self.path} has no label topic {name}; {offer}.")

    def messages(self, topic: str, start: int | None = None, stop: int | None = None) -> Iterator[BagMessage]:
        """Messages of one topic in the order of recording.

        Args:
            topic: its name.
            start: only messages recorded at or after this time, ns.
            stop: only messages recorded before this time, ns.

        Yields:
            The messages. Where a file turns out to be damaged they end, and `notes` says so.
        """
        # The files of a split recording follow each other, so merging reads one file at a time.
        yield from heapq.merge(
            *(self._guarded(source, topic, start, stop) for source in self._sources), key=attrgetter("time_ns")
        )

    def _guarded(self, source: _Source, topic: str, start: int | None, stop: int | None) -> Iterator[BagMessage]:
        count = 0
        try:
            for message in source.messages(topic, start, stop):
                count += 1
                yield message
            promised = sum(t.count for t in source.topics if t.name == topic)
            if start is None and stop is None and count < promised:
                # Readers skip damage that looks like an unknown record.
                raise BagError(f"{promised:,} messages on {topic} are listed, {count:,} were found")
        except Exception as error:  # noqa: BLE001 — told in `notes`; see _open
            # Damage in the middle of a file with an intact index.
            self._findings.add(f"{source.name} is damaged ({error}): not all of its messages could be read.")


class _NotIndexedError(BagError):
    """An mcap file without chunks, as `ros2 bag record --storage-preset-profile fastwrite` writes it.

    rosbags reads such a file in the order of writing, which need not be that of time, and gives up where it is not.
    """


def _lacks_chunks(storage: Any) -> bool:
    files = getattr(storage, "storages", [storage])
    return any(isinstance(file, McapReader) and not file.chunks for file in files)


class _Healthy:
    """A file or folder that `rosbags` can read."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        if any(sqlite_is_short(file) for file in ([path] if path.is_file() else path.glob("*.db3"))):
            raise BagError("a database file is shorter than it should be")
        ros1 = path.suffix == ".bag"
        self._encoding = "ros1" if ros1 else "cdr"
        self._reader = rosbag1.Reader(path) if ros1 else rosbag2.Reader(path)
        self._reader.open()
        if not ros1 and _lacks_chunks(self._reader.storage):
            self._reader.close()
            raise _NotIndexedError("it has no index")
        counts: dict[str, Topic] = {}
        for connection in self._reader.connections:
            before = counts.get(connection.topic)
            count = connection.msgcount + (before.count if before else 0)
            counts[connection.topic] = Topic(connection.topic, connection.msgtype, count)
        self.topics = list(counts.values())
        empty = self._reader.message_count == 0
        self.start_ns: int | None = None if empty else self._reader.start_time
        self.end_ns: int | None = None if empty else self._reader.end_time - 1

    def messages(self, topic: str, start: int | None, stop: int | None) -> Iterator[BagMessage]:
        connections = [c for c in self._reader.connections if c.topic == topic]
        if connections:
            for connection, time_ns, data in self._reader.messages(connections, start, stop):
                yield BagMessage(topic, time_ns, connection.msgtype, self._encoding, _unpacked(bytes(data)))

    def close(self) -> None:
        self._reader.close()


class _Damaged:
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
        channels = self._found.channels
        for entry in sorted(self._found.entries, key=attrgetter("time_ns")):
            channel = channels[entry.channel]
            late = start is not None and entry.time_ns < start
            early = stop is not None and entry.time_ns >= stop
            if channel.topic == topic and not late and not early:
                data = _unpacked(self._found.fetch(entry.place))
                yield BagMessage(topic, entry.time_ns, channel.msgtype, channel.encoding, data)

    def close(self) -> None:
        self._found.close()


def _open(path: Path, findings: _Findings) -> Iterator[_Source]:
    if not path.exists():
        raise BagError(f"There is no bag at {path}; check the path.")
    if path.is_file() and path.suffix not in BAG_FILES:
        raise BagError(f"{path} is not a bag: give a rosbag2 folder, or a .mcap, .db3 or ROS 1 .bag file.")
    for database in path.glob("*.db3") if path.is_dir() else [path]:
        _look_for_wal(database, findings)
    try:
        yield _Healthy(path)
        return
    except Exception as error:  # noqa: BLE001 — damage makes the readers raise anything: assertions, struct errors, …
        problem = error
    if path.is_file():
        yield _read_what_is_left(path, problem, findings)
        return
    before = len(findings.sentences)
    readable = 0
    failures: list[BagError] = []
    for file in _files_of(path, findings):
        try:
            source = _read_file(file, findings)
        except BagError as error:
            failures.append(error)
            continue
        readable += 1
        yield source
    if not readable:
        raise failures[0]
    for failure in failures:
        findings.add(str(failure))
    if len(findings.sentences) == before and not isinstance(problem, _NotIndexedError):
        findings.add(
            f"{path.name} could not be read as one recording ({problem}); its files were read one by one.", lost=False
        )


def _read_file(path: Path, findings: _Findings) -> _Source:
    try:
        return _Healthy(path)
    except Exception as error:  # noqa: BLE001 — see _open
        return _read_what_is_left(path, error, findings)


def _read_what_is_left(path: Path, problem: Exception, findings: _Findings) -> _Source:
    try:
        found = recover(path)
    except (ValueError, OSError, struct.error, IndexError) as error:
        raise BagError(f"Nothing of {path} can be read: {error}; copy or record the bag again.") from problem
    if found.cut is not None:
        count = len(found.entries)
        if not count:
            found.close()
            raise BagError(f"{path} is cut off before its first message; copy or record the bag again.")
        findings.add(f"{path.name} is cut off: {found.cut}. The {count:,} messages before that were read.")
    return _Damaged(path, found)


def _look_for_wal(database: Path, findings: _Findings) -> None:
    """A recorder that was killed may leave its last messages in SQLite's write-ahead log, which is not read here."""
    wal = database.with_name(database.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        findings.add(
            f"{wal.name} holds messages that were not read; run `sqlite3 {database.name} 'PRAGMA wal_checkpoint'` to "
            "add them to the bag."
        )


def _files_of(folder: Path, findings: _Findings) -> list[Path]:
    """The recording's files in order: from metadata.yaml where it is readable, otherwise by name."""
    present = sorted((f for f in folder.iterdir() if f.suffix in BAG_FILES), key=_natural)
    listed: list[Path] = []
    try:
        content = YAML(typ="safe").load((folder / "metadata.yaml").read_text(encoding="utf-8"))
        listed = [folder / Path(name).name for name in content["rosbag2_bagfile_information"]["relative_file_paths"]]
    except FileNotFoundError:
        findings.add(f"{folder.name} has no metadata.yaml; its files were read without it.", lost=False)
    except (YAMLError, KeyError, TypeError, ValueError):
        findings.add(f"{folder.name}/metadata.yaml is damaged; the bag's files were read without it.", lost=False)
    missing = [file.name for file in listed if not file.exists()]
    if missing and present:
        findings.add(f"{folder.name} misses {', '.join(missing)}, which its metadata.yaml lists; the rest was read.")
    files = [file for file in listed if file.exists()] or present
    if not files:
        raise BagError(f"{folder} is not a bag: it holds no .mcap or .db3 file; give the folder that `ros2 bag` wrote.")
    return files


def _natural(path: Path) -> tuple[int, str]:
    """bag_2.mcap before bag_10.mcap."""
    tail = path.stem.rpartition("_")[2]
    return (int(tail) if tail.isdigit() else 0, path.name)


def _unpacked(data: bytes) -> bytes:
    """Undo `ros2 bag record --compression-mode message`, which only metadata.yaml tells of; CDR never starts so."""
    if data.startswith(_ZSTD_MAGIC):
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data
