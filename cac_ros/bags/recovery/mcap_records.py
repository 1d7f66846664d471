# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Records of mcap files (https://mcap.dev/spec)."""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from cac_core.support.limits import BAG_BLOCK_BYTES
from cac_ros.bags.inflating import inflate
from cac_ros.bags.recovery.recovered import Channel, Entry, ros2_name

MAGIC = b"\x89MCAP0\r\n"

FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, CHUNK_INDEX, STATISTICS, DATA_END = 2, 3, 4, 5, 6, 8, 0x0B, 0x0F

Data = bytes | mmap.mmap


class Record(NamedTuple):
    """A record: what it is, where the record begins, and where its content begins and ends."""

    opcode: int
    position: int
    start: int
    end: int


def records(data: Data, position: int) -> Iterator[Record]:
    """Records one after the other; the last may end behind the data.

    Raises:
        ValueError: where no record can begin.
    """
    while position + 9 <= len(data):
        opcode = data[position]
        if opcode == 0:  # not allowed; zeros would be millions of empty records
            raise ValueError(f"no record begins at byte {position:,}")
        (length,) = struct.unpack_from("<Q", data, position + 1)
        yield Record(opcode, position, position + 9, position + 9 + length)
        position += 9 + length


def chunk_content(data: Data, start: int, end: int) -> bytes:
    """The records inside the chunk whose content is at `start` to `end`; those before the cut when the file ends there.

    Raises:
        ValueError: it is damaged, or larger than a block may be.
        struct.error: the file ends inside its first fields.
    """
    _, _, size, checksum, name = struct.unpack_from("<QQQII", data, start)
    compression = data[start + 32 : start + 32 + name].decode()
    (stored,) = struct.unpack_from("<Q", data, start + 32 + name)
    begin = start + 40 + name
    if size > BAG_BLOCK_BYTES:
        raise ValueError(f"a block of {size:,} bytes, where {BAG_BLOCK_BYTES:,} are allowed")
    if begin + stored > end:
        raise ValueError("a block that is longer than its record")
    block = inflate(data[begin : begin + stored], compression, size)
    if begin + stored <= len(data):
        if len(block) != size:
            raise ValueError(f"a block of {len(block):,} bytes that should have {size:,}")
        if checksum and zlib.crc32(block) != checksum:
            raise ValueError("a block with a wrong checksum")
    return block


def block_content(
    block: bytes, where: int, channels: dict[int, Channel], schemas: dict[int, str]
) -> tuple[list[Entry], str | None]:
    """The messages of a decompressed chunk, and what is wrong with the chunk.

    Args:
        block: its records.
        where: what the places of the messages begin with.
        channels: by number; those of the chunk are added.
        schemas: names of types by number; those of the chunk are added.
    """
    entries: list[Entry] = []
    try:
        for record in records(block, 0):
            if record.end > len(block):
                return entries, "a block that ends inside a record"
            if record.opcode == MESSAGE:
                entry = message_entry(block, record, (where,))
                if entry.channel in channels:
                    entries.append(entry)
            else:
                read_definition(block, record, channels, schemas)
    except (ValueError, struct.error) as error:
        # The bytes before the place where it is noticed may be damaged as well.
        return entries[:-1], str(error)
    return entries, None


def read_definition(data: Data, record: Record, channels: dict[int, Channel], schemas: dict[int, str]) -> None:
    """Remember what a schema or a channel says; other records say nothing here."""
    if record.opcode == SCHEMA:
        (schema,) = struct.unpack_from("<H", data, record.start)
        schemas[schema] = _string(data, record.start + 2, record.end)[0]
    elif record.opcode == CHANNEL:
        channel, schema = struct.unpack_from("<HH", data, record.start)
        topic, position = _string(data, record.start + 4, record.end)
        encoding, _ = _string(data, position, record.end)
        channels[channel] = Channel(topic, ros2_name(schemas.get(schema, "")), encoding)


def message_entry(data: Data, record: Record, where: tuple[int, ...]) -> Entry:
    """Where a message lies."""
    channel, _, time_ns, _ = struct.unpack_from("<HIQQ", data, record.start)
    if record.end < record.start + 22:
        raise ValueError("a message that is too short")
    return Entry(time_ns, channel, (*where, record.start + 22, record.end - record.start - 22))


def _string(data: Data, position: int, end: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", data, position)
    if position + 4 + length > end:
        raise ValueError("a text that is longer than its record")
    return data[position + 4 : position + 4 + length].decode(), position + 4 + length
