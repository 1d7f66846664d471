# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files that are moved are never lost, half, or overwritten, whatever happens; and every move can be undone."""

import errno
import json
import os
import random
import shutil
from pathlib import Path
from unittest import mock

import pytest

from cac_core.support.files import UnwritableError
from cac_ros.teach.moves import LOG, MoveLog
from test.disk_faults import OPERATIONS, failing_disk
from test.kills import run_and_kill, run_to_the_end

COUNT = 12


def prepare(place: Path) -> list[Path]:
    """A harvest folder of files that differ."""
    shutil.rmtree(place, ignore_errors=True)
    (place / "harvest").mkdir(parents=True)
    paths = [place / "harvest" / f"{number}.jpg" for number in range(COUNT)]
    for number, path in enumerate(paths):
        path.write_bytes(f"picture {number}".encode() * 100)
    return paths


def whole_files(place: Path) -> dict[str, int]:
    """How often each picture is there, under its own or another name; a half one is a failure."""
    whole = {(f"picture {number}".encode() * 100): f"{number}.jpg" for number in range(COUNT)}
    found: dict[str, int] = {}
    for path in place.rglob("*.jpg"):
        if not path.name.startswith("."):
            name = whole[path.read_bytes()]
            found[name] = found.get(name, 0) + 1
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_are_moved_with_a_log_and_back(tmp_path: Path) -> None:
    paths = prepare(tmp_path)
    log = MoveLog(tmp_path / "state")
    moved = log.move(paths[:3], tmp_path / "photos" / "lime", "lime")
    assert names(tmp_path / "photos" / "lime") == ["0.jpg", "1.jpg", "2.jpg"]
    assert (moved.gone, moved.problem, log.undoable()) == (0, "", ("lime", 3))
    line = json.loads((tmp_path / "state" / LOG).read_text().splitlines()[0])
    assert line["pairs"][0] == [str(paths[0]), str(tmp_path / "photos" / "lime" / "0.jpg")]
    assert line["time"].startswith("20")
    undone = log.undo()
    assert undone is not None
    assert len(undone.pairs) == 3
    assert len(names(tmp_path / "harvest")) == COUNT
    assert log.undoable() is None
    assert log.undo() is None


def test_several_gestures_are_undone_one_by_one_also_by_another_process(tmp_path: Path) -> None:
    paths = prepare(tmp_path)
    MoveLog(tmp_path / "state").move(paths[:2], tmp_path / "a", "a")
    MoveLog(tmp_path / "state").move(paths[2:3], tmp_path / "b", "b")
    log = MoveLog(tmp_path / "state")
    assert log.undoable() == ("b", 1)
    log.undo()
    assert log.undoable() == ("a", 2)
    log.undo()
    assert whole_files(tmp_path / "harvest") == {f"{number}.jpg": 1 for number in range(COUNT)}


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    paths = prepare(tmp_path)
    (tmp_path / "lime").mkdir()
    shutil.copy(paths[5], tmp_path / "lime" / "0.jpg")
    log = MoveLog(tmp_path / "state")
    log.move(paths[:1], tmp_path / "lime", "lime")
    assert names(tmp_path / "lime") == ["0.jpg", "0_2.jpg"]
    shutil.copy(paths[6], paths[0])
    log.undo()
    assert (tmp_path / "harvest" / "0_2.jpg").read_bytes().startswith(b"picture 0")
    assert paths[0].read_bytes().startswith(b"picture 6")


def test_a_file_that_is_gone_is_counted_and_the_others_are_moved(tmp_path: Path) -> None:
    paths = prepare(tmp_path)
    paths[1].unlink()
    log = MoveLog(tmp_path / "state")
    moved = log.move(paths[:3], tmp_path / "lime", "lime")
    assert (len(moved.pairs), moved.gone, moved.problem) == (2, 1, "")
    (tmp_path / "lime" / "0.jpg").unlink()
    undone = log.undo()
    assert undone is not None
    assert (len(undone.pairs), undone.gone) == (1, 1)


def test_another_file_system_gets_a_copy_first(tmp_path: Path) -> None:
    paths = prepare(tmp_path)
    with mock.patch("os.link", side_effect=OSError(errno.EXDEV, "Invalid cross-device link")):
        assert MoveLog(tmp_path / "state").move(paths, tmp_path / "lime", "lime").problem == ""
    assert len(names(tmp_path / "lime")) == COUNT
    assert whole_files(tmp_path) == {f"{number}.jpg": 1 for number in range(COUNT)}


def test_torn_lines_of_the_log_spoil_no_other(tmp_path: Path) -> None:
    paths = prepare(tmp_path)
    log = MoveLog(tmp_path / "state")
    log.move(paths[:1], tmp_path / "a", "a")
    with (tmp_path / "state" / LOG).open("ab") as file:
        file.write(b'{"n": 2, "do": "mo')
    log = MoveLog(tmp_path / "state")
    assert log.resume() == 0
    log.move(paths[1:2], tmp_path / "b", "b")
    assert log.undoable() == ("b", 1)
    log.undo()
    assert log.undoable() == ("a", 1)


@pytest.mark.parametrize("linked", [True, False], ids=["one file system", "two"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_disk_that_fails_at_any_step_loses_nothing(tmp_path: Path, operation: str, linked: bool) -> None:
    refused = mock.patch("os.link", side_effect=OSError(errno.EXDEV, "Invalid cross-device link"))
    with mock.patch("os.link", os.link) if linked else refused:
        for number in range(1, 100):
            paths = prepare(tmp_path / "place")
            log = MoveLog(tmp_path / "place" / "state")
            problem = ""
            with failing_disk(tmp_path / "place", operation, number, errno.ENOSPC) as disk:
                try:
                    problem = log.move(paths[:3], tmp_path / "place" / "lime", "lime").problem
                except UnwritableError as error:
                    problem = str(error)
            assert whole_files(tmp_path / "place") == {f"{n}.jpg": 1 for n in range(COUNT)}
            if not disk.failed:
                break
            assert problem
            MoveLog(tmp_path / "place" / "state").resume()
            assert whole_files(tmp_path / "place") == {f"{n}.jpg": 1 for n in range(COUNT)}
        assert number < 99
        assert not disk.failed


@pytest.mark.slow
@pytest.mark.parametrize("linked", [True, False], ids=["one file system", "two"])
def test_a_kill_loses_nothing_and_the_next_start_ends_the_move(tmp_path: Path, linked: bool) -> None:
    chance = random.Random(18)
    place = tmp_path / "place"

    def move() -> None:
        paths = sorted((place / "harvest").iterdir())
        if not linked:
            os.link = mock.Mock(side_effect=OSError(errno.EXDEV, "Invalid cross-device link"))
        MoveLog(place / "state").move(paths, place / "lime", "lime")

    prepare(place)
    longest = 1.2 * run_to_the_end(move)
    killed = 0
    for _ in range(25):
        prepare(place)
        killed += run_and_kill(move, longest, chance)
        twice = {name: count for name, count in whole_files(place).items() if count > 1}
        assert len(twice) <= 1, "the one that was being moved"
        log = MoveLog(place / "state")
        log.resume()
        assert whole_files(place) == {f"{n}.jpg": 1 for n in range(COUNT)}
        assert len(whole_files(place / "harvest")) in (0, COUNT), "all of the gesture or nothing"
        assert log.resume() == 0
    assert killed > 4
