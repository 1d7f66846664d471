# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Damaged ROS 1 bags (http://wiki.ros.org/Bags/Format/2.0)."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from cac_core.support.limits import BAG_BLOCK_BYTES
from cac_ros.bags.inflating import inflate
from cac_ros.bags.recovery.recovered import Channel, Entry, Recovered, fetcher, map_file, ros2_name

MAGIC = b"#ROSBAG V2.0\n"

_OP_MESSAGE, _OP_CHUNK, _OP_CONNECTION = 0x02, 0x05, 0x07


def scan(path: Path) -> Recovered:
    """Walk the file from record to record; raises ValueError and OSError as `recover` does."""
    data = map_file(path)
    found = Recovered(close=data.close)
    complete = False

    def block(start: int) -> bytes:
        header, begin, size = _record(data, start)
        return inflate(data[begin : begin + size], header[b"compression"].decode(), BAG_BLOCK_BYTES)

    found.fetch = fetcher(block, data)
    position = len(MAGIC)
    while position < len(data):
        try:
            header, begin, size = _record(data, position)
            if header[b"op"] == bytes([_OP_CHUNK]):
                _records(block(position), (position,), found)
            elif begin + size <= len(data):
                complete |= header[b"op"] == b"\x06"  # chunk infos come last
                _content(data, header, begin, size, where=(), found=found)
        except struct.error:
            break  # cut inside a record's header
        except (ValueError, KeyError) as error:
            found.cut = f"the file is damaged after byte {position:,} ({error})"
            return found
        position = begin + size
    if not complete or position != len(data):
        found.cut = f"the file ends after {len(data):,} bytes, in the middle of the recording"
    return found


def _record(data: bytes | mmap.mmap, position: int) -> tuple[dict[bytes, bytes], int, int]:
    """Header fields of the record at `position`, and offset and size of its data."""
    (length,) = struct.unpack_from("<I", data, position)
    header = _fields(data[position + 4 : position + 4 + length])
    (size,) = struct.unpack_from("<I", data, position + 4 + length)
    return header, position + 8 + length, size


def _fields(header: bytes) -> dict[bytes, bytes]:
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


def _records(block: bytes, where: tuple[int, ...], found: Recovered) -> None:
    position = 0
    while position < len(block):
        try:
            header, begin, size = _record(block, position)
        except struct.error:
            return  # the block was cut inside a record header
        if begin + size > len(block):
            return
        _content(block, header, begin, size, where=where, found=found)
        position = begin + size


def _content(
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
        description = _fields(data[begin : begin + size])
        topic = "/" * header[b"topic"].startswith(b"/") + "/".join(filter(None, header[b"topic"].decode().split("/")))
        found.channels[key] = Channel(topic, ros2_name(description[b"type"].decode()), "ros1")
    elif op == _OP_MESSAGE:
        (key,) = struct.unpack("<I", header[b"conn"])
        seconds, nanoseconds = struct.unpack("<II", header[b"time"])
        if key in found.channels:
            found.entries.append(Entry(seconds * 10**9 + nanoseconds, key, (*where, begin, size)))
