# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Decompression of blocks and messages with a limit, so that a small file cannot fill the memory."""

from __future__ import annotations

import bz2
import sys
from collections.abc import Iterator
from typing import BinaryIO, Protocol

import lz4.frame

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

_PIECE = 1 << 22  # [bytes]; so much is unpacked at once
_READ = 1 << 18  # [bytes] of a compressed file that are read at once


class _Decompressor(Protocol):
    """What bz2, lz4 and zstd have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end of the compressed data was reached."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Unpack no more than `max_length` bytes."""


def inflate(data: bytes, compression: str, limit: int) -> bytes:
    """Decompress as much of `data` as there is; a block cut off in its middle gives its first part.

    Args:
        data: the compressed block.
        compression: "zstd", "lz4", "bz2", "none" or "".
        limit: how many bytes it may become.

    Raises:
        ValueError: unknown compression, damaged data, or more bytes than the limit.
    """
    try:
        if compression in ("", "none"):
            pieces = [data]
        elif compression == "zstd":
            pieces = _in_pieces(zstd.ZstdDecompressor(), data, limit)
        elif compression == "lz4":
            pieces = _in_pieces(lz4.frame.LZ4FrameDecompressor(), data, limit)
        elif compression == "bz2":
            pieces = _in_pieces(bz2.BZ2Decompressor(), data, limit)
        else:
            raise ValueError(f"unknown compression {compression!r}")
    except (zstd.ZstdError, RuntimeError, OSError, EOFError) as error:
        raise ValueError(f"damaged {compression} block: {error}") from error
    if sum(map(len, pieces)) > limit:
        raise ValueError(f"a {compression or 'plain'} block that becomes larger than {limit:,} bytes")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def zstd_pieces(source: BinaryIO) -> Iterator[bytes]:
    """The content of a compressed file, all its frames; where it is cut off or damaged, what is before that."""
    decompressor = zstd.ZstdDecompressor()
    while True:
        data = b""
        if decompressor.eof:
            data = decompressor.unused_data
            decompressor = zstd.ZstdDecompressor()
        if decompressor.needs_input and not data and not (data := source.read(_READ)):
            return
        try:
            piece = decompressor.decompress(data, max_length=_PIECE)
        except zstd.ZstdError:
            return
        if piece:
            yield piece


def _in_pieces(decompressor: _Decompressor, data: bytes, limit: int) -> list[bytes]:
    pieces: list[bytes] = []
    size = 0
    while size <= limit and not decompressor.eof:
        piece = decompressor.decompress(data, max_length=min(_PIECE, limit + 1 - size))
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        data = b""
    return pieces
