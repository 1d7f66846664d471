# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A small file cannot take memory or time: every format is refused by its header, with the limit in the sentence."""

import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cac_core.data.decode import read_image
from cac_core.pictures import PictureError, check_file, decode_jpeg, decode_png
from cac_core.support import limits
from test.core.picture_files import END, chunks, jpeg, pillow_file, png, scene, segment
from test.repo.sources import ROOT

TINY = Image.fromarray(scene(16, 16))
TOO_MANY = "it has too many pixels.* the limit is 178,956,970"


def replaced(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def sized_jpeg(height: int, width: int, progressive: bool = False) -> bytes:
    data = jpeg(scene(16, 16), progressive=progressive)
    at = data.find(b"\xff\xc2" if progressive else b"\xff\xc0") + 5
    return replaced(data, at, height.to_bytes(2, "big") + width.to_bytes(2, "big"))


def sized_png(height: int, width: int, depth: int = 8, colour: int = 2) -> bytes:
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((depth, colour, 0, 0, 0))
    return png([(b"IHDR", header), (b"IDAT", zlib.compress(bytes(99))), (b"IEND", b"")])


def sized_tiff(side: int) -> bytes:
    data = pillow_file(TINY, "TIFF", compression="tiff_lzw")
    for tag in (256, 257):
        entry = data.find(tag.to_bytes(2, "little") + b"\x03\x00\x01\x00\x00\x00")
        data = replaced(data, entry + 8, side.to_bytes(2, "little"))
    return data


def tiled_tiff(side: int) -> bytes:
    """A TIFF of 16x16 pixels in one tile that is far larger."""
    tags = {256: 16, 257: 16, 258: 8, 259: 5, 262: 1, 277: 1, 322: side, 323: side, 324: 200, 325: 20}
    body = b"".join(
        tag.to_bytes(2, "little") + b"\x04\x00\x01\x00\x00\x00" + value.to_bytes(4, "little")
        for tag, value in tags.items()
    )
    return (b"II*\0\x08\0\0\0" + len(tags).to_bytes(2, "little") + body + bytes(4)).ljust(200, b"\0") + bytes(20)


def sized_webp(side: int) -> bytes:
    data = pillow_file(TINY, "WEBP", lossless=True)
    bits = int.from_bytes(data[21:25], "little") >> 28 << 28 | (side - 1) << 14 | (side - 1)
    return replaced(data, 21, bits.to_bytes(4, "little"))


def sized_gif(side: int) -> bytes:
    return replaced(pillow_file(TINY.quantize(4), "GIF"), 6, side.to_bytes(2, "little") * 2)


def sized_bmp(side: int) -> bytes:
    return replaced(pillow_file(TINY, "BMP"), 18, side.to_bytes(4, "little") * 2)


def flat_avif(side: int) -> bytes:
    """A whole AVIF of one colour: 8000x8000 pixels are 1 kB."""
    return pillow_file(Image.new("RGB", (side, side)), "AVIF", quality=10, speed=10)


BOMBS = (
    (sized_jpeg(32767, 32767), TOO_MANY),
    (sized_jpeg(65535, 65535, progressive=True), TOO_MANY),
    (sized_jpeg(8000, 8000), "it is too small a file for its pixels.* 10,000 pixels a byte"),
    (sized_jpeg(0, 16), "it is empty"),
    (sized_png(30000, 30000), TOO_MANY),
    (sized_png(1, 100_000), "it is too long.* 65,535"),
    (sized_png(12000, 12000, depth=16, colour=6), "it takes too much memory.* 1,073,741,824 bytes"),
    (sized_png(8000, 8000), "it is too small a file for its pixels"),
    (sized_tiff(60000), TOO_MANY),
    (tiled_tiff(60000), TOO_MANY),
    (sized_webp(16000), TOO_MANY),
    (sized_webp(8000), "it is too small a file for its pixels"),
    (sized_gif(65535), TOO_MANY),
    (sized_bmp(60000), TOO_MANY),
    (b"P6 60000 60000 255\n" + bytes(100), TOO_MANY),
    (b"P5 6000 6000 255\n" + bytes(100), "it is too small a file for its pixels"),
)


@pytest.mark.parametrize(("data", "sentence"), BOMBS)
def test_a_bomb_is_refused_by_its_header(data: bytes, sentence: str, tmp_path: Path) -> None:
    assert len(data) < 3000
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    with pytest.raises(OSError, match=sentence):
        read_image(path)


@pytest.mark.slow
def test_bombs_take_neither_memory_nor_time(tmp_path: Path) -> None:
    for number, (data, _) in enumerate(BOMBS):
        (tmp_path / f"{number}.png").write_bytes(data)
    (tmp_path / "flat.avif").write_bytes(flat_avif(8000))
    code = """
import resource, sys, time
from pathlib import Path
from cac_core.data.decode import read_image
memory = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before, start = memory(), time.process_time()
for path in Path(sys.argv[1]).iterdir():
    try:
        read_image(path)
    except OSError:
        continue
    sys.exit(path.name)
print(memory() - before, time.process_time() - start)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    kilobytes, seconds = map(float, done.stdout.split())
    assert kilobytes < 50_000
    assert seconds < 2


@pytest.mark.parametrize(
    ("decode", "data"), [(decode_jpeg, sized_jpeg(32767, 32767)), (decode_png, sized_png(30000, 30000))]
)
def test_the_node_refuses_a_bomb_by_its_header(decode: Callable[[bytes], object], data: bytes) -> None:
    with pytest.raises(PictureError, match=TOO_MANY):
        decode(data)


def test_an_avif_of_one_kilobyte_and_64_megapixels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "flat.avif"
    path.write_bytes(flat_avif(8000))
    assert path.stat().st_size < 3000
    with pytest.raises(OSError, match="it is too small a file for its pixels: its header claims 8000x8000"):
        read_image(path)


def test_progressive_scans_are_counted_before_they_are_decoded() -> None:
    data = jpeg(scene(480, 640), progressive=True)
    last = data[data.rfind(b"\xff\xda") : -2]
    decode_jpeg(data)
    with pytest.raises(PictureError, match="too many scans; the limit for its size is 100"):
        decode_jpeg(data[:-2] + last * 91 + END)
    large = sized_jpeg(13000, 13000, progressive=True)
    large = large[:-2] + large[large.rfind(b"\xff\xda") : -2] * 9 + END + bytes(20000)
    with pytest.raises(PictureError, match="too many scans; the limit for its size is 11"):
        decode_jpeg(large)


def test_what_only_looks_like_a_scan_is_not_counted() -> None:
    data = jpeg(scene(48, 64))
    expected = decode_jpeg(data)[0]
    for more in (data + b"\xff\xda" * 500, data[:2] + segment(0xEC, b"\xff\xda" * 500) + data[2:]):
        np.testing.assert_array_equal(decode_jpeg(more)[0], expected)


def test_headers_without_end_are_refused() -> None:
    data = jpeg(scene(16, 16))
    with pytest.raises(PictureError, match="too many header segments; the limit is 4,096"):
        decode_jpeg(data[:2] + segment(0xFE, b"") * 5000 + data[2:])
    parts = chunks(pillow_file(TINY, "PNG"))
    with pytest.raises(PictureError, match="too many chunks; the limit is 131,072"):
        decode_png(png([*parts[:-1], *[(b"tEXt", b"")] * 131_072, parts[-1]]))


def test_inflating_stops_where_the_picture_is_full() -> None:
    header = (16).to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
    bomb = zlib.compress(bytes(2**26), level=9)
    with pytest.raises(PictureError, match="too few or too many rows"):
        decode_png(png([(b"IHDR", header), (b"IDAT", bomb), (b"IEND", b"")]))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sparse.png"
    with path.open("wb") as file:
        file.truncate(5 * 10**9)
    with pytest.raises(OSError, match="it is too large: 5,000 MB, and at most 537 MB are read"):
        read_image(path)
    monkeypatch.setattr(limits, "PICTURE_BYTES", 100)
    with pytest.raises(PictureError, match="it is too large a file; the limit is 100 bytes"):
        check_file(bytes(101))


@pytest.mark.parametrize("data", [b"\xff\xd8" + b"\xff" * 10**7, b"\xff\xd8" + bytes(10**7), bytes(10**7)])
def test_ten_megabytes_of_nothing_take_no_time(data: bytes) -> None:
    code = (
        "import sys, time; from cac_core.pictures import PictureError, decode_jpeg; data = sys.stdin.buffer.read()\n"
        "start = time.process_time()\n"
        "try: decode_jpeg(data)\n"
        "except PictureError: print(time.process_time() - start)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=data, cwd=ROOT, capture_output=True, check=True)
    assert float(done.stdout) < 1


def test_the_page_has_every_limit() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| `([A-Z_]+)` \| ([\d,]+) \| [^|]+ \|$", page, re.MULTILINE))
    assert shown == {name: f"{value:,}" for name, value in vars(limits).items() if name.isupper()}
