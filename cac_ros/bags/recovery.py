# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read what is left of a damaged bag file: every complete message before the cut.

A recorder that was killed or a copy that broke off leaves a file without its index, and the ordinary readers refuse it.
The functions here need no index. Each walks the file from its start, notes where every complete message lies, and stops
where the file stops making sense. Messages are read from those places later, so memory holds one entry per message, not
the messages.
"""

from __future__ import annotations

import bz2
import mmap
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote

import lz4.frame
import zstandard

MCAP_MAGIC = b"\x89MCAP0\r\n"
SQLITE_MAGIC = b"SQLite format 3\x00"
ROS1_MAGIC = b"#ROSBAG V2.0\n"


class Channel(NamedTuple):
    """A topic as the file describes it; `encoding` is "cdr" or "ros1"."""

    topic: str
    msgtype: str
    encoding: str


class Entry(NamedTuple):
    """One complete message: when it was recorded (ns), on which channel, and where its bytes are."""

    time_ns: int
    channel: int
    place: tuple[int, ...]


@dataclass
class Recovered:
    """What a scan found. `cut` says where reading ended early, None when the file was complete after all."""

    channels: dict[int, Channel] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    cut: str | None = None
    fetch: Callable[[tuple[int, ...]], bytes] = lambda _: b""
    close: Callable[[], None] = lambda: None


class _Blocks(Protocol):
    def __call__(self, start: int) -> bytes: ...


def recover(path: Path) -> Recovered:
    """Scan one bag file of any supported kind.

    Args:
        path: an `.mcap`, `.db3` or ROS 1 `.bag` file. The kind is told by its first bytes, not by its name.

    Returns:
        The messages that are complete, in the order of the file.

    Raises:
        ValueError: the file is none of these kinds, or too short to tell what it holds.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        magic = file.read(16)
    if magic.startswith(MCAP_MAGIC):
        return _recover_mcap(path)
    if magic.startswith(SQLITE_MAGIC):
        return _recover_sqlite(path)
    if magic.startswith(ROS1_MAGIC):
        return _recover_ros1(path)
    raise ValueError("it does not start like an mcap, sqlite3 or ROS 1 bag")


def inflate(data: bytes, compression: str) -> bytes:
    """Decompress as much of `data` as there is; a block cut off in its middle gives its first part.

    Raises:
        ValueError: unknown compression, or damaged data.
    """
    try:
        if compression in ("", "none"):
            return data
        if compression == "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
        if compression == "lz4":
            return bytes(lz4.frame.LZ4FrameDecompressor().decompress(data))
        if compression == "bz2":
            return bz2.BZ2Decompressor().decompress(data)
    except (zstandard.ZstdError, RuntimeError, OSError) as error:
        raise ValueError(f"damaged {compression} block: {error}") from error
    raise ValueError(f"unknown compression {compression!r}")


def _map(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _fetcher(blocks: _Blocks, data: mmap.mmap) -> Callable[[tuple[int, ...]], bytes]:
    """Bytes at (offset, size) of the file, or at (block, offset, size) of a decompressed block; two blocks are kept."""
    cached = lru_cache(maxsize=2)(blocks)

    def fetch(place: tuple[int, ...]) -> bytes:
        if len(place) == 2:
            offset, size = place
            return data[offset : offset + size]
        block, offset, size = place
        return cached(block)[offset : offset + size]

    return fetch


# --- mcap (https://mcap.dev/spec) ------------------------------------------------------------------------------------

_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _DATA_END, _FOOTER = 0x03, 0x04, 0x05, 0x06, 0x0F, 0x02


def _recover_mcap(path: Path) -> Recovered:
    data = _map(path)
    schemas: dict[int, str] = {}
    found = Recovered(close=data.close)

    def block(start: int) -> bytes:
        compression, begin, size = _mcap_chunk(data, start)
        return inflate(data[begin : begin + size], compression)

    found.fetch = _fetcher(block, data)
    position = len(MCAP_MAGIC)
    while True:
        if position + 9 > len(data):
            found.cut = f"the file ends after {len(data):,} bytes, in the middle of the recording"
            return found
        opcode = data[position]
        (length,) = struct.unpack_from("<Q", data, position + 1)
        start, end = position + 9, position + 9 + length
        if opcode in (_DATA_END, _FOOTER):
            return found
        try:
            if opcode == _CHUNK:
                inner = block(start)
                _mcap_records(inner, (start,), found, schemas)
            elif opcode in (_SCHEMA, _CHANNEL, _MESSAGE) and end <= len(data):
                _mcap_record(data, opcode, start, end, where=(), found=found, schemas=schemas)
        except (ValueError, struct.error) as error:
            if end <= len(data):
                found.cut = f"the file is damaged after byte {position:,} ({error})"
                return found
        position = end


def _mcap_chunk(data: mmap.mmap, start: int) -> tuple[str, int, int]:
    """Compression, offset and stored size of the records of the chunk whose content begins at `start`."""
    (name,) = struct.unpack_from("<I", data, start + 28)
    compression = data[start + 32 : start + 32 + name].decode()
    (size,) = struct.unpack_from("<Q", data, start + 32 + name)
    return compression, start + 40 + name, size


def _mcap_records(block: bytes, where: tuple[int, ...], found: Recovered, schemas: dict[int, str]) -> None:
    position = 0
    while position + 9 <= len(block):
        opcode = block[position]
        (length,) = struct.unpack_from("<Q", block, position + 1)
        start, end = position + 9, position + 9 + length
        if end > len(block):
            return
        _mcap_record(block, opcode, start, end, where=where, found=found, schemas=schemas)
        position = end


def _mcap_record(
    data: bytes | mmap.mmap,
    opcode: int,
    start: int,
    end: int,
    *,
    where: tuple[int, ...],
    found: Recovered,
    schemas: dict[int, str],
) -> None:
    if opcode == _MESSAGE:
        channel, _, log_time, _ = struct.unpack_from("<HIQQ", data, start)
        if channel in found.channels:
            found.entries.append(Entry(log_time, channel, (*where, start + 22, end - start - 22)))
    elif opcode == _SCHEMA:
        (schema,) = struct.unpack_from("<H", data, start)
        schemas[schema] = _string(data, start + 2)[0]
    elif opcode == _CHANNEL:
        channel, schema = struct.unpack_from("<HH", data, start)
        topic, position = _string(data, start + 4)
        encoding, _ = _string(data, position)
        found.channels[channel] = Channel(topic, _ros2_name(schemas.get(schema, "")), encoding)


def _string(data: bytes | mmap.mmap, position: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", data, position)
    return data[position + 4 : position + 4 + length].decode(), position + 4 + length


def _ros2_name(msgtype: str) -> str:
    """ROS 1 says sensor_msgs/Image where ROS 2 says sensor_msgs/msg/Image."""
    package, _, name = msgtype.partition("/")
    return msgtype if "/" in name or not name else f"{package}/msg/{name}"


# --- sqlite3 (https://www.sqlite.org/fileformat.html) ----------------------------------------------------------------


def _recover_sqlite(path: Path) -> Recovered:
    """Read the pages that are there.

    SQLite itself cannot walk a table once a page of its tree is gone, and the inner pages of a long recording may lie
    behind the cut although the rows are before it; so the rows are taken from the leaf pages directly.
    """
    channels = _sqlite_topics(path)
    data = _map(path)
    found = Recovered(channels=channels, close=data.close)
    page_size, promised = _sqlite_sizes(data[:100])
    usable = page_size - data[20]
    if promised > len(data):
        found.cut = f"the file has {len(data):,} of the {promised:,} bytes it should have"
    rows: list[tuple[int, Entry]] = []
    for page in range(1, len(data) // page_size):
        base = page * page_size
        if data[base] == 0x0D:
            rows.extend(_sqlite_rows(data, base, page_size, usable, channels))
    rows.sort(key=lambda row: row[0])
    found.entries = [entry for _, entry in rows]

    def fetch(place: tuple[int, ...]) -> bytes:
        offset, payload, skip = place
        return b"".join(_sqlite_payload(data, offset, payload, page_size, usable))[skip:]

    found.fetch = fetch
    return found


def sqlite_is_short(path: Path) -> bool:
    """Whether a database file is shorter than its header says; SQLite may open such a file and fail on some rows."""
    with path.open("rb") as file:
        header = file.read(100)
    return header.startswith(SQLITE_MAGIC) and (len(header) < 100 or _sqlite_sizes(header)[1] > path.stat().st_size)


def _sqlite_sizes(header: bytes) -> tuple[int, int]:
    """Bytes of a page and of the whole file, from the file's first 100 bytes."""
    page_size, pages = struct.unpack_from(">H", header, 16)[0], struct.unpack_from(">I", header, 28)[0]
    page_size = 65536 if page_size == 1 else page_size
    return page_size, pages * page_size


def _sqlite_topics(path: Path) -> dict[int, Channel]:
    uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            # Otherwise SQLite refuses every query once the file is shorter than its header says.
            database.execute("PRAGMA writable_schema=ON")
            rows = database.execute("SELECT id, name, type, serialization_format FROM topics").fetchall()
    except sqlite3.Error as error:
        raise ValueError(f"its list of topics cannot be read ({error})") from error
    return {key: Channel(name, msgtype, encoding) for key, name, msgtype, encoding in rows}


def _sqlite_rows(
    data: mmap.mmap, base: int, page_size: int, usable: int, channels: dict[int, Channel]
) -> Iterator[tuple[int, Entry]]:
    """The rows (id, topic_id, timestamp, data) of the leaf page at `base` whose data is complete, with their ids."""
    (cells,) = struct.unpack_from(">H", data, base + 3)
    if 8 + 2 * cells > usable:
        return
    for (pointer,) in struct.iter_unpack(">H", data[base + 8 : base + 8 + 2 * cells]):
        if pointer >= usable - 4:
            continue
        payload, position = _varint(data, base + pointer)
        row, offset = _varint(data, position)
        header, position = _varint(data, offset)
        types: list[int] = []
        while position < offset + header and len(types) < 5:
            kind, position = _varint(data, position)
            types.append(kind)
        if len(types) != 4 or types[3] < 12 or types[3] % 2 or not all(kind < 10 for kind in types[:3]):
            continue  # a row of another table
        position = offset + header
        values = []
        for kind in types[:3]:
            value, position = _integer(data, position, kind)
            values.append(value)
        if values[1] not in channels:
            continue
        if sum(map(len, _sqlite_payload(data, offset, payload, page_size, usable))) == payload:
            yield row, Entry(values[2], values[1], (offset, payload, position - offset))


def _sqlite_payload(data: mmap.mmap, offset: int, size: int, page_size: int, usable: int) -> Iterator[memoryview]:
    """The payload at `offset`, piece by piece along its overflow pages; ends early where the file does."""
    view = memoryview(data)
    local = size
    if size > usable - 35:
        least = (usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (usable - 4)
        local = local if local <= usable - 35 else least
    yield view[offset : offset + local]
    left, following = size - local, offset + local
    while left > 0 and following + 4 <= len(data):
        (page,) = struct.unpack_from(">I", data, following)
        if page == 0:
            return
        following = (page - 1) * page_size
        piece = view[following + 4 : following + 4 + min(left, usable - 4)]
        left -= len(piece)
        yield piece


def _varint(data: mmap.mmap, position: int) -> tuple[int, int]:
    value = 0
    for step in range(9):
        byte = data[position + step]
        if step == 8:
            return value << 8 | byte, position + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + step + 1
    raise AssertionError("unreachable")


def _integer(data: mmap.mmap, position: int, kind: int) -> tuple[int, int]:
    """A column of serial type 0 to 9: NULL counts as 0, 8 and 9 are the constants 0 and 1."""
    if kind in (8, 9):
        return kind - 8, position
    width = (0, 1, 2, 3, 4, 6, 8, 8)[kind]
    return int.from_bytes(data[position : position + width], "big", signed=True), position + width


# --- ROS 1 (http://wiki.ros.org/Bags/Format/2.0) ---------------------------------------------------------------------

_OP_MESSAGE, _OP_CHUNK, _OP_CONNECTION = 0x02, 0x05, 0x07


def _recover_ros1(path: Path) -> Recovered:
    data = _map(path)
    found = Recovered(close=data.close)
    complete = False

    def block(start: int) -> bytes:
        header, begin, size = _ros1_record(data, start)
        return inflate(data[begin : begin + size], header[b"compression"].decode())

    found.fetch = _fetcher(block, data)
    position = len(ROS1_MAGIC)
    while position < len(data):
        try:
            header, begin, size = _ros1_record(data, position)
            if header[b"op"] == bytes([_OP_CHUNK]):
                _ros1_records(block(position), (position,), found)
            elif begin + size <= len(data):
                complete |= header[b"op"] == b"\x06"  # chunk infos come last
                _ros1_content(data, header, begin, size, where=(), found=found)
        except struct.error:
            break  # cut inside a record's header
        except (ValueError, KeyError) as error:
            found.cut = f"the file is damaged after byte {position:,} ({error})"
            return found
        position = begin + size
    if not complete or position != len(data):
        found.cut = f"the file ends after {len(data):,} bytes, in the middle of the recording"
    return found


def _ros1_record(data: bytes | mmap.mmap, position: int) -> tuple[dict[bytes, bytes], int, int]:
    """Header fields of the record at `position`, and offset and size of its data."""
    (length,) = struct.unpack_from("<I", data, position)
    header = _ros1_fields(data[position + 4 : position + 4 + length])
    (size,) = struct.unpack_from("<I", data, position + 4 + length)
    return header, position + 8 + length, size


def _ros1_fields(header: bytes) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    position = 0
    while position < len(header):
        (size,) = struct.unpack_from("<I", header, position)
        name, separator, value = header[position + 4 : position + 4 + size].partition(b"=")
        if not separator:
            raise ValueError("a record header without fields")
        fields[name] = value
        position += 4 + size
    return fields


def _ros1_records(block: bytes, where: tuple[int, ...], found: Recovered) -> None:
    position = 0
    while position < len(block):
        try:
            header, begin, size = _ros1_record(block, position)
        except struct.error:
            return  # the block was cut inside a record header
        if begin + size > len(block):
            return
        _ros1_content(block, header, begin, size, where=where, found=found)
        position = begin + size


def _ros1_content(
    data: bytes | mmap.mmap,
    header: dict[bytes, bytes],
    begin: int,
    size: int,
    *,
    where: tuple[int, ...],
    found: Recovered,
) -> None:
    op = header[b"op"][0]
    if op == _OP_CONNECTION:
        (key,) = struct.unpack("<I", header[b"conn"])
        description = _ros1_fields(data[begin : begin + size])
        topic = "/" * header[b"topic"].startswith(b"/") + "/".join(filter(None, header[b"topic"].decode().split("/")))
        found.channels[key] = Channel(topic, _ros2_name(description[b"type"].decode()), "ros1")
    elif op == _OP_MESSAGE:
        (key,) = struct.unpack("<I", header[b"conn"])
        seconds, nanoseconds = struct.unpack("<II", header[b"time"])
        if key in found.channels:
            found.entries.append(Entry(seconds * 10**9 + nanoseconds, key, (*where, begin, size)))
