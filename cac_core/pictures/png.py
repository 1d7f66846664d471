# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PNG files, read strictly: every checksum, every row.

The rows are inflated and checked here. OpenCV then gets a file of nothing but these rows and has nothing to warn about:
libpng writes a line to stderr for each frame, and OpenCV has no way to stop it.
"""

import zlib
from collections.abc import Iterator
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_core.pictures.errors import PictureError, check_size
from cac_core.pictures.orientation import UPRIGHT, orientation_of, turned
from cac_core.support import limits

START = b"\x89PNG\r\n\x1a\n"
_DAMAGED = "the PNG is cut or damaged"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PALETTE = 3
# Adam7: first column, first row, and steps of each pass over the picture (PNG specification, 8.2).
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_FILTERS = 5


class Png(NamedTuple):
    """The parts of a PNG that make its pixels; every checksum was right.

    Attributes:
        header: body of IHDR.
        colours: chunks PLTE and tRNS as they stand in the file, where they have a meaning.
        rows: bodies of IDAT, compressed.
        orientation: EXIF orientation, 1 to 8.
    """

    header: bytes
    colours: bytes
    rows: list[memoryview]
    orientation: int


def claimed_pixels(data: bytes | memoryview) -> int:
    """Width times height by the header of a PNG, unchecked."""
    return int.from_bytes(data[16:20], "big") * int.from_bytes(data[20:24], "big")


def check_png(data: bytes) -> None:
    """Check every checksum and every row of a PNG; raises PictureError when one is missing, wrong or too large."""
    _inflated(_read(data))


def decode_png(data: bytes) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Decode a PNG, turned as its camera was held.

    Returns:
        Pixels ``(H, W)`` or BGR ``(H, W, 3)`` in 8 or 16 bits; transparency is left out.

    Raises:
        PictureError: it is cut, damaged, or beyond a limit.
    """
    png = _read(data)
    stored = zlib.compress(_inflated(png), level=0)
    parts = (*_chunk(b"IHDR", png.header), png.colours, *_chunk(b"IDAT", stored), *_chunk(b"IEND", b""))
    file = b"".join((START, *parts))
    del stored, parts  # a large picture shall not lie in memory three times
    pixels = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    if pixels is None:
        raise PictureError(_DAMAGED)
    return turned(cast("NDArray[np.uint8] | NDArray[np.uint16]", pixels), png.orientation)


def _read(data: bytes) -> Png:
    header, colours, rows, orientation = b"", dict[bytes, memoryview](), list[memoryview](), UPRIGHT
    for kind, body, whole in _chunks(data):
        if not header:
            _check_header(kind, body, len(data))
            header = bytes(body)
        elif kind == b"IDAT":
            rows.append(body)
        elif kind in (b"PLTE", b"tRNS"):
            colours.setdefault(kind, whole)
        elif kind == b"eXIf":
            orientation = orientation_of(bytes(body))
        elif kind[0] & 0x20 == 0 and kind != b"IEND":  # an upper case letter: who does not know it must not go on
            raise PictureError(f"{_DAMAGED}: it has an unknown chunk")
    return Png(header, _colours(header, colours), rows, orientation)


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, memoryview]]:
    """Name, body, and all bytes of each chunk, checked, IEND included; what follows IEND is ignored."""
    view, position = memoryview(data), len(START)
    for _ in range(limits.PNG_CHUNKS):
        body = position + 8
        end = body + int.from_bytes(view[position : position + 4], "big")
        if end + 4 > len(data):
            raise PictureError(f"{_DAMAGED}: its end is missing")
        if zlib.crc32(view[position + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise PictureError(f"{_DAMAGED}: a checksum is wrong")
        kind = bytes(view[position + 4 : body])
        yield kind, view[body:end], view[position : end + 4]
        if kind == b"IEND":
            return
        position = end + 4
    raise PictureError(f"the PNG has too many chunks; the limit is {limits.PNG_CHUNKS:,}")


def _check_header(kind: bytes, body: memoryview, file_bytes: int) -> None:
    if kind != b"IHDR" or len(body) != 13:
        raise PictureError(f"{_DAMAGED}: its header is not complete")
    width, height = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
    depth, colour, compression, filtering, interlace = body[8:13]
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise PictureError(f"{_DAMAGED}: its header makes no sense")
    check_size(width, height, file_bytes, (4 if colour == _PALETTE else _CHANNELS[colour]) * (2 if depth == 16 else 1))


def _colours(header: bytes, chunks: dict[bytes, memoryview]) -> bytes:
    """Palette and transparent colours, checked, as far as the colour type has them."""
    depth, colour = header[8], header[9]
    sizes = {kind: len(whole) - 12 for kind, whole in chunks.items()}
    entries, rest = divmod(sizes.get(b"PLTE", 0), 3)
    if colour == _PALETTE and (rest or not 0 < entries <= 1 << depth):
        raise PictureError(f"{_DAMAGED}: its palette is missing or wrong")
    transparent = {0: (2,), 2: (6,), _PALETTE: range(1, entries + 1)}.get(colour, ())
    if transparent and b"tRNS" in chunks and sizes[b"tRNS"] not in transparent:
        raise PictureError(f"{_DAMAGED}: its transparent colours are wrong")
    kinds = ([b"PLTE"] if colour == _PALETTE else []) + ([b"tRNS"] if transparent else [])
    return b"".join(chunks[kind] for kind in kinds if kind in chunks)


def _passes(header: bytes) -> Iterator[tuple[int, int]]:
    """Rows, and bytes of a row with its filter, of each pass; one pass unless the picture is interlaced."""
    width, height, interlace = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big"), header[12]
    bits = header[8] * _CHANNELS[header[9]]
    for column, row, across, down in _ADAM7 if interlace else ((0, 0, 1, 1),):
        columns, rows = -(-(width - column) // across), -(-(height - row) // down)
        if columns > 0 and rows > 0:
            yield rows, 1 + -(-columns * bits // 8)


def _inflated(png: Png) -> bytes:
    """All rows with their filters, checked; raises PictureError unless there are exactly as many as the header says."""
    expected = sum(rows * size for rows, size in _passes(png.header))
    inflater = zlib.decompressobj()
    try:
        # One byte more than needed, so that the stream's own checksum is read and a longer stream is noticed.
        data = inflater.decompress(b"".join(png.rows), expected + 1)
    except zlib.error:
        raise PictureError(f"{_DAMAGED}: its rows cannot be inflated") from None
    if len(data) != expected or not inflater.eof:
        raise PictureError(f"{_DAMAGED}: it has too few or too many rows")
    position = 0
    for rows, size in _passes(png.header):
        if max(data[position : position + rows * size : size]) >= _FILTERS:
            raise PictureError(f"{_DAMAGED}: a row has an unknown filter")
        position += rows * size
    return data


def _chunk(kind: bytes, body: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    return len(body).to_bytes(4, "big"), kind, body, zlib.crc32(body, zlib.crc32(kind)).to_bytes(4, "big")
