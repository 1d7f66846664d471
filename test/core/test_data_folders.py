# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Image folders become tensors, and whatever lies in them never crashes a training later."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cac_core.data import load_image_folder, load_unknown_folder
from cac_core.data.decode import read_image
from cac_core.preprocessing import Preprocessing, resize
from cac_core.support.errors import DataError
from test.core.photos import write_folder, write_photo

SMALL = Preprocessing(16)
GREY = Preprocessing(16, channels=1, mean=(0.5,), std=(0.5,))


def test_folder_names_in_sorted_order_are_the_classes(tmp_path: Path) -> None:
    for name in ("zebra", "a tall box", "größe", "Ätzend"):
        write_photo(tmp_path / name / "1.png")
    loaded = load_image_folder(tmp_path, SMALL)
    assert loaded.class_names == ("a tall box", "größe", "zebra", "Ätzend")
    assert loaded.labels.tolist() == [0, 1, 2, 3]
    assert loaded.images.dtype == torch.uint8
    assert loaded.images.shape == (4, 16, 16, 3)


def test_every_image_goes_through_the_one_resize(tmp_path: Path) -> None:
    write_folder(tmp_path, count=3)
    loaded = load_image_folder(tmp_path, SMALL)
    for image, path in zip(loaded.images, loaded.paths, strict=True):
        np.testing.assert_array_equal(image.numpy(), resize(read_image(tmp_path / path), SMALL))


def test_images_of_any_size_and_grey_networks(tmp_path: Path) -> None:
    write_photo(tmp_path / "a" / "wide.png", size=(300, 7))
    write_photo(tmp_path / "b" / "tall.jpg", size=(20, 500))
    assert load_image_folder(tmp_path, GREY).images.shape == (2, 16, 16, 1)


def test_folders_copied_from_a_mac_match_the_class_names(tmp_path: Path) -> None:
    write_photo(tmp_path / unicodedata.normalize("NFD", "größe") / "1.png")
    loaded = load_image_folder(tmp_path, SMALL, class_names=("box", unicodedata.normalize("NFC", "größe")))
    assert loaded.labels.tolist() == [1]


def test_known_classes_are_mapped_by_name_and_others_are_unknown(tmp_path: Path) -> None:
    write_folder(tmp_path, count=2)
    loaded = load_image_folder(tmp_path, SMALL, class_names=("red", "yellow", "blue"))
    assert dict(zip([p.split("/")[-2] for p in loaded.paths], loaded.labels.tolist(), strict=True)) == {
        "blue": 2,
        "green": -1,
        "red": 0,
    }
    assert loaded.counts() == {"red": 2, "yellow": 0, "blue": 2}
    assert any("yellow" in problem for problem in loaded.problems)


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), (0, 0, 0))
    picture.paste((255, 255, 255), (0, 0, 20, 20))  # left half white
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90° clockwise
    picture.save(tmp_path / "turned.png", exif=exif)
    frame = read_image(tmp_path / "turned.png")
    assert frame.pixels.shape[:2] == (40, 20)
    assert frame.pixels[:15].min() == 255  # left became top
    assert frame.pixels[25:].max() == 0


def grey_16_bit() -> Image.Image:
    return Image.fromarray(np.full((8, 8), 128 * 256 + 77, dtype=np.uint16))


def half_transparent() -> Image.Image:
    picture = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    picture.paste((128, 128, 128, 255), (0, 0, 8, 4))
    return picture


@pytest.mark.parametrize(
    ("name", "picture", "shape", "first_pixel"),
    [
        ("grey.png", Image.new("L", (8, 8), 128), (8, 8), 128),
        ("bits.png", Image.new("1", (8, 8), 1), (8, 8), 255),
        ("deep.png", grey_16_bit(), (8, 8), 128),
        ("deep.tif", grey_16_bit(), (8, 8), 128),
        ("float.tif", Image.fromarray(np.full((8, 8), 0.5, dtype=np.float32)), (8, 8), 127),
        ("palette.png", Image.new("RGB", (8, 8), (128, 128, 128)).quantize(4), (8, 8, 3), 128),
        ("print.jpg", Image.new("RGB", (8, 8), (128, 128, 128)).convert("CMYK"), (8, 8, 3), 128),
        ("alpha.png", half_transparent(), (8, 8, 3), 128),
        ("grey alpha.png", half_transparent().convert("LA"), (8, 8, 3), 128),
    ],
)
def test_every_colour_mode_becomes_8_bit_grey_or_rgb(
    tmp_path: Path, name: str, picture: Image.Image, shape: tuple[int, ...], first_pixel: int
) -> None:
    picture.save(tmp_path / name)
    frame = read_image(tmp_path / name)
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.shape == shape
    assert frame.order == ("grey" if len(shape) == 2 else "rgb")
    np.testing.assert_allclose(frame.pixels[0, 0], first_pixel, atol=3)
    if "alpha" in name:
        np.testing.assert_array_equal(frame.pixels[-1, -1], 255)  # transparent becomes white


def test_unreadable_files_are_listed_and_skipped(tmp_path: Path) -> None:
    write_folder(tmp_path, count=3)
    (tmp_path / "red" / "note.jpg").write_text("not a picture")
    (tmp_path / "red" / "empty.png").touch()
    (tmp_path / "blue" / "phone.HEIC").write_bytes(b"....ftypheic")
    whole = write_photo(tmp_path / "green" / "cut.jpg", size=(200, 200)).read_bytes()
    (tmp_path / "green" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "green" / "list.txt").write_text("a list")
    (tmp_path / "green" / ".DS_Store").write_text("a Mac was here")
    loaded = load_image_folder(tmp_path, SMALL)
    assert len(loaded) == len(loaded.paths) == len(loaded.labels) == 9
    text = "\n".join(loaded.problems)
    for name in ("note.jpg", "empty.png", "phone.HEIC", "cut.jpg", "list.txt"):
        assert name in text
    assert text.count(".DS_Store") == 1
    assert "convert them to JPEG" in text


def test_more_images_than_memory_are_refused_before_they_are_read(tmp_path: Path) -> None:
    write_folder(tmp_path, count=1)
    with pytest.raises(DataError, match=r"GB of memory: set a smaller preprocessing\.image_size"):
        load_image_folder(tmp_path, Preprocessing(10**7))


def test_tiny_images_are_reported_but_kept(tmp_path: Path) -> None:
    write_folder(tmp_path, count=1)
    write_photo(tmp_path / "red" / "dot.png", size=(3, 2))
    loaded = load_image_folder(tmp_path, SMALL)
    assert len(loaded) == 4
    assert [problem for problem in loaded.problems if "dot.png is only 3x2 pixels" in problem]


def test_a_class_without_a_readable_image_is_an_error_that_names_it(tmp_path: Path) -> None:
    write_folder(tmp_path, count=2)
    (tmp_path / "a mug").mkdir()
    (tmp_path / "a mug" / "1.jpg").write_text("not a picture")
    with pytest.raises(DataError, match=r"'a mug'.*1 skipped.*1\.jpg"):
        load_image_folder(tmp_path, SMALL)


def test_useless_folders_are_refused_with_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        load_image_folder(tmp_path / "nowhere", SMALL)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="is empty: make one folder per class"):
        load_image_folder(tmp_path / "empty", SMALL)
    write_photo(tmp_path / "loose" / "1.png")
    with pytest.raises(DataError, match="no class folders"):
        load_image_folder(tmp_path / "loose", SMALL)
    write_photo(tmp_path / "single" / "cup" / "1.png")
    with pytest.raises(DataError, match="at least two classes"):
        load_image_folder(tmp_path / "single", SMALL)
    with pytest.raises(DataError, match="is a file"):
        load_image_folder(tmp_path / "loose" / "1.png", SMALL)
    with pytest.raises(DataError, match="no image below"):
        load_unknown_folder(tmp_path / "empty", SMALL, ("a", "b"))


def test_other_things_may_be_nested_and_are_all_unknown(tmp_path: Path) -> None:
    write_photo(tmp_path / "1.png")
    write_photo(tmp_path / "deep" / "er" / "2.jpg")
    loaded = load_unknown_folder(tmp_path, SMALL, ("cup", "box"))
    assert loaded.labels.tolist() == [-1, -1]
    assert loaded.class_names == ("cup", "box")
