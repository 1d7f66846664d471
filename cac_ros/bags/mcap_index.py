# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Mcap files with a complete index (https://mcap.dev/spec#summary-section): only what is asked for is read.

Every part of an index is optional. Where one is missing, or the parts do not agree, the file is read without it by
`cac_ros.bags.recovery`, which takes a pass over the whole file.
"""

from __future__ import annotations

import heapq
import mmap
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from cac_ros.bags.message import BagMessage, Topic, added_up
from cac_ros.bags.recovery.mcap_records import (
    CHUNK_INDEX,
    FOOTER,
    MAGIC,
    STATISTICS,
    block_content,
    chunk_content,
    read_definition,
    records,
)
from cac_ros.bags.recovery.recovered import Channel, map_file

_FOOTER_BYTES = 37  # [bytes] of the record, and of the magic behind it


class NotIndexedError(Exception):
    """The file has no complete index."""


class Chunk(NamedTuple):
    """A chunk as the index describes it: times, place of its record in the file, messages of each channel."""

    start_ns: int
    end_ns: int
    position: int
    length: int
    counts: dict[int, int]


class IndexedMcap:
    """A file with a complete index. See `BagFile`."""

    def __init__(self, path: Path, name: str) -> None:
        """Read the index.

        Raises:
            NotIndexedError: it has none.
            ValueError, OSError: it is no mcap file, or cannot be read.
        """
        self.name = name
        self._path = path
        self._channels: dict[int, Channel] = {}
        self._chunks: list[Chunk] = []
        with closing(map_file(path)) as data:
            try:
                counts, start, end = self._read_index(data)
            except (ValueError, struct.error) as error:
                raise NotIndexedError(str(error)) from error
        self.topics = list(
            added_up(Topic(c.topic, c.msgtype, counts.get(key, 0)) for key, c in self._channels.items()).values()
        )
        empty = not any(counts.values())
        self.start_ns: int | None = None if empty else start
        self.end_ns: int | None = None if empty else end

    def _read_index(self, data: mmap.mmap) -> tuple[dict[int, int], int, int]:
        """Messages of each channel, first and last time."""
        footer = len(data) - _FOOTER_BYTES
        if footer < len(MAGIC) or data[: len(MAGIC)] != MAGIC or data[-len(MAGIC) :] != MAGIC or data[footer] != FOOTER:
            raise NotIndexedError("the file has no end")
        (summary,) = struct.unpack_from("<Q", data, footer + 9)
        if not 0 < summary < footer:
            raise NotIndexedError("it has no summary")
        schemas: dict[int, str] = {}
        statistics: tuple[dict[int, int], int, int, int] | None = None
        for record in records(data, summary):
            if record.opcode == FOOTER:
                break
            if record.opcode == CHUNK_INDEX:
                self._chunks.append(_chunk(data, record.start))
            elif record.opcode == STATISTICS:
                statistics = _statistics(data, record.start)
            else:
                read_definition(data, record, self._channels, schemas)
        if statistics is None:
            raise NotIndexedError("it has no statistics")
        counts, chunks, start, end = statistics
        indexed: dict[int, int] = {}
        for chunk in self._chunks:
            for channel, count in chunk.counts.items():
                indexed[channel] = indexed.get(channel, 0) + count
        known = all(key in self._channels and self._channels[key].msgtype for key, count in counts.items() if count)
        if len(self._chunks) != chunks or not known or indexed != {key: n for key, n in counts.items() if n}:
            raise NotIndexedError("its index is not complete")
        return counts, start, end

    def messages(
        self, topic: str, start: int | None, stop: int | None, on_damage: Callable[[str], None]
    ) -> Iterator[BagMessage]:
        """Messages of one topic in order of time; see `BagFile`."""
        wanted = {key: channel for key, channel in self._channels.items() if channel.topic == topic}
        chunks = [
            chunk
            for chunk in self._chunks
            if not wanted.keys().isdisjoint(chunk.counts)
            and (start is None or chunk.end_ns >= start)
            and (stop is None or chunk.start_ns < stop)
        ]
        if not chunks:
            return

        def content(read: Callable[[Chunk], bytes], chunk: Chunk) -> Iterator[tuple[int, BagMessage | None]]:
            yield chunk.start_ns, None  # so that it is read when its time comes, and not before
            try:
                block = read(chunk)
            except (ValueError, struct.error) as error:
                on_damage(str(error))
                return
            entries, problem = block_content(block, 0, dict(self._channels), {})
            if problem is not None:
                on_damage(problem)
            for time_ns, key, (_, offset, size) in sorted(entries, key=itemgetter(0)):
                if key in wanted and (start is None or time_ns >= start) and (stop is None or time_ns < stop):
                    _, msgtype, encoding = wanted[key]
                    yield time_ns, BagMessage(topic, time_ns, msgtype, encoding, block[offset : offset + size])

        with self._reading(chunks) as read:
            for _, message in heapq.merge(*(content(read, chunk) for chunk in chunks), key=itemgetter(0)):
                if message is not None:
                    yield message

    @contextmanager
    def _reading(self, chunks: Sequence[Chunk]) -> Iterator[Callable[[Chunk], bytes]]:
        """What gives the decompressed content of these chunks, each once."""
        with closing(map_file(self._path)) as data:
            yield lambda chunk: chunk_content(data, chunk.position + 9, chunk.position + chunk.length)

    def close(self) -> None:
        """Nothing stays open between two readings."""


def _chunk(data: mmap.mmap, start: int) -> Chunk:
    start_ns, end_ns, position, length, size = struct.unpack_from("<QQQQI", data, start)
    begin = start + 36
    offsets = sorted((o, key) for key, o in struct.iter_unpack("<HQ", data[begin : begin + size]))
    (index_length,) = struct.unpack_from("<Q", data, begin + size)
    ends = [offset for offset, _ in offsets[1:]] + [position + length + index_length]
    # A message index is 15 bytes and 16 for each message.
    counts = {key: (end - offset - 15) // 16 for (offset, key), end in zip(offsets, ends, strict=True)}
    return Chunk(start_ns, end_ns, position, length, {key: count for key, count in counts.items() if count > 0})


def _statistics(data: mmap.mmap, start: int) -> tuple[dict[int, int], int, int, int]:
    """Messages of each channel, number of chunks, first and last time."""
    chunks, start_ns, end_ns, size = struct.unpack_from("<IQQI", data, start + 22)
    counts = dict(struct.iter_unpack("<HQ", data[start + 46 : start + 46 + size]))
    return counts, chunks, start_ns, end_ns
