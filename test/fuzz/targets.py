# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is fuzzed: every reader of foreign bytes, the files it starts from, and the errors that it documents."""

import io
import json
import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as Pillow
from sensor_msgs.msg import CompressedImage, Image

from cac_core.bundle import load_bundle, save_bundle
from cac_core.bundle.container import METADATA_KEY
from cac_core.bundle.model_bundle import checksum_of
from cac_core.data.decode import read_image
from cac_core.pictures import PictureError, decode_jpeg, decode_png
from cac_core.preprocessing import Preprocessing, resize
from cac_core.support.errors import CacError
from cac_ros.bags.message import BagError, MessageError
from cac_ros.bags.reader import Bag
from cac_ros.images import BadFrameError, to_frame
from cac_ros.images.encodings import ENCODINGS, bytes_per_pixel
from cac_ros.replay.labels import LabelError, read_label_file
from test.core.bundles import tiny_bundle
from test.ros.recordings import START_NS, storage_file, write_ros1, write_rosbag2

LABELS = ["red", "green"]


@dataclass(frozen=True)
class Target:
    """One reader.

    Attributes:
        seeds: gives good inputs.
        read: reads one input to its end.
        errors: what it may raise.
        examples: of a short run.
        repair: makes checksums right again after the damage, so that what lies behind them is reached.
    """

    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[bytes], object]
    errors: tuple[type[Exception], ...]
    examples: int = 400
    repair: Callable[[bytes], bytes] = bytes


def _pixels(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (24, 40, channels), dtype=np.uint8)


@cache
def _jpegs() -> list[bytes]:
    options: list[list[int]] = [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]]
    found = [cv2.imencode(".jpg", _pixels(), option)[1].tobytes() for option in options]
    return [*found, cv2.imencode(".jpg", _pixels(1))[1].tobytes()]


@cache
def _pngs() -> list[bytes]:
    found = [cv2.imencode(".png", _pixels(channels))[1].tobytes() for channels in (1, 3, 4)]
    found.append(cv2.imencode(".png", _pixels().astype(np.uint16) * 257)[1].tobytes())
    palette = io.BytesIO()
    Pillow.fromarray(_pixels()).quantize(16).save(palette, "PNG", transparency=3)
    return [*found, palette.getvalue()]


@cache
def _photos() -> list[bytes]:
    found = []
    for kind in ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP", "AVIF"):
        buffer = io.BytesIO()
        Pillow.fromarray(_pixels()).save(buffer, kind)
        found.append(buffer.getvalue())
    for compression in ("tiff_deflate", "tiff_lzw", "packbits", "jpeg"):
        buffer = io.BytesIO()
        Pillow.fromarray(_pixels()).save(buffer, "TIFF", compression=compression)
        found.append(buffer.getvalue())
    return found


def with_right_crcs(data: bytes) -> bytes:
    """A PNG whose chunks all carry the right checksum, as far as they can be told apart."""
    content, at = bytearray(data), 8
    while at + 12 <= len(content):
        end = at + 8 + int.from_bytes(content[at : at + 4], "big")
        if end + 4 > len(content):
            break
        content[end : end + 4] = zlib.crc32(content[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(content)


DEPTH = (0.5, 100.0)
"""Limits for encodings of distances."""


def _raw_images() -> list[bytes]:
    """Encoding, height, width, step and byte order in front of the pixels; see :func:`_read_raw`."""
    heads = [(number, 4, 6, 6 * bytes_per_pixel(name), 0) for number, name in enumerate(ENCODINGS)]
    return [struct.pack("<BIIIB", *head) + bytes(12 * head[3]) for head in heads]  # enough for colour planes, too


def _read_raw(data: bytes) -> object:
    padded = data.ljust(14, b"\0")
    number, height, width, step, order = struct.unpack("<BIIIB", padded[:14])
    names = [*ENCODINGS, "", "8UC3", "nv12", "rgb8\0", "\ud800"]
    message = Image(encoding=names[number % len(names)], height=height, width=width, step=step, is_bigendian=order)
    message.data = padded[14:]
    return resize(to_frame(message, depth_range=DEPTH), Preprocessing(image_size=8))


def _compressed_images() -> list[bytes]:
    """A byte that chooses the format in front of the file; see :func:`_read_compressed`."""
    return [bytes([number % 3]) + data for number, data in enumerate([*_jpegs(), *_pngs()])]


def _read_compressed(data: bytes) -> object:
    formats = ["rgb8; jpeg compressed bgr8", "", "png", "16UC1; compressedDepth png", "bayer_rggb8; png compressed "]
    choice, rest = data[:1], data[1:]
    message = CompressedImage(format=formats[choice[0] % len(formats)] if choice else "", data=rest)
    return resize(to_frame(message, smallest_side=len(rest) % 3 * 8), Preprocessing(image_size=8))


def _from_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """Reads bytes through a file of that name in a folder of its own."""

    def read_bytes(data: bytes) -> object:
        with tempfile.TemporaryDirectory(prefix="fuzz_") as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            return read(path)

    return read_bytes


@cache
def _bundles() -> list[bytes]:
    with tempfile.TemporaryDirectory(prefix="fuzz_") as folder:
        path = Path(folder) / "model.cac"
        save_bundle(tiny_bundle(), path)
        return [path.read_bytes()]


def _bundle_with_right_checksum(data: bytes) -> bytes:
    """The document of a bundle, damaged as text, in a container whose checksum is right."""
    import safetensors.numpy

    tensors = safetensors.numpy.load(_bundles()[0])
    try:
        document = json.loads(data)
        checksum = checksum_of(document, tensors)
    except (ValueError, RecursionError):
        return data
    return safetensors.numpy.save(tensors, {METADATA_KEY: json.dumps({"document": document, "checksum": checksum})})


@cache
def _documents() -> list[bytes]:
    content = _bundles()[0]
    length = int.from_bytes(content[:8], "little")
    description = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][METADATA_KEY])
    return [json.dumps(description["document"]).encode()]


def _recordings(kind: str) -> Callable[[], list[bytes]]:
    @cache
    def made() -> list[bytes]:
        with tempfile.TemporaryDirectory(prefix="fuzz_") as folder:
            if kind == "ros1":
                paths = [
                    write_ros1(Path(folder) / f"{compression}.bag", LABELS, compression)
                    for compression in (None, "BZ2", "LZ4")
                ]
            else:
                paths = [
                    storage_file(write_rosbag2(Path(folder) / str(compress), LABELS, kind, compress))
                    for compress in ((False, True) if kind == "mcap" else (False,))
                ]
            return [path.read_bytes() for path in paths]

    return made


def _read_bag(path: Path) -> int:
    with Bag(path) as bag:
        count = 0
        for topic in bag.topics:
            for message in bag.messages(topic):
                count += 1
                try:
                    message.decode()
                except MessageError as error:
                    assert str(error)
        return count


@cache
def _metadata() -> list[bytes]:
    with tempfile.TemporaryDirectory(prefix="fuzz_") as folder:
        return [(write_rosbag2(Path(folder) / "bag", LABELS) / "metadata.yaml").read_bytes()]


def _read_with_metadata(path: Path) -> int:
    path.with_name("bag.mcap").write_bytes(_recordings("mcap")()[0])
    return _read_bag(path.parent)


def _labels() -> list[bytes]:
    return [
        b"start,end,label\n0.0,0.3,cup\n0.3,1,blue bottle\n",
        '\ufeffStart, End,LABEL\r\n1790000000.5,1790000001,"salt, ""pepper"""\r\n'.encode(),
    ]


TARGETS: dict[str, Target] = {
    "jpeg": Target(_jpegs, lambda data: decode_jpeg(data, "BGR"), (PictureError,)),
    "png": Target(_pngs, decode_png, (PictureError,), repair=with_right_crcs),
    "photo": Target(_photos, _from_file("photo.png", read_image), (OSError,), 300),
    "raw image": Target(_raw_images, _read_raw, (BadFrameError,)),
    "compressed image": Target(_compressed_images, _read_compressed, (BadFrameError,)),
    "bundle": Target(_bundles, _from_file("model.cac", load_bundle), (CacError,), 400),
    "bundle, right checksum": Target(
        _documents, _from_file("model.cac", load_bundle), (CacError,), 400, _bundle_with_right_checksum
    ),
    "mcap": Target(_recordings("mcap"), _from_file("bag.mcap", _read_bag), (BagError,), 400),
    "sqlite": Target(_recordings("sqlite3"), _from_file("bag.db3", _read_bag), (BagError,), 300),
    "ros1": Target(_recordings("ros1"), _from_file("bag.bag", _read_bag), (BagError,), 300),
    "metadata": Target(_metadata, _from_file("metadata.yaml", _read_with_metadata), (BagError,), 100),
    "labels": Target(_labels, _from_file("labels.csv", lambda path: read_label_file(path, START_NS)), (LabelError,)),
}
"""Every reader of bytes that somebody else wrote."""


def read_or_refuse(name: str, data: bytes) -> Any:
    """Read one input; what a target documents as its error is fine and must say something in one line."""
    target = TARGETS[name]
    try:
        target.read(data)
    except target.errors as error:
        assert str(error), "an error says what is wrong"
        assert "\n" not in str(error), f"one line: {error}"
