# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Picture files for tests: as cameras and phones write them, and as faults leave them. All are made here."""

import io
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SUBSAMPLINGS = (0x411111, 0x221111, 0x211111, 0x121111, 0x111111)
END = b"\xff\xd9"
Bytes = NDArray[np.uint8]
Damage = Callable[[bytes, np.random.Generator], bytes]


def scene(height: int, width: int, channels: int = 3, seed: int = 0) -> Bytes:
    """A picture with large shapes and sensor noise, grey or BGR."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (height // 16 + 2, width // 16 + 2, channels), dtype=np.uint8)
    shapes = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width, channels)
    noisy: NDArray[np.uint8] = np.clip(shapes.astype(np.int64) + random.integers(-12, 13, shapes.shape), 0, 255).astype(
        np.uint8
    )
    return noisy[..., 0] if channels == 1 else noisy


def jpeg(
    pixels: Bytes,
    *,
    quality: int = 90,
    progressive: bool = False,
    restart: int = 0,
    optimised: bool = False,
    subsampling: int = 0x221111,
) -> bytes:
    """A JPEG; ``restart`` is the distance of its restart markers in rows of blocks."""
    options = [
        *(cv2.IMWRITE_JPEG_QUALITY, quality),
        *(cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)),
        *(cv2.IMWRITE_JPEG_RST_INTERVAL, restart),
        *(cv2.IMWRITE_JPEG_OPTIMIZE, int(optimised)),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, subsampling),
    ]
    return bytes(cv2.imencode(".jpg", pixels, options)[1])


def pillow_file(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """A file written by Pillow."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and whole segment of each part of a JPEG's header; the last is everything from the first scan on."""
    position = 2
    while data[position + 1] != 0xDA:
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        yield data[position + 1], data[position:end]
        position = end
    yield 0xDA, data[position:]


def exif(orientation: int, big_endian: bool = True) -> bytes:
    """A JPEG segment that says how the camera was held."""
    order = "big" if big_endian else "little"
    numbers = ((42, 2), (8, 4), (1, 2), (0x0112, 2), (3, 2), (1, 4), (orientation, 2), (0, 2), (0, 4))
    body = b"Exif\0\0" + (b"MM" if big_endian else b"II")
    body += b"".join(value.to_bytes(size, order) for value, size in numbers)  # type: ignore[arg-type]
    return segment(0xE1, body)


def segment(marker: int, body: bytes) -> bytes:
    """A JPEG segment."""
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def after_start(data: bytes, *parts: bytes) -> bytes:
    """A JPEG with further segments at its start."""
    return data[:2] + b"".join(parts) + data[2:]


def without_huffman_tables(data: bytes) -> bytes:
    """What many USB cameras send: the tables are those of the standard and left out."""
    return data[:2] + b"".join(part for marker, part in segments(data) if marker != 0xC4)


def with_fill_bytes(data: bytes) -> bytes:
    """FF may stand before each marker, any number of times."""
    return data[:2] + b"".join(b"\xff\xff" + part for _, part in segments(data))[:-2] + b"\xff\xff" + END


def with_zeros_before(data: bytes, marker: bytes, count: int = 3) -> bytes:
    """Zeros between the data of a scan and a marker, as some cameras fill up their buffers."""
    head, tail = data[: data.rfind(b"\xff\xda")], data[data.rfind(b"\xff\xda") :]
    return head + tail.replace(marker, bytes(count) + marker)


def camera_variants(data: bytes) -> dict[str, bytes]:
    """One JPEG with restart markers and standard tables, as different cameras would send it."""
    return {
        "plain": data,
        "no Huffman tables": without_huffman_tables(data),
        "zeros after the end": data + bytes(4096),
        "FF after the end": data + b"\xff" * 100,
        "noise after the end": data + bytes(np.random.default_rng(1).integers(0, 256, 5000, dtype=np.uint8)),
        "another JPEG after the end": data + jpeg(scene(32, 32)),
        "fill bytes before markers": with_fill_bytes(data),
        "AVI1 segment": after_start(without_huffman_tables(data), segment(0xE0, b"AVI1" + bytes(27))),
        "comment and unknown segments": after_start(data, segment(0xFE, b"a camera"), segment(0xEC, bytes(60000))),
        "thumbnail in a segment": after_start(data, segment(0xE2, b"MPF\0" + jpeg(scene(16, 16)))),
        "zeros before the end": with_zeros_before(data, END),
        "zeros before a restart marker": with_zeros_before(data, b"\xff\xd0"),
    }


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and body of each chunk of a PNG."""
    found, position = list[tuple[bytes, bytes]](), 8
    while position < len(data):
        end = position + 8 + int.from_bytes(data[position : position + 4], "big")
        found.append((data[position + 4 : position + 8], data[position + 8 : end]))
        position = end + 4
    return found


def png(parts: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these chunks."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in parts)
