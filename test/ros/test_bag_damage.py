# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""No message is lost without a word: damage anywhere in a file is told, and what is read is what was recorded."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter

from cac_ros.bags import sqlite_file
from cac_ros.bags.message import BagError, MessageError
from cac_ros.bags.reader import Bag
from test.ros.recordings import STEP_NS, TOPIC, picture, storage_file, time_of, write_ros1, write_rosbag2
from test.ros.test_bags import LABELS, check_frames

PAGE = 4096


def write_checked_mcap(path: Path, compression: CompressionType) -> Path:
    """An mcap with checksums, as `ros2 bag record --storage-preset-profile zstd_fast` has them."""
    with Bag(write_rosbag2(path.with_name("source"), LABELS)) as bag, path.open("wb") as file:
        writer = McapWriter(file, compression=compression, chunk_size=100_000)
        writer.start(profile="ros2")
        for topic in bag.topics.values():
            schema = writer.register_schema(topic.msgtype, "ros2msg", b"")
            channel = writer.register_channel(topic.name, "cdr", schema)
            for message in bag.messages(topic.name):
                writer.add_message(channel, message.time_ns, message.data, message.time_ns)
        writer.finish()
    return path


def make(tmp_path: Path, kind: str) -> Path:
    """A recording of 40 frames in one file."""
    if kind.startswith("ros1"):
        return write_ros1(tmp_path / "a.bag", LABELS, kind.partition(" ")[2] or None)
    if kind.startswith("mcap "):
        return write_checked_mcap(tmp_path / "a.mcap", CompressionType[kind.partition(" ")[2]])
    return storage_file(write_rosbag2(tmp_path / "bag", LABELS, kind))


def survey(path: Path) -> tuple[int, int, bool]:
    """Frames that are as they were recorded, frames that are not but can be decoded, and whether a loss was told."""
    with Bag(path) as bag:
        same = changed = 0
        for message in bag.messages(TOPIC) if TOPIC in bag.topics else ():
            index = (message.time_ns - time_of(0)) // STEP_NS
            try:
                content = message.decode()
            except MessageError:
                continue
            equal = content.data.size == 36864 and np.array_equal(
                content.data.reshape(96, 128, 3), picture(LABELS[index], index)
            )
            same, changed = same + equal, changed + (not equal)
        for topic in bag.topics:
            list(bag.messages(topic))
        return same, changed, bag.damaged


def zeros(data: bytes, at: int, length: int) -> bytes:
    return data[:at] + bytes(min(length, len(data) - at)) + data[at + length :]


@pytest.mark.parametrize("pages", [1, 2, 3, 5, 20])
def test_zeroed_pages_of_a_database_are_told(tmp_path: Path, pages: int) -> None:
    path = make(tmp_path, "sqlite3")
    data = path.read_bytes()
    rng = random.Random(pages)
    refused = silent = 0
    for _ in range(30):
        path.write_bytes(zeros(data, PAGE * rng.randrange(1, len(data) // PAGE - pages), PAGE * pages))
        try:
            same, changed, told = survey(path)
        except BagError:
            refused += 1
            continue
        assert same + changed == 40 or told
        silent += changed
    assert refused <= 2
    # SQLite has no checksums: one page in nine is the last of a frame, and its zeros could be black pixels.
    assert silent <= (8 if pages == 1 else 0)


def test_what_sqlite_had_no_time_to_check_is_told_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "_damage", lambda database: None)
    path = make(tmp_path, "sqlite3")
    data = path.read_bytes()
    rng = random.Random(0)
    for _ in range(30):
        path.write_bytes(zeros(data, PAGE * rng.randrange(1, len(data) // PAGE - 3), PAGE * 3))
        try:
            same, changed, told = survey(path.parent)
        except BagError:
            continue
        assert same + changed == 40 or told


def test_the_check_of_a_database_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    with Bag(make(tmp_path, "sqlite3")) as bag:
        assert check_frames(bag) == 40
        assert bag.notes == []


def test_rows_that_are_gone_are_told_by_the_count_in_metadata(tmp_path: Path) -> None:
    path = make(tmp_path, "sqlite3")
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("DELETE FROM messages WHERE id IN (20, 21)")
    with Bag(path.parent) as bag:
        assert check_frames(bag) == 39
        assert "counts 80 messages on /camera/image_raw, /label, where 78 were found" in " ".join(bag.notes)
        assert bag.damaged


def test_damage_to_the_index_of_a_database_loses_nothing(tmp_path: Path) -> None:
    path = make(tmp_path, "sqlite3")
    with closing(sqlite3.connect(path)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'timestamp_idx'").fetchone()
    path.write_bytes(zeros(path.read_bytes(), PAGE * (page - 1), PAGE))
    with Bag(path) as bag:
        assert check_frames(bag) == 40
        assert "Messages read: 80, missing: none." in " ".join(bag.notes)
        assert not bag.damaged


def zeroed(data: bytes, rng: random.Random) -> bytes:
    return zeros(data, rng.randrange(100, len(data)), rng.choice((40, 400, 4096, 50_000)))


def flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 10))):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwritten(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(100, len(data))
    return data[:at] + rng.randbytes(5000) + data[at + 5000 :]


def cut_out(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(100, len(data))
    return data[:at] + data[at + rng.choice((1, 100, 5000)) :]


@pytest.mark.parametrize("damage", [zeroed, flipped, overwritten, cut_out])
@pytest.mark.parametrize("kind", ["mcap NONE", "mcap LZ4", "mcap ZSTD"])
def test_a_file_with_checksums_never_gives_a_changed_frame(
    tmp_path: Path, kind: str, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    path = make(tmp_path, kind)
    data = path.read_bytes()
    rng = random.Random(kind)
    frames = []
    for _ in range(15):
        path.write_bytes(damage(data, rng))
        try:
            same, changed, told = survey(path)
        except BagError as error:
            assert "\n" not in str(error)
            continue
        assert changed == 0
        assert same == 40 or told
        frames.append(same)
    assert max(frames) >= 30 or damage is cut_out


@pytest.mark.parametrize("damage", [zeroed, flipped, overwritten, cut_out])
@pytest.mark.parametrize("kind", ["mcap", "ros1", "ros1 BZ2", "ros1 LZ4"])
def test_a_file_without_checksums_tells_every_lost_frame(
    tmp_path: Path, kind: str, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    path = make(tmp_path, kind)
    data = path.read_bytes()
    rng = random.Random(kind)
    for _ in range(8):
        path.write_bytes(damage(data, rng))
        try:
            with Bag(path) as bag:
                frames = len(list(bag.messages(TOPIC))) if TOPIC in bag.topics else 0
                assert frames == 40 or bag.damaged
        except BagError as error:
            assert "\n" not in str(error)


def test_behind_a_damaged_block_the_reading_goes_on(tmp_path: Path) -> None:
    path = make(tmp_path, "mcap ZSTD")
    data = path.read_bytes()
    for size in (len(data), int(len(data) * 0.95)):  # with its index, and without
        path.write_bytes(zeros(data, len(data) // 2, 1000)[:size])
        with Bag(path) as bag:
            assert 30 <= check_frames(bag) < 40
            assert bag.damaged
            assert "a.mcap is damaged (" in " ".join(bag.notes)
