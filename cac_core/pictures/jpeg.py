# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JPEG files, read strictly: what libjpeg-turbo would only warn about is damage.

A JPEG has no checksum. A decoder notices damage only where the codes stop making sense; most then fill in the rest with
grey or smears and go on, and such a picture can fall on a known class. ``docs/reliability.md`` says what stays unseen.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple, cast

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from cac_core.pictures.errors import PictureError, check_size
from cac_core.pictures.orientation import UPRIGHT, orientation_of, turned
from cac_core.support import limits

START = b"\xff\xd8"
_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of the segment that holds size and channels
_SCAN, _END, _APP1, _EXIF = 0xDA, 0xD9, 0xE1, b"Exif\0\0"
# Both take time in proportion to the data, whatever it is.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # restart markers are part of a scan
_PADDING = re.compile(rb"(?:(?<=\xff\x00)|(?<![\xff\x00]))\x00+(?=\xff+[\xd0-\xd7\xd9])")  # FF 00 is data


class _Frame(NamedTuple):
    """The segment that holds the size; ``components`` are the names of the channels, one byte each."""

    height: int
    width: int
    components: bytes
    progressive: bool


class JpegHeader(NamedTuple):
    """What a JPEG says of itself.

    Attributes:
        height: of the picture as it is stored [pixels].
        width: of the picture as it is stored [pixels].
        channels: 1 = grey, 3 = colour, 4 = printing colours.
        orientation: EXIF orientation, 1 to 8.
        scan: where the first scan starts [bytes].
    """

    height: int
    width: int
    channels: int
    orientation: int
    scan: int


def read_jpeg_header(data: bytes) -> JpegHeader:
    """Read and check the header of a JPEG; nothing is decoded.

    Raises:
        PictureError: it is damaged, of a kind that is not read, or beyond a limit.
    """
    frame: _Frame | None = None
    orientation = UPRIGHT
    for count, (marker, start, end) in enumerate(_segments(data)):
        if count > limits.HEADER_SEGMENTS:
            raise PictureError(f"the JPEG has too many header segments; the limit is {limits.HEADER_SEGMENTS:,}")
        if marker == _SCAN:
            if frame is None:
                break
            _check_scans(data, start, end, frame)
            return JpegHeader(frame.height, frame.width, len(frame.components), orientation, end)
        if marker in _FRAMES:
            if frame is not None:
                raise PictureError("the JPEG is cut or damaged: it has two headers")
            frame = _read_frame(marker, data[start:end])
            check_size(frame.width, frame.height, len(data))
        elif marker == _APP1 and data.startswith(_EXIF, start):
            orientation = orientation_of(data[start:end])
    raise PictureError("the JPEG is cut or damaged: its header is not complete")


def claimed_pixels(data: bytes | memoryview) -> int:
    """Width times height by the header of a JPEG, unchecked; 0 where it has none."""
    for marker, start, end in islice(_segments(data), limits.HEADER_SEGMENTS):
        if marker in _FRAMES and end - start > 5:
            return int.from_bytes(data[start + 1 : start + 3], "big") * int.from_bytes(
                data[start + 3 : start + 5], "big"
            )
        if marker == _SCAN:
            break
    return 0


def decode_jpeg(data: bytes, colours: str = "BGR", smallest_side: int = 0) -> tuple[NDArray[np.uint8], bool]:
    """Decode a JPEG, turned as its camera was held.

    Args:
        data: the file.
        colours: order of the colours, "BGR" or "RGB"; grey pictures stay grey.
        smallest_side: the picture is decoded at a half, a quarter or an eighth of its size as long as its shorter side
            keeps so many pixels; 0 = always at its full size.

    Returns:
        Pixels ``(H, W)`` or ``(H, W, 3)``, and whether they are fewer than the file holds.

    Raises:
        PictureError: it is damaged, of a kind that is not read, or beyond a limit.
    """
    header = read_jpeg_header(data)
    if header.channels not in (1, 3):
        what = "is in printing colours (CMYK)" if header.channels == 4 else "is neither grey nor in colour"
        raise PictureError(f"the JPEG {what}; only grey and colour pictures are supported")
    fraction = _fraction(header, smallest_side)
    pixels = _strictly(data, "GRAY" if header.channels == 1 else colours, header, fraction)
    return turned(pixels[..., 0] if header.channels == 1 else pixels, header.orientation), fraction > 1


def check_jpeg(data: bytes) -> None:
    """Decode a JPEG of any colours, small, and forget it; raises PictureError like :func:`decode_jpeg`."""
    header = read_jpeg_header(data)
    _strictly(data, "CMYK" if header.channels == 4 else "GRAY", header, _fraction(header, 1))


def _strictly(data: bytes, colours: str, header: JpegHeader, fraction: int) -> NDArray[np.uint8]:
    """Decode at a fraction of the size; raises PictureError when the decoder has anything to warn about."""
    # simplejpeg takes the smallest of libjpeg's scales (eighths) that keeps these sides.
    height, width = (-(-side // fraction) if fraction > 1 else 0 for side in (header.height, header.width))

    def decoded(file: bytes) -> NDArray[np.uint8]:
        pixels = simplejpeg.decode_jpeg(file, colours, min_height=height, min_width=width, strict=True)
        return cast("NDArray[np.uint8]", pixels)

    try:
        return decoded(data)
    except ValueError as error:
        warning = str(error)
    # Some cameras fill up a scan with zeros. A scan that ends early does not pass without them either.
    packed = data[: header.scan] + _PADDING.sub(b"", data[header.scan :])
    if len(packed) < len(data):
        try:
            return decoded(packed)
        except ValueError:
            pass
    # Of libjpeg's sentences only this one helps: it comes from cameras, too. The others vary from frame to frame.
    extra = " (extra bytes before a marker)" if "extraneous bytes" in warning else ""
    raise PictureError(f"the JPEG is cut or damaged{extra}")


def _fraction(header: JpegHeader, smallest_side: int) -> int:
    if smallest_side <= 0:
        return 1
    shorter = min(header.height, header.width)
    return next((fraction for fraction in (8, 4, 2) if shorter >= fraction * smallest_side), 1)


def _read_frame(marker: int, body: bytes) -> _Frame:
    if len(body) < 6 or body[5] == 0 or len(body) != 6 + 3 * body[5]:
        raise PictureError("the JPEG is cut or damaged: its header is not complete")
    if body[0] != 8:
        raise PictureError(f"the JPEG has {body[0]} bits per colour; only 8 are supported")
    if marker not in (_BASELINE, _EXTENDED, _PROGRESSIVE):
        # Arithmetic codes in particular: damage in them makes another picture, without a warning.
        raise PictureError("the JPEG is lossless, hierarchical or arithmetic; only Huffman codes are supported")
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    return _Frame(height, width, body[6::3], marker == _PROGRESSIVE)


def _check_scans(data: bytes, start: int, end: int, frame: _Frame) -> None:
    """Refuse too many scans, and too few: libjpeg says nothing about a file that ends after one of several.

    Args:
        data: the file.
        start: of the first scan's segment.
        end: of this segment.
        frame: what the scans belong to.
    """
    most = min(limits.JPEG_SCANS, limits.JPEG_SCAN_PIXELS // (frame.width * frame.height))
    in_one_scan = not frame.progressive and data[start] == len(frame.components)
    if in_one_scan and 1 + data.count(bytes((0xFF, _SCAN)), end) <= most:  # counts what only looks like a marker, too
        return
    missing = {component: set(range(64)) for component in frame.components}  # coefficients that are not exact yet
    scans = 0
    for marker, body, after in chain([(_SCAN, start, end)], _segments(data, end)):
        if marker != _SCAN:
            continue
        scans += 1
        if scans > most:
            raise PictureError(f"the JPEG has too many scans; the limit for its size is {most}")
        parameters = data[body + 1 + 2 * data[body] : after]
        if len(parameters) == 3 and parameters[2] & 15 == 0:  # the scan brings the last bit
            for component in data[body + 1 : body + 1 + 2 * data[body] : 2]:
                missing.get(component, set()).difference_update(range(parameters[0], parameters[1] + 1))
    if any(missing.values()):
        raise PictureError("the JPEG is cut or damaged: a scan is missing")


def _segments(data: bytes | memoryview, position: int = 2) -> Iterator[tuple[int, int, int]]:
    """Marker, and where its body starts and ends, for each segment up to the end of the picture or of the data."""
    while (match := _MARKER.search(data, position)) is not None:
        marker, start = match[1][0], match.end() + 2
        if marker == _END:
            return
        end = match.end() + int.from_bytes(data[match.end() : start], "big")
        if not start + (6 if marker == _SCAN else 0) <= end <= len(data):
            return
        yield marker, start, end
        position = end
