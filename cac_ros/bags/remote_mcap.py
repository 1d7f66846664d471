# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Mcap files that are read piece by piece from elsewhere: the index first, then the chunks of one topic, in blocks.

Nothing here knows a protocol; a function gives the bytes of a range.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from cac_ros.bags.mcap_index import Chunk, IndexedMcap, NotIndexedError
from cac_ros.bags.recovery.mcap_records import FOOTER, MAGIC, chunk_content

BLOCK_BYTES = 8 << 20
"""Neighbouring chunks are fetched together up to this size; one block is read ahead."""

MOST_GAP = 0.05
"""Share of a block that may be bytes nobody asked for: what lies between two chunks."""

_TAIL_BYTES = 1 << 16  # the first guess of where the index begins
_FOOTER_BYTES = 37

Fetch = Callable[[int, int], bytes]
"""Gives the bytes from a position up to, but without, another one; all of them, or it raises an OSError."""


class RemoteMcap(IndexedMcap):
    """A file with a complete index, of which only what is asked for is fetched. See `BagFile`."""

    def __init__(self, fetch: Fetch, size: int, name: str, scratch: Path) -> None:
        """Fetch the index.

        Args:
            fetch: gives bytes of the file.
            size: of the file [bytes].
            name: of the file.
            scratch: a path for a file that takes as much of the disk as the index is long.

        Raises:
            NotIndexedError: it has no complete index.
            OSError: it cannot be fetched.
        """
        self._fetch = fetch
        tail = max(0, size - _TAIL_BYTES)
        end = fetch(tail, size)
        if len(end) < _FOOTER_BYTES or not end.endswith(MAGIC) or end[-_FOOTER_BYTES] != FOOTER:
            raise NotIndexedError("the file has no end")
        (summary,) = struct.unpack_from("<Q", end, len(end) - _FOOTER_BYTES + 9)
        if not 0 < summary < size:
            raise NotIndexedError("it has no summary")
        if summary < tail:
            end, tail = fetch(summary, tail) + end, summary
        with scratch.open("wb") as file:  # holes take no room
            file.write(MAGIC)
            file.seek(tail)
            file.write(end)
        super().__init__(scratch, name)

    @contextmanager
    def _reading(self, chunks: Sequence[Chunk]) -> Iterator[Callable[[Chunk], bytes]]:
        in_order = sorted(chunks, key=lambda chunk: (chunk.start_ns, chunk.position))
        with _ReadAhead(self._fetch, blocks_of([(each.position, each.length) for each in in_order])) as ahead:
            yield lambda chunk: chunk_content(ahead.take(chunk.position), 9, chunk.length)


Range = tuple[int, int]
"""Position and length."""


def blocks_of(ranges: Sequence[Range], most: int = BLOCK_BYTES) -> list[list[Range]]:
    """Ranges in the order in which they are needed, put together where they lie side by side."""
    blocks: list[list[Range]] = []
    for position, length in ranges:
        if blocks:
            block = blocks[-1]
            begin, last = block[0][0], block[-1][0] + block[-1][1]
            wanted = sum(size for _, size in block) + length
            whole = position + length - begin
            if position >= last and whole <= most and whole - wanted <= MOST_GAP * wanted:
                block.append((position, length))
                continue
        blocks.append([(position, length)])
    return blocks


class _ReadAhead:
    """Fetches blocks in their order, one ahead of what is asked for."""

    def __init__(self, fetch: Fetch, blocks: Sequence[Sequence[Range]]) -> None:
        self._fetch = fetch
        self._waiting = list(blocks)[::-1]
        self._pieces: dict[int, bytes] = {}
        self._pool = ThreadPoolExecutor(1, "read ahead")
        self._coming: tuple[Sequence[Range], Future[bytes]] | None = None

    def __enter__(self) -> _ReadAhead:
        self._begin_next()
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def take(self, position: int) -> bytes:
        """The bytes of the range that begins here; once only."""
        while position not in self._pieces:
            assert self._coming is not None, "a range that was not announced"
            block, future = self._coming
            data, begin = future.result(), block[0][0]
            self._begin_next()
            self._pieces |= {where: data[where - begin : where - begin + length] for where, length in block}
        return self._pieces.pop(position)

    def _begin_next(self) -> None:
        self._coming = None
        if self._waiting:
            block = self._waiting.pop()
            begin, end = block[0][0], block[-1][0] + block[-1][1]
            self._coming = block, self._pool.submit(self._fetch, begin, end)
