# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Mcap files without a complete index: damaged, still being written, or written so (https://mcap.dev/spec)."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from cac_ros.bags.recovery.mcap_records import (
    CHUNK,
    DATA_END,
    FOOTER,
    MAGIC,
    MESSAGE,
    block_content,
    chunk_content,
    message_entry,
    read_definition,
    records,
)
from cac_ros.bags.recovery.recovered import Recovered, fetcher, map_file

_LENGTH_BYTES = 8  # [bytes] before the content of a record


def scan(path: Path) -> Recovered:
    """Walk the file from record to record; raises ValueError and OSError as `recover` does."""
    data = map_file(path)
    found = Recovered(close=data.close)
    schemas: dict[int, str] = {}

    def block(start: int) -> bytes:
        (length,) = struct.unpack_from("<Q", data, start - _LENGTH_BYTES)
        return chunk_content(data, start, start + length)

    found.fetch = fetcher(block, data)
    position = len(MAGIC)
    try:
        for record in records(data, position):
            position = record.position
            if record.opcode in (DATA_END, FOOTER):
                return found
            whole = record.end <= len(data)
            if record.opcode == CHUNK:
                _add_block(found, record.start, data, record.end, schemas)
            elif whole and record.opcode == MESSAGE:
                entry = message_entry(data, record, ())
                if entry.channel in found.channels:
                    found.entries.append(entry)
            elif whole:
                read_definition(data, record, found.channels, schemas)
            position = record.end
    except (ValueError, struct.error) as error:
        found.cut = f"the file is damaged after byte {position:,} ({error})"
        return found
    found.cut = f"the file ends after {len(data):,} bytes, in the middle of the recording"
    return found


def _add_block(found: Recovered, start: int, data: mmap.mmap, end: int, schemas: dict[int, str]) -> None:
    """The messages of a chunk. One that is damaged is noted, and the reading goes on behind it."""
    whole = end <= len(data)
    try:
        block = chunk_content(data, start, end)
    except (ValueError, struct.error) as error:
        if whole:
            found.damage = found.damage or str(error)
        return
    entries, problem = block_content(block, start, found.channels, schemas)
    found.entries += entries
    if whole and problem is not None:
        found.damage = found.damage or problem
