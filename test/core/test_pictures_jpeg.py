# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A JPEG is read to the very pixels that OpenCV and Pillow read, or it is refused: damage is never filled in."""

import io
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from cac_core.pictures import PictureError, check_file, decode_jpeg
from cac_core.pictures.jpeg import read_jpeg_header
from test.core.picture_damage import DAMAGES, count, jpegs, read_jpeg
from test.core.picture_files import (
    END,
    SUBSAMPLINGS,
    after_start,
    camera_variants,
    exif,
    jpeg,
    pillow_file,
    scene,
    segment,
    segments,
    with_zeros_before,
)

KINDS: dict[str, dict[str, int | bool]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restart markers": {"restart": 2, "quality": 50},
    "progressive with restart markers": {"progressive": True, "restart": 1, "quality": 100},
    "optimised tables": {"optimised": True, "quality": 5},
}
REDUCED = {
    1: {2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4, 8: cv2.IMREAD_REDUCED_GRAYSCALE_8},
    3: {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8},
}


def opencv(data: bytes, flags: int = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    assert pixels is not None
    return pixels


def good_files(kind: str) -> Iterator[bytes]:
    for height, width in ((1, 1), (7, 9), (16, 16), (33, 15), (121, 163), (240, 320)):
        for channels in (1, 3):
            for subsampling in SUBSAMPLINGS if channels == 3 else SUBSAMPLINGS[:1]:
                yield jpeg(scene(height, width, channels), subsampling=subsampling, **KINDS[kind])  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_good_jpegs_are_read_bit_for_bit_as_by_opencv_and_pillow(kind: str) -> None:
    for data in good_files(kind):
        pixels, is_reduced = decode_jpeg(data)
        np.testing.assert_array_equal(pixels, opencv(data))
        assert not is_reduced
        with Image.open(io.BytesIO(data)) as picture:
            np.testing.assert_array_equal(decode_jpeg(data, "RGB")[0], np.asarray(picture))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fraction", [2, 4, 8])
def test_a_reduced_jpeg_is_bit_for_bit_opencvs_reduced_jpeg(kind: str, fraction: int) -> None:
    for data in good_files(kind):
        header = read_jpeg_header(data)
        shorter = min(header.height, header.width)
        if shorter < fraction:
            continue
        pixels, is_reduced = decode_jpeg(data, smallest_side=max(1, shorter // fraction))
        if shorter // fraction * fraction * 2 > shorter and shorter >= 2 * fraction:  # no smaller one is allowed
            np.testing.assert_array_equal(pixels, opencv(data, REDUCED[header.channels][fraction]))
        assert is_reduced


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("big_endian", [True, False])
def test_a_jpeg_is_turned_as_its_camera_was_held(orientation: int, big_endian: bool) -> None:
    data = after_start(jpeg(scene(40, 64)), exif(orientation, big_endian))
    np.testing.assert_array_equal(decode_jpeg(data)[0], opencv(data))
    with Image.open(io.BytesIO(data)) as picture:
        np.testing.assert_array_equal(decode_jpeg(data, "RGB")[0], np.asarray(ImageOps.exif_transpose(picture)))


def test_exif_data_that_make_no_sense_change_nothing() -> None:
    plain = jpeg(scene(40, 64))
    for body in (b"Exif\0\0", b"Exif\0\0MM", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0" + bytes(60), exif(6)[4:-20]):
        np.testing.assert_array_equal(decode_jpeg(after_start(plain, segment(0xE1, body)))[0], decode_jpeg(plain)[0])


def test_a_jpeg_of_rgb_instead_of_ycc_is_read_as_by_opencv() -> None:
    data = pillow_file(Image.fromarray(scene(48, 64)), "JPEG", keep_rgb=True, quality=95)
    np.testing.assert_array_equal(decode_jpeg(data)[0], opencv(data))


@pytest.mark.parametrize("channels", [1, 3])
def test_what_cameras_send_is_read_to_the_same_pixels(channels: int) -> None:
    plain = jpeg(scene(96, 128, channels), restart=1)
    assert b"\xff\xd0" in plain
    for name, data in camera_variants(plain).items():
        assert name == "plain" or data != plain
        np.testing.assert_array_equal(decode_jpeg(data)[0], decode_jpeg(plain)[0], err_msg=name)
        check_file(data)


def test_a_scan_that_ends_early_is_refused_though_zeros_fill_it_up() -> None:
    for data in jpegs().values():
        for share in (0.2, 0.5, 0.8, 0.99):
            at = int(len(data) * share)
            for zeros in (1, 100, len(data) - at):
                with pytest.raises(PictureError, match="the JPEG is cut or damaged"):
                    decode_jpeg(data[:at] + bytes(zeros) + END)


@pytest.mark.parametrize("kind", jpegs())
@pytest.mark.parametrize(
    ("damage", "least"),
    [
        ("cut", (200, 200, 200)),
        ("cut, closed with FF D9", (200, 200, 200)),
        ("512 bytes missing", (198, 198, 170)),
        ("512 bytes zero", (198, 198, 160)),
        ("ten bytes changed", (175, 195, 195)),
        ("one byte changed", (30, 60, 75)),
    ],
)
def test_of_200_damaged_jpegs_so_many_are_refused(kind: str, damage: str, least: tuple[int, int, int]) -> None:
    data = jpegs()[kind]
    assert count(data, DAMAGES[damage], read_jpeg, 200, seed=1).refused >= least[list(jpegs()).index(kind)]


def test_a_jpeg_without_its_last_two_bytes_is_refused() -> None:
    for data in jpegs().values():
        with pytest.raises(PictureError, match=r"the JPEG is cut or damaged$"):
            decode_jpeg(data[:-2])


def test_a_lost_restart_interval_is_refused() -> None:
    data = jpegs()["restart markers"]
    first, second = data.find(b"\xff\xd2"), data.find(b"\xff\xd3")
    with pytest.raises(PictureError, match="the JPEG is cut or damaged"):
        decode_jpeg(data[:first] + data[second:])


def test_the_start_of_one_frame_and_the_end_of_another_are_no_frame() -> None:
    one, other = jpeg(scene(240, 320, seed=1)), jpeg(scene(240, 320, seed=2))
    for share in (0.3, 0.5, 0.7):
        with pytest.raises(PictureError, match="the JPEG is cut or damaged"):
            decode_jpeg(one[: int(len(one) * share)] + other[int(len(other) * share) :])
        with pytest.raises(PictureError, match="the JPEG is cut or damaged"):
            decode_jpeg(one[: int(len(one) * share)] + other)


def test_a_progressive_jpeg_without_its_last_scans_is_refused() -> None:
    data = jpegs()["progressive"]
    ends = [at for at in range(len(data)) if data.startswith(b"\xff\xda", at)]
    for end in ends[1:]:
        with pytest.raises(PictureError, match="the JPEG is cut or damaged"):
            decode_jpeg(data[: data.rfind(b"\xff\xc4", 0, end)] + END)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (pillow_file(Image.new("CMYK", (32, 24)), "JPEG"), "the JPEG is in printing colours"),
        (jpeg(scene(16, 16)).replace(b"\xff\xc0", b"\xff\xc9"), "lossless, hierarchical or arithmetic"),
        (jpeg(scene(16, 16)).replace(b"\xff\xc0", b"\xff\xc3"), "lossless, hierarchical or arithmetic"),
        (jpeg(scene(16, 16)).replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc1\x00\x11\x0c"), "12 bits per colour"),
        (b"\xff\xd8", "its header is not complete"),
        (b"\xff\xd8\xff\xd9", "its header is not complete"),
        (b"\xff\xd8\xff\xda", "its header is not complete"),
        (b"\xff\xd8" + b"\xff" * 1000, "its header is not complete"),
    ],
)
def test_other_kinds_of_jpeg_are_refused_by_name(data: bytes, sentence: str) -> None:
    with pytest.raises(PictureError, match=sentence):
        decode_jpeg(data)


def test_one_cause_has_one_sentence() -> None:
    data = jpeg(scene(96, 128), restart=1)
    sentences = set()
    for number, marker in ((1, b"\xff\xd0"), (5, b"\xff\xd1"), (9, b"\xff\xd3")):
        at = data.find(marker, data.find(b"\xff\xda"))
        with pytest.raises(PictureError) as error:
            decode_jpeg(data[:at] + b"\x55" * number + data[at:])
        sentences.add(str(error.value))
    assert sentences == {"the JPEG is cut or damaged (extra bytes before a marker)"}


def test_no_line_on_the_console_for_each_frame(capfd: pytest.CaptureFixture[str]) -> None:
    data = jpeg(scene(96, 128), restart=1)
    damaged = [
        with_zeros_before(data, END),
        data[:-2],
        data[: len(data) // 2] + END,
        data[:100],
        data.replace(b"Z", b""),
    ]
    damaged += [data[:2] + b"".join(part for marker, part in segments(data) if marker != 0xDB)]
    for one in damaged:
        try:
            decode_jpeg(one)
        except PictureError:
            continue
    assert capfd.readouterr() == ("", "")
