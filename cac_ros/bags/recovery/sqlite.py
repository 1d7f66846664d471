# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Damaged sqlite3 files (https://www.sqlite.org/fileformat.html)."""

from __future__ import annotations

import mmap
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from cac_ros.bags.recovery.recovered import Channel, Entry, Recovered, map_file

MAGIC = b"SQLite format 3\x00"

_LEAF = 0x0D  # type of a page that holds rows


def scan(path: Path) -> Recovered:
    """Read the pages that are there.

    SQLite itself cannot walk a table once a page of its tree is gone, and the inner pages of a long recording may lie
    behind the cut although the rows are before it; so the rows are taken from the leaf pages directly.
    """
    channels = _topics(path)
    data = map_file(path)
    found = Recovered(channels=channels, close=data.close)
    page_size, promised = _sizes(data[:100])
    usable = page_size - data[20]
    if promised > len(data):
        found.cut = f"the file has {len(data):,} of the {promised:,} bytes it should have"
    # A file of the right length is read here because pages of it were lost, and those are often zeros. SQLite has no
    # checksums: a message that ends in zeros may be a black picture or half of one.
    zeros_are_damage = promised <= len(data)
    by_id: dict[int, Entry] = {}
    for page in range(1, len(data) // page_size):
        base = page * page_size
        if data[base] == _LEAF:
            with suppress(IndexError, struct.error):  # a damaged leaf: what was found on it before counts
                for row, entry, last in _rows(data, base, page_size, usable, channels):
                    if not zeros_are_damage or last.strip(b"\0"):
                        by_id[row] = entry
    found.entries = [by_id[row] for row in sorted(by_id)]
    found.missing = _missing(path, by_id)

    def fetch(place: tuple[int, ...]) -> bytes:
        offset, payload, skip = place
        return b"".join(_payload(data, offset, payload, page_size, usable))[skip:]

    found.fetch = fetch
    return found


def _missing(path: Path, by_id: dict[int, Entry]) -> str:
    """How many messages the file has lost, in words."""
    gaps = max(by_id, default=0) - len(by_id)  # a recorder counts its rows from 1
    try:
        with closing(connect(path)) as database:
            (rows,) = database.execute("SELECT COUNT(*) FROM messages NOT INDEXED").fetchone()
    except sqlite3.Error:  # a page with rows is gone, perhaps the last one
        return f"{gaps:,} or more" if gaps > 0 else "an unknown number"
    return f"{rows - len(by_id):,}" if rows > len(by_id) else ""


def connect(path: Path) -> sqlite3.Connection:
    """Open a database as it lies there; nothing is written beside it."""
    uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, check_same_thread=False)  # a timer may interrupt it


def is_short(path: Path) -> bool:
    """Whether a database file is shorter than its header says; SQLite may open such a file and fail on some rows."""
    with path.open("rb") as file:
        header = file.read(100)
    return header.startswith(MAGIC) and (len(header) < 100 or _sizes(header)[1] > path.stat().st_size)


def _sizes(header: bytes) -> tuple[int, int]:
    """Bytes of a page and of the whole file, from the file's first 100 bytes."""
    page_size, pages = struct.unpack_from(">H", header, 16)[0], struct.unpack_from(">I", header, 28)[0]
    page_size = 65536 if page_size == 1 else page_size
    return page_size, pages * page_size


def _topics(path: Path) -> dict[int, Channel]:
    try:
        with closing(connect(path)) as database:
            # Otherwise SQLite refuses every query once the file is shorter than its header says.
            database.execute("PRAGMA writable_schema=ON")
            return read_channels(database)
    except sqlite3.Error as error:
        raise ValueError(f"its list of topics cannot be read ({error})") from error


def read_channels(database: sqlite3.Connection) -> dict[int, Channel]:
    """Topics by their number, from whatever version of rosbag2."""
    columns = {row[1] for row in database.execute("PRAGMA table_info(topics)")}
    encoding = "serialization_format" if "serialization_format" in columns else "'cdr'"
    rows = database.execute(f"SELECT id, name, type, {encoding} FROM topics").fetchall()
    return {key: Channel(str(name), str(msgtype), str(form or "cdr")) for key, name, msgtype, form in rows}


def _rows(
    data: mmap.mmap, base: int, page_size: int, usable: int, channels: dict[int, Channel]
) -> Iterator[tuple[int, Entry, bytes]]:
    """The rows of the leaf page at `base` whose data is complete: id, what and where it is, and its last piece."""
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
        pieces = list(_payload(data, offset, payload, page_size, usable)) if payload <= len(data) else []
        if sum(map(len, pieces)) == payload:
            yield row, Entry(values[2], values[1], (offset, payload, position - offset)), bytes(pieces[-1])


def _payload(data: mmap.mmap, offset: int, size: int, page_size: int, usable: int) -> Iterator[memoryview]:
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
