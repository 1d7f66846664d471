# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/inputs.md: each row of its tables of photo folders and of names is made here and read."""

import os
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cac_core.data import LabelledImages, load_image_folder
from cac_core.data.contradictions import doubts_about_test, looks_as_bytes, looks_in_file
from cac_core.data.folder_contents import SYSTEM_NAMES
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import CacError
from cac_core.support.limits import NAME_BYTES
from cac_core.support.names import name_problem
from cac_core.training.checks import check
from cac_core.training.config import DataConfig
from cac_core.training.sources import load_training_data
from cac_core.training.validation_split import LOPSIDED, hygiene
from test.core.photos import write_folder, write_photo
from test.core.trainings import photo_config
from test.repo.sources import ROOT

PAGE = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")
SMALL = Preprocessing(16)


def rows(heading: str) -> dict[str, str]:
    """First and second cell of each row of the table below a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.MULTILINE)[1:])


def read(place: Path) -> LabelledImages:
    return load_image_folder(place, SMALL)


def refused(read: Callable[[], object]) -> str:
    with pytest.raises(CacError) as caught:
        read()
    return str(caught.value)


def warnings(place: Path, other: Path | None = None) -> str:
    data = DataConfig(root=place, unknown=other, validation_share=0.5)
    return " ".join(hygiene(load_training_data(photo_config(place, place.parent / "m.cac", data=data)).summary))


def nested(place: Path) -> None:
    write_photo(place / "red" / "front" / "1.png")
    assert read(place).counts()["red"] == 3


def followed(place: Path) -> None:
    (place / "green2").symlink_to(place / "green")
    (place / "red" / "9.png").symlink_to(next((place / "blue").iterdir()))
    assert read(place).counts() == {"blue": 2, "green": 2, "green2": 2, "red": 3}


def loop(place: Path) -> None:
    (place / "red" / "again").symlink_to(place / "red")
    (place / "back").symlink_to(place)
    assert len(read(place).problems) == 2
    assert len(read(place)) == 6


def special(place: Path) -> None:
    os.mkfifo(place / "red" / "1.jpg")
    (place / "red" / "2.jpg").symlink_to("/dev/zero")
    (place / "red" / "3.jpg").symlink_to("nowhere")
    assert len(read(place).problems) == 3


def hidden(place: Path) -> None:
    write_photo(place / ".hidden" / "1.png")
    write_photo(place / "red" / ".1.png")
    assert (len(read(place)), read(place).problems) == (6, ())


def system(place: Path) -> None:
    (row,) = [row for row in rows("Photo folders") if "lost+found" in row]
    names = re.findall(r"`(.+?)`", row)
    assert {name.lower() for name in names} <= SYSTEM_NAMES
    for name in names:
        write_photo(place / name / "1.png")
    assert len(read(place)) == 6
    (note,) = read(place).problems
    assert all(name in note for name in names)


def no_image(place: Path) -> None:
    for name in ("a.txt", "b.pdf"):
        (place / "red" / name).write_text("x")
    assert len(read(place).problems) == 1


def damaged(place: Path) -> None:
    (place / "red" / "a.jpg").write_text("x")
    assert len(read(place).problems) == 1


def faint(place: Path) -> None:
    for name in ("1.png", "2.png"):
        Image.fromarray(np.linspace(7000, 9000, 48 * 64, dtype=np.uint16).reshape(48, 64)).save(place / "red" / name)
    assert (len(read(place)), len(read(place).problems)) == (8, 1)


def beside(place: Path) -> None:
    write_photo(place / "1.png")
    assert (len(read(place)), len(read(place).problems)) == (6, 1)


def parts(place: Path) -> None:
    for name in ("train", "val", "test"):
        write_folder(place / "set" / name, count=1)
    assert f"did you mean {place / 'set' / 'train'}?" in refused(lambda: read(place / "set"))


def same(place: Path) -> None:
    for name in ("cup", "box"):
        write_folder(place / "set" / name, count=1)
    assert (len(read(place / "set")), len(read(place / "set").problems)) == (6, 1)


def lopsided(place: Path) -> None:
    write_folder(place / "set", ("red", "green", "blue"), count=2)
    for k in range(40):
        write_photo(place / "set" / "red" / f"more{k}.png", seed=50 + k)
    assert f"{LOPSIDED:.0%}" in warnings(place / "set")
    (row,) = [row for row in rows("Photo folders") if row.startswith("one class has")]
    assert f"{100 * LOPSIDED:.0f} %" in row


def among_others(place: Path) -> None:
    shutil.copytree(place / "red", place.parent / "other")
    assert "known object" in warnings(place, place.parent / "other")


def two_classes(place: Path) -> None:
    shutil.copy(next((place / "red").iterdir()), place / "blue" / "copy.png")
    assert "different classes" in warnings(place)


def trained_on(place: Path) -> None:
    images = read(place)
    seen = place.parent / "seen.npz"
    seen.write_bytes(looks_as_bytes([images.images]))
    (note,) = doubts_about_test(images, looks_in_file(seen))
    assert "6 of 6 test photos were likely trained on" in note


FOLDERS = [
    nested, followed, loop, special, hidden, system, no_image, damaged, faint, beside, parts, same, lopsided,
    among_others, two_classes, trained_on,
]  # fmt: skip


def kept(place: Path) -> None:
    names = ("牛奶", "👩‍🚒", "a b", "it's", '"q"', "[red] mug", "a[b]")
    write_folder(place / "set", names, count=1)
    assert set(read(place / "set").class_names) == set(names)


def from_a_mac(place: Path) -> None:
    (place / "red").rename(place / unicodedata.normalize("NFD", "Käse"))
    assert "Käse" in read(place).class_names


def blanks(place: Path) -> None:
    (place / "red").rename(place / " cup ")
    assert "cup" in read(place).class_names


def one_name(place: Path) -> None:
    (place / "red").rename(place / "blue ")
    assert (read(place).class_names, len(read(place).problems)) == (("blue", "green"), 1)


def case(place: Path) -> None:
    (place / "red").rename(place / "Blue")
    assert read(place).class_names == ("Blue", "blue", "green")


def unknown(place: Path) -> None:
    (place / "red").rename(place / "Unknown")
    assert "none of the classes" in refused(lambda: read(place))


def no_text(place: Path) -> None:
    for name in ("a\nb", "\x1b", "caf\udce9"):
        write_photo(place / "red" / f"{name}.png")
        assert not read(place).problems
        (place / "green").rename(place / name)
        assert "cannot be shown" in refused(lambda: read(place))
        (place / name).rename(place / "green")


def too_long(place: Path) -> None:
    assert f"{NAME_BYTES} bytes" in name_problem("x" * (NAME_BYTES + 1))
    assert any(f"{NAME_BYTES} bytes" in row for row in rows("Names"))


def out(place: Path) -> None:
    assert "no UTF-8" in refused(lambda: check(photo_config(place, place / "caf\udce9" / "m.cac")))


NAMES = [kept, from_a_mac, blanks, one_name, case, unknown, no_text, too_long, out]


@pytest.mark.parametrize("number", range(len(FOLDERS)))
def test_photo_folders_are_read_as_the_table_says(tmp_path: Path, number: int) -> None:
    write_folder(tmp_path / "photos", count=2)
    FOLDERS[number](tmp_path / "photos")


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_names_are_taken_as_the_table_says(tmp_path: Path, number: int) -> None:
    write_folder(tmp_path / "photos", count=2)
    NAMES[number](tmp_path / "photos")


def test_each_row_of_the_tables_has_its_check() -> None:
    assert len(rows("Photo folders")) == len(FOLDERS)
    assert len(rows("Names")) == len(NAMES)
