# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SQLite's log beside a .db3, in every state: what it holds is read, on a copy, and the bag stays as it is."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from cac_ros.bags.reader import Bag
from test.ros.recordings import storage_file, write_rosbag2
from test.ros.test_bags import LABELS, check_frames


@contextmanager
def recorder(tmp_path: Path) -> Iterator[tuple[Path, sqlite3.Connection, list[tuple[object, ...]]]]:
    """A recorder at work: its file, which holds tables and topics; its connection; and the messages still to come."""
    file = storage_file(write_rosbag2(tmp_path / "recorder", LABELS, "sqlite3"))
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        rows = database.execute("SELECT id, topic_id, timestamp, data FROM messages ORDER BY id").fetchall()
        database.execute("DELETE FROM messages")
        database.execute("VACUUM")
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA wal_autocheckpoint=0")
        yield file, database, rows


def write(database: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
    for row in rows:
        database.execute("INSERT INTO messages VALUES (?, ?, ?, ?)", row)


def left_behind(file: Path, folder: Path, *, metadata: bool = True) -> Path:
    """What lies there when the recorder is killed now."""
    folder.mkdir()
    for path in file.parent.iterdir():
        if path.suffix != ".yaml" or metadata:
            shutil.copy(path, folder / path.name)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check(folder: Path, frames: int, *, damaged: bool = False) -> str:
    before = contents(folder)
    with Bag(folder) as bag:
        assert check_frames(bag) == frames
        assert bag.damaged == damaged
        notes = " ".join(bag.notes)
    assert contents(folder) == before
    assert "record" not in notes
    assert "checkpoint" not in notes
    return notes


@pytest.mark.parametrize("with_shm", [True, False])
def test_messages_that_are_only_in_the_log_are_read(tmp_path: Path, with_shm: bool) -> None:
    with recorder(tmp_path) as (file, database, rows):
        write(database, rows)
        folder = left_behind(file, tmp_path / "bag")
    if not with_shm:
        next(folder.glob("*-shm")).unlink()
    assert check(folder, 40) == ""


def test_messages_partly_in_the_log_are_all_read(tmp_path: Path) -> None:
    with recorder(tmp_path) as (file, database, rows):
        write(database, rows[:50])
        database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        write(database, rows[50:])
        folder = left_behind(file, tmp_path / "bag")
    assert check(folder, 40) == ""


def test_a_log_that_was_taken_over_is_no_damage(tmp_path: Path) -> None:
    with recorder(tmp_path) as (file, database, rows):
        write(database, rows)
        database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        folder = left_behind(file, tmp_path / "bag")
    assert next(folder.glob("*-wal")).stat().st_size
    assert check(folder, 40) == ""


def test_tables_that_are_only_in_the_log_are_found(tmp_path: Path) -> None:
    with recorder(tmp_path) as (_, database, rows):
        write(database, rows)
        new = tmp_path / "new"
        new.mkdir()
        with closing(sqlite3.connect(new / "bag.db3", isolation_level=None)) as fresh:
            fresh.execute("PRAGMA journal_mode=WAL")
            fresh.execute("PRAGMA wal_autocheckpoint=0")
            for (statement,) in database.execute("SELECT sql FROM sqlite_master WHERE type = 'table'").fetchall():
                fresh.execute(statement)
            for row in database.execute("SELECT * FROM topics").fetchall():
                fresh.execute(f"INSERT INTO topics VALUES ({', '.join('?' * len(row))})", row)
            write(fresh, rows)
            folder = left_behind(new / "bag.db3", tmp_path / "bag")
    assert (folder / "bag.db3").stat().st_size <= 4096
    assert "no metadata.yaml" in check(folder, 40)


def test_a_log_that_is_cut_gives_the_messages_before_the_cut(tmp_path: Path) -> None:
    with recorder(tmp_path) as (file, database, rows):
        write(database, rows)
        folder = left_behind(file, tmp_path / "bag")
    log = next(folder.glob("*-wal"))
    os.truncate(log, log.stat().st_size // 2)
    with Bag(folder) as bag:
        assert 18 <= check_frames(bag) <= 20
        assert "it counts 80 messages" in " ".join(bag.notes)
        assert bag.damaged


def test_a_log_of_garbage_does_not_hide_the_messages_of_the_file(tmp_path: Path) -> None:
    with recorder(tmp_path) as (file, database, rows):
        write(database, rows)
        database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        folder = left_behind(file, tmp_path / "bag")
    next(folder.glob("*-wal")).write_bytes(os.urandom(100_000))
    assert check(folder, 40) == ""


def test_a_journal_is_rolled_back_on_the_copy(tmp_path: Path) -> None:
    with recorder(tmp_path) as (file, database, rows):
        database.execute("PRAGMA journal_mode=DELETE")
        database.execute("PRAGMA cache_size=1")  # so that unfinished pages reach the file
        database.execute("BEGIN")
        write(database, rows[:40])
        database.execute("COMMIT")
        database.execute("BEGIN")
        write(database, rows[40:])
        folder = left_behind(file, tmp_path / "bag", metadata=False)
    assert list(folder.glob("*-journal"))
    assert "no metadata.yaml" in check(folder, 20)


def test_a_bare_file_is_read_with_its_log(tmp_path: Path) -> None:
    with recorder(tmp_path) as (file, database, rows):
        write(database, rows)
        folder = left_behind(file, tmp_path / "bag")
    with Bag(storage_file(folder)) as bag:
        assert check_frames(bag) == 40
        assert bag.notes == []
