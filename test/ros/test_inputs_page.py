# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/inputs.md: each row of its table of formats is made here and read; its other figures are those of the code."""

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from backports import zstd
from rosbags import rosbag2
from rosbags.typesys import Stores, get_typestore

from cac_core.support.limits import BAG_METADATA_BYTES
from cac_ros.bags.reader import Bag
from cac_ros.bags.sqlite_file import CHECK_SECONDS
from cac_ros.bags.video import TRANSPORTS
from cac_ros.bags.writer import BagWriter
from cac_ros.replay.pacing import LONGEST_GAP, SHORTENED_GAP
from test.repo.sources import ROOT
from test.ros.recordings import TOPIC, picture, storage_file, time_of, write_ros1, write_rosbag2
from test.ros.test_bags import LABELS, check_frames

PAGE = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, str]:
    """First and second cell of each row of the table below a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (.+?) \| (.+?) \|", section, re.MULTILINE)
    return dict(cells[1:])


def mcap(place: Path) -> Path:
    return write_rosbag2(place / "bag", LABELS)


def db3(place: Path) -> Path:
    return write_rosbag2(place / "bag", LABELS, "sqlite3")


def ros1(place: Path, compression: str | None = None) -> Path:
    return write_ros1(place / "a.bag", LABELS, compression)


def named(place: Path, name: str) -> Path:
    return storage_file(mcap(place)).rename(place / name)


def active(place: Path) -> Path:
    return ros1(place).rename(place / "a.bag.active")


def split(place: Path, packed: int = 0) -> Path:
    folder = place / "split"
    folder.mkdir()
    for part in range(4):
        with BagWriter(place / f"part{part}") as bag:
            for index in range(10 * part, 10 * part + 10):
                bag.write_image(TOPIC, time_of(index), picture(LABELS[index], index))
        storage_file(place / f"part{part}").rename(folder / f"split_{part}.mcap")
    for part in range(packed):
        pack(folder / f"split_{part}.mcap")
    return folder


def pack(path: Path) -> None:
    path.with_name(path.name + ".zstd").write_bytes(zstd.compress(path.read_bytes()))
    path.unlink()


def packed(folder: Path) -> Path:
    pack(storage_file(folder))
    return folder


def without_metadata(folder: Path) -> Path:
    (folder / "metadata.yaml").unlink()
    return folder


def lz4(place: Path) -> Path:
    from mcap.writer import CompressionType
    from mcap.writer import Writer as McapWriter

    with Bag(mcap(place)) as bag, (place / "a.mcap").open("wb") as file:
        writer = McapWriter(file, compression=CompressionType.LZ4)
        writer.start(profile="ros2")
        channel = writer.register_channel(TOPIC, "cdr", writer.register_schema(bag.topics[TOPIC].msgtype, "", b""))
        for message in bag.messages(TOPIC):
            writer.add_message(channel, message.time_ns, message.data, message.time_ns)
        writer.finish()
    return place / "a.mcap"


def packed_messages(place: Path) -> Path:
    writer = rosbag2.Writer(place / "packed", version=9, storage_plugin=rosbag2.StoragePlugin.MCAP)
    writer.set_compression(rosbag2.CompressionMode.MESSAGE, rosbag2.CompressionFormat.ZSTD)
    types = get_typestore(Stores.ROS2_HUMBLE)
    with Bag(mcap(place)) as bag, writer:
        connection = writer.add_connection(TOPIC, "sensor_msgs/msg/Image", typestore=types)
        for message in bag.messages(TOPIC):
            writer.write(connection, message.time_ns, message.data)
    return place / "packed"


def with_log(place: Path) -> Path:
    source = storage_file(db3(place))
    (place / "killed").mkdir()
    with closing(sqlite3.connect(source, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("UPDATE messages SET timestamp = timestamp")
        for file in source.parent.glob("*.db3*"):
            shutil.copy(file, place / "killed")
    assert (place / "killed" / "bag.db3-wal").stat().st_size
    return place / "killed"


def twice(place: Path) -> Path:
    folder = mcap(place)
    shutil.copy(storage_file(write_rosbag2(place / "other", LABELS, "sqlite3")), folder / "bag.db3")
    return folder


def overlapping(place: Path) -> Path:
    folder = split(place)
    shutil.copy(storage_file(mcap(place)), folder / "all.mcap")
    return folder


def link(place: Path) -> Path:
    (place / "link").symlink_to(mcap(place))
    return place / "link"


def hidden(place: Path) -> Path:
    folder = mcap(place)
    (folder / "._bag.mcap").write_bytes(b"\x00\x05\x16\x07")
    return folder


MADE: dict[str, tuple[Callable[[Path], Path], ...]] = {
    "rosbag2 folder with `.mcap`": (mcap,),
    "rosbag2 folder with `.db3`": (db3,),
    "ROS 1 `.bag`": (ros1,),
    "one file of a folder": (lambda place: storage_file(mcap(place)), lambda place: storage_file(db3(place))),
    "file with another name, `.MCAP`, `.bag.active`": (
        lambda place: named(place, "kitchen"), lambda place: named(place, "KITCHEN.MCAP"), active,
    ),
    "recording split into many files": (split,),
    "folder without `metadata.yaml`": (lambda place: without_metadata(mcap(place)),),
    "mcap blocks in zstd or lz4": (lambda place: write_rosbag2(place / "bag", LABELS, "mcap", compress=True), lz4),
    "ROS 1 blocks in bz2 or lz4": (lambda place: ros1(place, "BZ2"), lambda place: ros1(place, "LZ4")),
    "messages in zstd": (packed_messages,),
    "`.mcap.zstd`, `.db3.zstd`": (lambda place: packed(mcap(place)), lambda place: packed(db3(place))),
    "`.mcap.zstd` beside `.mcap`": (lambda place: split(place, packed=3),),
    "`.db3` with `-wal` or `-journal`": (with_log,),
    "`.mcap` and `.db3` of one recording": (twice,),
    "messages that lie in two files": (overlapping,),
    "link to a file or folder": (link,),
    "hidden files (`._x.mcap`)": (hidden,),
}  # fmt: skip


def test_the_table_of_formats_is_the_list_of_this_test() -> None:
    assert list(rows("Formats")) == list(MADE)


@pytest.mark.parametrize("row", MADE)
def test_what_the_table_of_formats_names_is_read(tmp_path: Path, row: str) -> None:
    for number, make in enumerate(MADE[row]):
        place = tmp_path / str(number)
        place.mkdir()
        with Bag(make(place)) as bag:
            assert check_frames(bag) == 40
            assert not bag.damaged
            assert not bag.notes or "metadata.yaml" in " ".join(bag.notes) or "a note" in rows("Formats")[row]


def test_the_figures_of_the_page_are_those_of_the_code() -> None:
    assert f"for up to {CHECK_SECONDS:.0f} seconds" in PAGE
    assert f"larger than {BAG_METADATA_BYTES / 2**20:g} MiB" in PAGE
    gap, what = next((gap, what) for gap, what in rows("Time").items() if gap.startswith("gap"))
    assert f"more than {LONGEST_GAP:g} s" in gap
    assert f"as {SHORTENED_GAP:g} s" in what


def test_the_table_of_videos_is_that_of_the_code() -> None:
    found = re.findall(r"^\| `(.+/msg/.+)` \| `(.+)` \| `(.+)` \|$", PAGE, re.MULTILINE)
    assert {msgtype: (transport, package) for msgtype, transport, package in found} == TRANSPORTS
