# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A PNG is read to the very pixels that OpenCV reads, or it is refused: every checksum and every row counts."""

import zlib
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from cac_core.pictures import PictureError, check_file, decode_png
from test.core.picture_damage import count, cut, one_byte, photos, read_png
from test.core.picture_files import chunk, chunks, exif, pillow_file, png, scene

PIXELS = scene(37, 53)
FILE = bytes(cv2.imencode(".png", PIXELS)[1])
HEADER, *_, END = chunks(FILE)
ROWS = b"".join(body for kind, body in chunks(FILE) if kind == b"IDAT")
RAW = zlib.decompress(ROWS)


def opencv(data: bytes) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    assert pixels is not None
    return pixels


def interlaced(pixels: np.ndarray) -> bytes:
    """An Adam7 PNG of 8-bit RGB, each pass with filter 0."""
    height, width = pixels.shape[:2]
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = b""
    for column, row, across, down in passes:
        part = pixels[row::down, column::across]
        rows += b"".join(b"\0" + line.tobytes() for line in part if line.size)
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, 2, 0, 0, 1))
    return png([(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")])


def good_files() -> Iterator[tuple[str, bytes]]:
    for height, width in ((1, 1), (3, 5), (8, 8), (37, 53)):
        colour = scene(height, width)
        picture = Image.fromarray(colour)
        deep = colour.astype(np.uint16) * 257 + 3
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
            yield mode, pillow_file(picture.convert(mode), "PNG")
        for colours in (2, 4, 16):
            yield f"{colours} colours", pillow_file(picture.quantize(colours), "PNG")
        yield "transparent colour", pillow_file(picture, "PNG", transparency=(1, 2, 3))
        yield "transparent grey", pillow_file(picture.convert("L"), "PNG", transparency=7)
        yield "transparent palette", pillow_file(picture.quantize(16), "PNG", transparency=bytes(range(16)))
        yield "16-bit grey", bytes(cv2.imencode(".png", deep[..., 0])[1])
        yield "16-bit colour", bytes(cv2.imencode(".png", deep)[1])
        yield "16-bit with alpha", bytes(cv2.imencode(".png", np.dstack([deep, deep[..., :1]]))[1])
        yield "interlaced", interlaced(colour)


def test_good_pngs_are_read_bit_for_bit_as_by_opencv() -> None:
    for name, data in good_files():
        expected, pixels = opencv(data), decode_png(data)
        assert pixels.dtype == expected.dtype, name
        np.testing.assert_array_equal(pixels, expected, err_msg=name)
        check_file(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_png_is_turned_as_its_camera_was_held(orientation: int) -> None:
    data = png([HEADER, (b"eXIf", exif(orientation)[10:]), (b"IDAT", ROWS), END])
    np.testing.assert_array_equal(decode_png(data), opencv(data))


def test_what_other_programs_add_changes_nothing() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("note", "x" * 5000, zip=True)
    named = pillow_file(
        Image.fromarray(PIXELS[..., ::-1]), "PNG", pnginfo=text, gamma=0.5, icc_profile=b"not a profile"
    )
    for data in (named, FILE + b"more", FILE + FILE, png([HEADER, (b"gAMA", b"odd"), (b"IDAT", ROWS), END])):
        np.testing.assert_array_equal(decode_png(data), PIXELS)


BROKEN = {
    "no header": png([(b"IDAT", ROWS), END]),
    "no rows": png([HEADER, END]),
    "no end": png([HEADER, (b"IDAT", ROWS)]),
    "half of the data, closed": png([HEADER, (b"IDAT", ROWS[: len(ROWS) // 2]), END]),
    "no checksum of the rows": png([HEADER, (b"IDAT", ROWS[:-4]), END]),
    "wrong checksum of the rows": png([HEADER, (b"IDAT", ROWS[:-1] + bytes([ROWS[-1] ^ 1])), END]),
    "too few rows": png([HEADER, (b"IDAT", zlib.compress(RAW[: len(RAW) // 2])), END]),
    "too many rows": png([HEADER, (b"IDAT", zlib.compress(RAW + RAW)), END]),
    "an unknown filter": png([HEADER, (b"IDAT", zlib.compress(b"\x07" + RAW[1:])), END]),
    "an unknown chunk that matters": png([HEADER, (b"ABCD", b""), (b"IDAT", ROWS), END]),
    "no palette": png([(b"IHDR", HEADER[1][:9] + b"\x03" + HEADER[1][10:]), (b"IDAT", ROWS), END]),
    "a colour type that does not exist": png([(b"IHDR", HEADER[1][:9] + b"\x05" + HEADER[1][10:]), END]),
    "a depth that does not exist": png([(b"IHDR", HEADER[1][:8] + b"\x04" + HEADER[1][9:]), END]),
    "no pixels": png([(b"IHDR", bytes(8) + HEADER[1][8:]), (b"IDAT", ROWS), END]),
    "a wrong checksum of the header": FILE.replace(chunk(*HEADER), chunk(*HEADER)[:-1] + b"x"),
    "a wrong checksum of the end": FILE[:-1] + b"x",
    "a transparent colour cut off": png([HEADER, (b"tRNS", b"\0"), (b"IDAT", ROWS), END]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_png_is_refused_without_a_line_on_the_console(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    for read in (decode_png, check_file):
        with pytest.raises(PictureError, match=r"the PNG is cut or damaged|it is empty"):
            read(BROKEN[name])
    assert capfd.readouterr() == ("", "")


def test_a_good_png_with_odd_extras_writes_no_line_on_the_console(capfd: pytest.CaptureFixture[str]) -> None:
    rows = (b"IDAT", ROWS)
    for extra in (
        (b"iCCP", b"x\0\0odd"),
        (b"gAMA", b"odd"),
        (b"zTXt", b"k\0\0odd"),
        (b"PLTE", b"odd!"),
        (b"tIME", b""),
    ):
        np.testing.assert_array_equal(decode_png(png([HEADER, extra, rows, END])), PIXELS)
    palette = pillow_file(Image.fromarray(PIXELS).quantize(4), "PNG")
    short = [(kind, body[:3] if kind == b"PLTE" else body) for kind, body in chunks(palette)]  # pixels beyond it
    decode_png(png(short))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("damage", [cut, one_byte])
def test_every_cut_and_every_changed_byte_of_a_png_is_seen(damage: type) -> None:
    data = photos()["png"]
    assert count(data, damage, read_png, 300).refused == 300
