# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much damage is seen: each kind of damage, many times, and how many files were refused.

``python -m test.core.picture_damage`` prints the tables of ``docs/reliability.md`` (about four minutes).
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from cac_core.data.decode import read_image
from cac_core.pictures import PictureError, decode_jpeg, decode_png
from test.core.picture_files import END, Damage, jpeg, pillow_file, scene

Read = Callable[[bytes], np.ndarray]


class Count(NamedTuple):
    """Outcome of many tries.

    Attributes:
        tries: damaged files.
        refused: files that were not read.
        same: files that were read to the very pixels of the undamaged file.
    """

    tries: int
    refused: int
    same: int


def cut(data: bytes, random: np.random.Generator) -> bytes:
    """The file's end is missing."""
    return data[: _inside(data, random)]


def cut_and_closed(data: bytes, random: np.random.Generator) -> bytes:
    """The end of the data is missing, but the mark of the end is there."""
    start = _scan(data)
    return data[: start + int((len(data) - start) * random.uniform(0, 0.995))] + END


def one_byte(data: bytes, random: np.random.Generator) -> bytes:
    """One byte of the data has another value."""
    return _changed(data, random, 1)


def ten_bytes(data: bytes, random: np.random.Generator) -> bytes:
    """Ten bytes of the data have other values."""
    return _changed(data, random, 10)


def lost_packet(data: bytes, random: np.random.Generator) -> bytes:
    """512 bytes in the middle are missing."""
    at = _inside(data[: -len(END) - 512], random)
    return data[:at] + data[at + 512 :]


def zeroed(data: bytes, random: np.random.Generator) -> bytes:
    """512 bytes in the middle are zero."""
    at = _inside(data[: -len(END) - 512], random)
    return data[:at] + bytes(512) + data[at + 512 :]


DAMAGES: dict[str, Damage] = {
    "cut": cut,
    "cut, closed with FF D9": cut_and_closed,
    "512 bytes missing": lost_packet,
    "512 bytes zero": zeroed,
    "ten bytes changed": ten_bytes,
    "one byte changed": one_byte,
}


def jpegs() -> dict[str, bytes]:
    """The JPEGs that are damaged: 320x240 pixels, quality 80."""
    pixels = scene(240, 320)
    return {
        "baseline": jpeg(pixels, quality=80),
        "restart markers": jpeg(pixels, quality=80, restart=1),
        "progressive": jpeg(pixels, quality=80, progressive=True),
    }


def photos() -> dict[str, bytes]:
    """A photo in every other format of photo folders, by its suffix and kind."""
    picture = Image.fromarray(scene(96, 128))
    grey = np.asarray(picture.convert("L"))
    plain = b"P2\n128 96\n255\n" + b"\n".join(b" ".join(b"%d" % value for value in row) for row in grey)
    return {
        "png": pillow_file(picture, "PNG"),
        "bmp": pillow_file(picture, "BMP"),
        "gif": pillow_file(picture.quantize(64), "GIF"),
        "tif, deflate": pillow_file(picture, "TIFF", compression="tiff_adobe_deflate"),
        "tif, LZW": pillow_file(picture, "TIFF", compression="tiff_lzw"),
        "tif, PackBits": pillow_file(picture, "TIFF", compression="packbits"),
        "tif, JPEG": pillow_file(picture, "TIFF", compression="jpeg"),
        "tif": pillow_file(picture, "TIFF"),
        "webp, lossy": pillow_file(picture, "WEBP", quality=80),
        "webp, lossless": pillow_file(picture, "WEBP", lossless=True),
        "avif": pillow_file(picture, "AVIF", quality=80),
        "ppm": pillow_file(picture, "PPM"),
        "pgm, plain": plain,
    }


def count(data: bytes, damage: Damage, read: Read, tries: int, seed: int = 0) -> Count:
    """Damage a file many times and read it."""
    random, good = np.random.default_rng(seed), read(data)
    refused = same = 0
    for _ in range(tries):
        try:
            pixels = read(damage(data, random))
        except (PictureError, OSError):
            refused += 1
        else:
            same += np.array_equal(pixels, good)
    return Count(tries, refused, same)


def read_photo(suffix: str, folder: Path) -> Read:
    """How a photo folder reads a file."""
    path = folder / f"photo.{suffix}"

    def read(data: bytes) -> np.ndarray:
        path.write_bytes(data)
        return read_image(path).pixels

    return read


def read_jpeg(data: bytes) -> np.ndarray:
    """How the node reads a JPEG."""
    return decode_jpeg(data)[0]


def read_png(data: bytes) -> np.ndarray:
    """How the node reads a PNG."""
    return decode_png(data)


def _scan(data: bytes) -> int:
    """Where the data of a JPEG's first scan start; of other files, where their headers are likely over."""
    found = data.find(b"\xff\xda")
    return found + 14 if data.startswith(b"\xff\xd8") else 64


def _inside(data: bytes, random: np.random.Generator) -> int:
    return int(random.integers(_scan(data), len(data) - len(END)))


def _changed(data: bytes, random: np.random.Generator, number: int) -> bytes:
    changed = bytearray(data)
    for _ in range(number):
        changed[_inside(data, random)] ^= int(random.integers(1, 256))
    return bytes(changed)


def main(tries: int = 2000) -> None:
    """Print both tables."""
    write = sys.stdout.write
    write("| damage | " + " | ".join(jpegs()) + " |\n|---|" + "---|" * len(jpegs()) + "\n")
    for name, damage in DAMAGES.items():
        cells = [count(data, damage, read_jpeg, tries) for data in jpegs().values()]
        write(f"| {name} | " + " | ".join(f"{cell.refused / cell.tries:.1%}" for cell in cells) + " |\n")
        sys.stdout.flush()
    write("\n| format | cut | ten bytes changed | one byte changed |\n|---|---|---|---|\n")
    with tempfile.TemporaryDirectory() as folder:
        for name, data in photos().items():
            read = read_photo(name.partition(",")[0], Path(folder))
            cells = [count(data, damage, read, tries // 4) for damage in (cut, ten_bytes, one_byte)]
            write(f"| {name} | " + " | ".join(f"{cell.refused / cell.tries:.1%}" for cell in cells) + " |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
