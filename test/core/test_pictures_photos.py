# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photo folders see the damage that the node sees, and in other formats what their decoders can see."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from cac_core.data.decode import read_image
from cac_core.pictures import PictureError, decode_jpeg, decode_png
from test.core.picture_damage import DAMAGES, count, cut, cut_and_closed, jpegs, one_byte, photos, read_photo, ten_bytes
from test.core.picture_files import END, after_start, camera_variants, exif, jpeg, pillow_file, scene


def read(data: bytes, folder: Path, suffix: str = "jpg") -> np.ndarray:
    path = folder / f"photo.{suffix}"
    path.write_bytes(data)
    return read_image(path).pixels


@pytest.mark.parametrize("kind", photos())
def test_a_whole_photo_is_read_as_pillow_reads_it(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{kind.partition(',')[0]}"
    path.write_bytes(photos()[kind])
    with Image.open(path) as picture:
        expected = np.asarray(picture.convert("L" if picture.mode == "L" else "RGB"))
    np.testing.assert_array_equal(read_image(path).pixels, expected)


@pytest.mark.parametrize("kind", photos())
def test_a_cut_photo_is_refused_in_every_format(kind: str, tmp_path: Path) -> None:
    reader = read_photo(kind.partition(",")[0], tmp_path)
    assert count(photos()[kind], cut, reader, 60).refused == 60


@pytest.mark.parametrize(
    ("kind", "ten", "one"),
    [  # of 60 photos; the formats that are not named have no checksum and hardly a code that can be wrong
        ("png", 60, 60),
        ("tif, deflate", 25, 50),
        ("gif", 50, 20),
        ("tif, LZW", 35, 3),
        ("pgm, plain", 60, 54),
    ],
)
def test_of_60_altered_photos_so_many_are_refused(kind: str, ten: int, one: int, tmp_path: Path) -> None:
    reader = read_photo(kind.partition(",")[0], tmp_path)
    assert count(photos()[kind], ten_bytes, reader, 60, seed=1).refused >= ten
    assert count(photos()[kind], one_byte, reader, 60, seed=1).refused >= one


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_jpeg_has_one_verdict_in_the_node_and_in_a_photo_folder(damage: str, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    for data in jpegs().values():
        for _ in range(10):
            damaged = DAMAGES[damage](data, random)
            try:
                pixels = decode_jpeg(damaged, "RGB")[0]
            except PictureError as error:
                with pytest.raises(OSError, match="the JPEG") as seen:
                    read(damaged, tmp_path)
                assert str(seen.value) == str(error)
            else:
                np.testing.assert_array_equal(read(damaged, tmp_path), pixels)


def test_a_png_has_one_verdict_in_the_node_and_in_a_photo_folder(tmp_path: Path) -> None:
    random, data = np.random.default_rng(5), photos()["png"]
    for damage in (cut, one_byte, ten_bytes):
        damaged = damage(data, random)
        with pytest.raises(PictureError) as error:
            decode_png(damaged)
        with pytest.raises(OSError, match="the PNG is cut or damaged") as seen:
            read(damaged, tmp_path, "png")
        assert str(seen.value) == str(error.value)


def test_jpegs_as_cameras_write_them_are_good_photos(tmp_path: Path) -> None:
    plain = jpeg(scene(96, 128), restart=1)
    for name, data in camera_variants(plain).items():
        np.testing.assert_array_equal(read(data, tmp_path), decode_jpeg(plain, "RGB")[0], err_msg=name)


def test_printing_colours_are_read_and_their_damage_is_seen(tmp_path: Path) -> None:
    data = pillow_file(Image.fromarray(scene(96, 128)).convert("CMYK"), "JPEG", quality=90)
    path = tmp_path / "print.jpg"
    path.write_bytes(after_start(data, exif(6)))
    with Image.open(path) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    np.testing.assert_array_equal(read_image(path).pixels, expected)
    random = np.random.default_rng(2)
    for _ in range(20):
        with pytest.raises(OSError, match="the JPEG is cut or damaged"):
            read(cut_and_closed(data, random), tmp_path)


def test_the_content_of_a_photo_says_what_it_is_and_not_its_name(tmp_path: Path) -> None:
    data = jpegs()["baseline"]
    np.testing.assert_array_equal(read(data, tmp_path, "png"), decode_jpeg(data, "RGB")[0])
    with pytest.raises(OSError, match="the JPEG is cut or damaged"):
        read(data[: len(data) // 2] + END, tmp_path, "bmp")


def test_a_format_that_is_not_promised_is_no_image(tmp_path: Path) -> None:
    # Pillow would hand PostScript to another program.
    for data in (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"%PDF-1.4\n", b"8BPS\0\1" + bytes(40)):
        with pytest.raises(OSError, match="not an image"):
            read(data, tmp_path)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "endless.png").symlink_to("/dev/zero")
    for name, sentence in (("pipe.jpg", "named pipe"), ("folder.png", "folder"), ("endless.png", "device")):
        with pytest.raises(OSError, match=sentence) as error:
            read_image(tmp_path / name)
        assert str(tmp_path) not in str(error.value)
    with pytest.raises(OSError, match="it does not exist"):
        read_image(tmp_path / "missing.jpg")


def test_a_16_bit_png_photo_keeps_its_reading(tmp_path: Path) -> None:
    deep = scene(20, 30).astype(np.uint16) * 257
    data = bytes(cv2.imencode(".png", deep[..., 0])[1])
    np.testing.assert_array_equal(read(data, tmp_path, "png"), scene(20, 30)[..., 0])
