# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Folders as people have them: any name, one level off, with what systems put there, with links and pipes."""

import os
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from cac_core.data import class_folder_names, load_image_folder, load_unknown_folder
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import DataError
from test.core.photos import write_folder, write_photo

SMALL = Preprocessing(16)


def mac(name: str) -> str:
    return unicodedata.normalize("NFD", name)


FINE = [
    "[x]", "[red] mug", "a[b]", "牛奶", "👩‍🚒", "it's", '"mug"', "a b", "x" * 255, "ü" * 127, "100%", "{0}", "-rf",
    "CON", "a;b", "train", ":smile:", "=1+1", "<b>",
]  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_a_class_may_be_called_anything_that_can_be_shown(tmp_path: Path, name: str) -> None:
    write_photo(tmp_path / name / "1.png")
    write_photo(tmp_path / "other" / "1.png")
    loaded = load_image_folder(tmp_path, SMALL)
    assert set(loaded.class_names) == {name, "other"}
    assert loaded.problems == ()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a\nb", r"cannot be shown \(a\\nb\)"), ("caf\udce9", r"cannot be shown \(caf\\udce9\)"),
        ("\x1b[31mred", r"cannot be shown \(\\x1b"), ("cup\u202e", r"cannot be shown"), (" ", "has no name"),
        ("unknown", "is the answer for everything.*--data.unknown"), ("Unknown ", "is the answer for everything"),
        ("UNKNOWN", "is the answer for everything"), ("\u2028", "has no name|cannot be shown"),
    ],
)  # fmt: skip
def test_a_name_that_no_class_can_have_is_refused_before_a_photo_is_read(
    tmp_path: Path, name: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photo(tmp_path / name / "1.png")
    write_photo(tmp_path / "other" / "1.png")
    monkeypatch.setattr("cac_core.data.folders.read_image", None)
    with pytest.raises(DataError, match=reason):
        load_image_folder(tmp_path, SMALL)


@pytest.mark.parametrize(
    ("folder", "known"),
    [
        (mac("Käse"), "Käse"), ("Käse", mac("Käse")), ("cup ", "cup"), ("cup", " cup"), (mac("우유"), "우유"),
        ("\u00a0cup", "cup"), ("\u212bl", "Ål"),
    ],
)  # fmt: skip
def test_folders_and_classes_are_compared_in_one_form(tmp_path: Path, folder: str, known: str) -> None:
    write_photo(tmp_path / folder / "1.png")
    assert load_image_folder(tmp_path, SMALL, class_names=("box", known)).labels.tolist() == [1]


def test_two_spellings_of_a_class_are_one_class_and_a_note_says_so(tmp_path: Path) -> None:
    for number, name in enumerate(("Käse", mac("Käse"), " Käse", "other")):
        write_photo(tmp_path / name / f"{number}.png")
    loaded = load_image_folder(tmp_path, SMALL)
    assert loaded.class_names == ("Käse", "other") == class_folder_names(tmp_path)
    assert loaded.labels.tolist() == [0, 0, 0, 1]
    assert [note for note in loaded.problems if "are read as the class 'Käse'" in note]


@pytest.mark.parametrize(
    "name", ["a\nb.png", "caf\udce9.png", "\x1b[2J.png", "[x].png", "x" * 251 + ".png", "牛 奶.png"]
)
def test_paths_of_photos_can_be_shown_and_written_whatever_they_are(tmp_path: Path, name: str) -> None:
    write_folder(tmp_path, count=1)
    shutil.copy(tmp_path / "red" / os.listdir(tmp_path / "red")[0], tmp_path / "red" / name)
    (tmp_path / "red" / name.replace(".png", "2.png")[-250:]).write_text("no picture")
    loaded = load_image_folder(tmp_path, SMALL)
    assert len(loaded) == 4
    text = "".join([*loaded.paths, *loaded.problems])
    assert text.encode().decode().isprintable()


@pytest.mark.parametrize(
    ("parts", "meant"),
    [
        (("train", "val", "test"), "train"), (("test", "train"), "train"), (("Train", "Valid"), "Train"),
        (("training", "testing"), "training"), (("train",), "train"), (("train", "test", "notes"), "train"),
    ],
)  # fmt: skip
def test_a_root_one_level_too_high_is_noticed_in_training(tmp_path: Path, parts: tuple[str, ...], meant: str) -> None:
    for part in parts:
        write_folder(tmp_path / part, count=1) if part != "notes" else write_photo(tmp_path / "notes" / "1.png")
    for read in (lambda: load_image_folder(tmp_path, SMALL), lambda: class_folder_names(tmp_path)):
        with pytest.raises(DataError, match=re.escape(f"did you mean {tmp_path / meant}?")):
            read()
    assert len(load_image_folder(tmp_path / meant, SMALL)) == 3


@pytest.mark.parametrize(
    "parts", [("train", "test"), ("2024", "2025"), ("all",), ("a", "b", "test"), ("photos", "x y")]
)
def test_a_root_one_level_too_high_is_noticed_in_evaluation(tmp_path: Path, parts: tuple[str, ...]) -> None:
    for part in parts:
        write_folder(tmp_path / part, count=1)
    meant = tmp_path / ("test" if "test" in parts else parts[0])
    with pytest.raises(DataError, match=re.escape(f"did you mean {meant}?")):
        load_image_folder(tmp_path, SMALL, class_names=("red", "green"))


def views(root: Path) -> None:
    for name in ("cup", "hammer"):
        for view in ("front", "back"):
            write_photo(root / name / view / "1.png")


def locomotives(root: Path) -> None:
    write_photo(root / "train" / "steam" / "1.png")
    write_photo(root / "bus" / "1.png")


def plain_parts(root: Path) -> None:
    write_photo(root / "test" / "1.png")
    write_photo(root / "train" / "1.png")


@pytest.mark.parametrize("make", [views, locomotives, plain_parts])
def test_folders_within_classes_are_fine(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    loaded = load_image_folder(tmp_path, SMALL)
    assert len(loaded.class_names) == 2
    assert ("each of them holds back, front" in "".join(loaded.problems)) == (make is views)


SYSTEM = [
    "lost+found", "$RECYCLE.BIN", "System Volume Information", "@eaDir", ".@__thumb", "#recycle", "#snapshot",
    "__MACOSX", ".Trashes", ".fseventsd",
]  # fmt: skip


@pytest.mark.parametrize("name", SYSTEM)
def test_what_systems_put_there_is_no_class_and_no_photo_and_named_once(tmp_path: Path, name: str) -> None:
    write_folder(tmp_path, count=2)
    for place in (tmp_path, tmp_path / "red", tmp_path / "blue"):
        write_photo(place / name / "thumb.jpg")
    loaded = load_image_folder(tmp_path, SMALL)
    assert loaded.class_names == ("blue", "green", "red")
    assert len(loaded) == 6
    assert loaded.problems == (f"skipped what systems put there: {name} (3 times)",)
    assert len(load_unknown_folder(tmp_path, SMALL, ("a", "b"))) == 6


@pytest.mark.parametrize("name", ["Thumbs.db", ".DS_Store", "desktop.ini", "ehthumbs.db", "THUMBS.DB"])
def test_files_of_systems_are_named_once(tmp_path: Path, name: str) -> None:
    write_folder(tmp_path, count=1)
    (tmp_path / "red" / name).write_bytes(b"x")
    assert load_image_folder(tmp_path, SMALL).problems == (f"skipped what systems put there: {name}",)


def test_photos_beside_the_class_folders_are_told(tmp_path: Path) -> None:
    write_folder(tmp_path, count=1)
    write_photo(tmp_path / "loose.jpg")
    (note,) = load_image_folder(tmp_path, SMALL).problems
    assert "1 images lie directly in" in note
    assert "loose.jpg" in note


def test_links_to_folders_and_photos_are_followed(tmp_path: Path) -> None:
    write_folder(tmp_path / "store", count=2)
    root = tmp_path / "root"
    (root / "red").mkdir(parents=True)
    (root / "green").symlink_to(tmp_path / "store" / "green")
    (root / "red" / "more").symlink_to(tmp_path / "store" / "red")
    (root / "blue").mkdir()
    (root / "blue" / "1.png").symlink_to(next((tmp_path / "store" / "blue").iterdir()))
    loaded = load_image_folder(root, SMALL)
    assert loaded.counts() == {"blue": 1, "green": 2, "red": 2}
    assert loaded.problems == ()


@pytest.mark.parametrize("target", [".", "..", "../..", "../red", "sub"])
def test_a_loop_of_links_ends_and_is_named(tmp_path: Path, target: str) -> None:
    write_folder(tmp_path / "root", count=2)
    (tmp_path / "root" / "red" / "sub").mkdir()
    link = tmp_path / "root" / "red" / "zloop"
    link.symlink_to(target)
    loaded = load_image_folder(tmp_path / "root", SMALL)
    assert loaded.counts()["red"] == 2 if target != "../.." else loaded.counts()["red"] >= 2
    assert [note for note in loaded.problems if "the link leads to a folder that is read already" in note]


@pytest.mark.parametrize("target", [".", "..", "../.."])
def test_a_class_that_links_back_to_the_root_is_named(tmp_path: Path, target: str) -> None:
    write_folder(tmp_path / "root", count=1)
    (tmp_path / "root" / "loop").symlink_to(target)
    loaded = load_image_folder(tmp_path / "root", SMALL)
    assert loaded.class_names == ("blue", "green", "red")
    assert "leads back to" in loaded.problems[0]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def socket(path: Path) -> None:
    import socket as sockets

    with sockets.socket(sockets.AF_UNIX) as each:
        here = Path.cwd()
        os.chdir(path.parent)  # the address of a socket is short
        each.bind(path.name)
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (pipe, "is a named pipe"), (socket, "is a socket"), (lambda path: path.symlink_to("/dev/zero"), "is a device"),
        (lambda path: path.symlink_to("nowhere"), "is missing"), (lambda path: path.symlink_to(path.name), "looked at"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["red/zz.jpg", "zz.jpg", "zz"])
def test_what_is_no_file_is_never_opened_and_told(
    tmp_path: Path, make: Callable[[Path], None], sentence: str, name: str
) -> None:
    write_folder(tmp_path, count=1)
    make(tmp_path / name)
    loaded = load_image_folder(tmp_path, SMALL)
    assert len(loaded) == 3
    (note,) = loaded.problems
    assert note.startswith(f"skipped {tmp_path / name}: it ")
    assert sentence in note
