# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A replay's files and a harvest are whole, whatever fails: the disk at any step, the folder, the process."""

import csv
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from cac_core.support.files import UnwritableError
from cac_ros.bags.reader import Bag
from cac_ros.node.observers.harvest import Harvest
from cac_ros.node.observers.harvest_index import COLUMNS, append_row
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.report import replay_page
from cac_ros.replay.run import FILES, replay, write_results
from test.disk_faults import ERRORS, OPERATIONS, at_every_step, failing_disk
from test.repo.sources import ROOT
from test.ros.recordings import write_rosbag2
from test.ros.replay_evaluations import evaluation, mixed_rows
from test.ros.test_harvest import answered, scene

TRIES = 12


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_files_of_a_replay_are_all_old_or_all_new(
    tmp_path: Path, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag = write_rosbag2(tmp_path / "bag", ["red"])
    out = tmp_path / "out"
    monkeypatch.setattr(replay_page, "replay_page", lambda evaluation, bag, title: f"page {title}")
    ages = {"old": evaluation(mixed_rows()[:4]), "new": evaluation(mixed_rows(), bag_name="new")}
    sets = {}
    with Bag(bag) as opened:
        for age in ("new", "old"):
            write_results(ages[age], opened, out, age)
            sets[age] = contents(out)
        assert all(sets["old"][name] != sets["new"][name] for name in FILES)

        def check(sentence: str) -> None:
            assert contents(out) in ([*sets.values()] if sentence else [sets["new"]])

        tries = at_every_step(
            operation,
            out,
            lambda: write_results(ages["old"], opened, out, "old"),
            lambda: write_results(ages["new"], opened, out, "new"),
            check,
        )
    assert tries >= {"open": 8, "write": 6, "fsync": 8, "rename": 12}[operation]


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def blocked(path: Path) -> Path:
    path.write_bytes(b"")
    return path / "out"


def page_is_a_folder(path: Path) -> Path:
    (path / "report.html").mkdir(parents=True)
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (blocked, "Not a directory"),
        (page_is_a_folder, r"report\.html cannot be written: it is a folder"),
        (lambda path: Path("/proc/out"), "No such file or directory"),
        (lambda path: path.with_name("x" * 300), "File name too long"),
        (lambda path: path.with_name("x\ud800"), "this is no path"),
    ],
)
def test_a_folder_that_cannot_be_written_is_found_before_the_bag_is_read(
    tmp_path: Path, make: Callable[[Path], Path], sentence: str
) -> None:
    out = make(tmp_path / "out")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UnwritableError, match=sentence):
        replay(ReplayConfig(tmp_path / "no_bag", tmp_path / "no_model.cac", out))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_full_disk_is_found_before_the_bag_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fstatvfs", lambda handle: SimpleNamespace(f_blocks=9, f_bavail=1, f_frsize=4096))
    with pytest.raises(UnwritableError, match=r"No space left on device \(16 MB are needed\)"):
        replay(ReplayConfig(tmp_path / "no_bag", tmp_path / "no_model.cac", tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(590)
def test_killed_replays_never_mix_old_and_new(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "test.ros.replay_kills", str(tmp_path), str(TRIES)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "never mixed" in done.stdout


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("error", ERRORS)
def test_a_picture_of_the_harvest_and_its_line_are_there_or_neither_is(
    tmp_path: Path, operation: str, error: int
) -> None:
    for number in range(1, 100):
        folder = tmp_path / f"{operation}{number}"
        said: list[str] = []
        clock = itertools.count(1_800_000_000, 0.5).__next__
        harvest = Harvest(folder, 0.0, 1e9, said.append, clock)
        harvest.observe(answered(scene(0)))
        assert harvest.wait_idle(10)
        with failing_disk(folder, operation, number, error) as disk:
            harvest.observe(answered(scene(1)))
            assert harvest.wait_idle(10)
        lost = disk.failed
        values = harvest.status_values()
        assert values["harvested"] == ("1" if lost else "2")
        assert values["harvest_failed"] == ("1" if lost else "0")
        assert [os.strerror(error) in sentence for sentence in said] == [True] * lost
        assert bool(values["harvest_problem"]) == lost
        check_harvest(folder)
        harvest.observe(answered(scene(2)))
        assert harvest.wait_idle(10)
        harvest.close(5.0)
        assert harvest.status_values()["harvest_problem"] == ""
        check_harvest(folder)
        if not lost:
            break
    assert number == {"open": 3, "write": 3, "fsync": 1, "rename": 2}[operation]


def check_harvest(folder: Path) -> None:
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["file"] for row in rows) == sorted(
        each.name for each in folder.iterdir() if each.suffix == ".jpg"
    )
    assert {each.suffix for each in folder.iterdir()} == {".jpg", ".csv"}


def test_formulas_in_the_index_of_a_harvest_are_harmless(tmp_path: Path) -> None:
    append_row(tmp_path / "index.csv", ["a.jpg", "-1.5", "@camera", "=1+1", "2.5", "1", "m@1"])
    with (tmp_path / "index.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [list(COLUMNS), ["a.jpg", "-1.5", "'@camera", "'=1+1", "2.5", "1", "m@1"]]


def test_formulas_in_the_table_of_a_replay_are_harmless(tmp_path: Path) -> None:
    rows = [replaced for replaced in mixed_rows() if replaced.label is not None]
    text = evaluation(rows, class_names=("=1+1", "@x")).to_csv()
    assert "'=1+1" in text
    assert not any(cell.startswith(("=", "@", "+")) for line in csv.reader(text.splitlines()) for cell in line)
