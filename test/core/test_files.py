# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A name holds the old file or the new one, whatever fails; files that belong together are never mixed."""

import csv
import fcntl
import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cac_core.support.csv_cells import harmless
from cac_core.support.files import UnwritableError, check_writable, write_atomically, write_together


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_set_of_files_replaces_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes(b"mine")
    for text in (b"old", b"new"):
        write_together({tmp_path / "a": text, tmp_path / "b": text})
        assert contents(tmp_path) == {"mine.txt": b"mine", "a": text, "b": text}


def test_files_have_the_permissions_of_the_user(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", b"x")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


KILLED = """
import os, signal, sys
from pathlib import Path
from cac_core.support.files import write_together
left = int(sys.argv[2])

def dying(name):
    real = getattr(os, name)
    def step(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    setattr(os, name, step)

for name in ("open", "write", "fsync", "replace", "unlink", "close"):
    dying(name)
folder = Path(sys.argv[1])
write_together({folder / name: b"new " + name.encode() for name in "abc"})
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_kill_at_any_step_never_mixes_old_and_new(tmp_path: Path) -> None:
    old, new = ({name: f"{age} {name}".encode() for name in "abc"} for age in ("old", "new"))
    outcomes = []
    for step in range(1, 60):
        write_together({tmp_path / name: content for name, content in old.items()})
        assert contents(tmp_path) == old  # nothing is left of the kill before
        done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(step)], timeout=60, check=False)
        found = {name: content for name, content in contents(tmp_path).items() if not name.startswith(".")}
        assert found.items() <= old.items() or found.items() <= new.items()
        outcomes.append(len(found))
        if done.returncode == 0:
            break
    assert done.returncode == 0
    assert step > 20
    assert outcomes.count(3) >= len(outcomes) - 6  # some are missing only if it dies within the six renames


def test_leftovers_of_a_killed_writer_go_and_those_of_a_living_one_stay(tmp_path: Path) -> None:
    (tmp_path / ".a.12345678.part").write_bytes(b"half")
    (tmp_path / ".b.12345678.part").write_bytes(b"half")
    with (tmp_path / ".a.alive.part").open("wb") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        write_atomically(tmp_path / "a", b"x")
    assert sorted(contents(tmp_path)) == [".a.alive.part", ".b.12345678.part", "a"]


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def below_a_file(path: Path) -> Path:
    path.write_bytes(b"")
    return path / "a" / "b"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (folder, "it is a folder"),
        (pipe, "it is not a regular file"),
        (lambda path: Path("/dev/null"), "it is not a regular file"),
        (below_a_file, "Not a directory"),
        (lambda path: Path("/proc/model.cac"), "No such file or directory"),
        (lambda path: Path("/proc/new/model.cac"), "No such file or directory"),
        (lambda path: path.with_name("x" * 300), "File name too long"),
        (lambda path: path.with_name("ü" * 150), "File name too long"),
        (lambda path: Path(*[str(path), *["x" * 200] * 30]), "File name too long"),
        (lambda path: path.with_name("x\0"), "this is no path"),
        (lambda path: path.with_name("x\ud800"), "this is no path"),
    ],
)
def test_what_cannot_be_written_is_told_before_and_while_writing(
    tmp_path: Path, make: Callable[[Path], Path], sentence: str
) -> None:
    path = make(tmp_path / "x")
    before = sorted(tmp_path.rglob("*"))
    for write in (check_writable, lambda path: write_atomically(path, b"x")):
        with pytest.raises(UnwritableError, match=sentence) as error:
            write(path)
        assert len(str(error.value)) < 400
        assert str(error.value).isprintable()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_check_leaves_nothing_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    check_writable(tmp_path / "old", 1000)
    check_writable(tmp_path / "new" / "folder" / "file", 1000)
    check_writable(tmp_path / ("x" * 255))
    assert contents(tmp_path) == {"old": b"old"}


def test_a_name_as_long_as_can_be_is_written(tmp_path: Path) -> None:
    write_together({tmp_path / ("x" * 255): b"1", tmp_path / ("ü" * 127): b"2"})
    assert len(contents(tmp_path)) == 2


def test_too_little_room_is_told_with_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UnwritableError, match=r"/a cannot be written: No space left on device \(1,000,000,000 MB are"):
        check_writable(tmp_path / "a", 10**15)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "-", '=HYPERLINK("http://x";"y")'])
def test_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    assert harmless([text]) == [f"'{text}"]
    written = io.StringIO()
    csv.writer(written).writerow(harmless([text]))
    assert next(csv.reader(io.StringIO(written.getvalue()))) == [f"'{text}"]


@pytest.mark.parametrize("cell", ["cup", "a=b", "", -1.5, "-1.5", "-inf", 3, "1e-3", "größe"])
def test_other_text_and_numbers_stay(cell: object) -> None:
    assert harmless([cell]) == [str(cell)]
