# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Damaged mcap files (https://mcap.dev/spec)."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from cac_ros.bags.recovery.recovered import Channel, Entry, Recovered, fetcher, inflate, map_file, ros2_name

MAGIC = b"\x89MCAP0\r\n"

_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _DATA_END, _FOOTER = 0x03, 0x04, 0x05, 0x06, 0x0F, 0x02


def scan(path: Path) -> Recovered:
    """Walk the file from record to record; raises ValueError and OSError as `recover` does."""
    data = map_file(path)
    schemas: dict[int, str] = {}
    found = Recovered(close=data.close)

    def block(start: int) -> bytes:
        compression, begin, size = _chunk(data, start)
        return inflate(data[begin : begin + size], compression)

    found.fetch = fetcher(block, data)
    position = len(MAGIC)
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
                _records(inner, (start,), found, schemas)
            elif opcode in (_SCHEMA, _CHANNEL, _MESSAGE) and end <= len(data):
                _record(data, opcode, start, end, where=(), found=found, schemas=schemas)
        except (ValueError, struct.error) as error:
            if end <= len(data):
                found.cut = f"the file is damaged after byte {position:,} ({error})"
                return found
        position = end


def _chunk(data: mmap.mmap, start: int) -> tuple[str, int, int]:
    """Compression, offset and stored size of the records of the chunk whose content begins at `start`."""
    (name,) = struct.unpack_from("<I", data, start + 28)
    compression = data[start + 32 : start + 32 + name].decode()
    (size,) = struct.unpack_from("<Q", data, start + 32 + name)
    return compression, start + 40 + name, size


def _records(block: bytes, where: tuple[int, ...], found: Recovered, schemas: dict[int, str]) -> None:
    position = 0
    while position + 9 <= len(block):
        opcode = block[position]
        (length,) = struct.unpack_from("<Q", block, position + 1)
        start, end = position + 9, position + 9 + length
        if end > len(block):
            return
        _record(block, opcode, start, end, where=where, found=found, schemas=schemas)
        position = end


def _record(
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
        found.channels[channel] = Channel(topic, ros2_name(schemas.get(schema, "")), encoding)


def _string(data: bytes | mmap.mmap, position: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", data, position)
    return data[position + 4 : position + 4 + length].decode(), position + 4 + length
