# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""No recording takes all the memory or never ends: pipes, devices, loops and bombs get a sentence at once."""

import os
import socket
import sqlite3
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import lz4.frame
import pytest
from backports import zstd
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
from rosbags.rosbag1 import Writer as Ros1Writer

from cac_core.support import limits
from cac_ros.bags import scratch
from cac_ros.bags.inflating import inflate
from cac_ros.bags.message import BagError, MessageError
from cac_ros.bags.reader import Bag
from test.ros.recordings import TOPIC, storage_file, time_of, write_rosbag2
from test.ros.test_bags import LABELS, check_frames

pytestmark = pytest.mark.timeout(60)

MANY_ZEROS = 1 << 30


def zstd_zeros(size: int) -> bytes:
    """A zstd frame of zeros that does not tell its size."""
    compressor = zstd.ZstdCompressor(level=1)
    piece = bytes(1 << 24)
    return b"".join(compressor.compress(piece) for _ in range(size >> 24)) + compressor.flush()


@pytest.fixture(scope="module")
def bomb() -> bytes:
    return zstd_zeros(MANY_ZEROS)


@pytest.fixture
def peak() -> Iterator[Callable[[], float]]:
    """The most memory that Python's objects took [GB]."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1] / 1e9
    tracemalloc.stop()


def record(opcode: int, content: bytes) -> bytes:
    return struct.pack("<BQ", opcode, len(content)) + content


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<I", len(data)) + data


def mcap_with_block(path: Path, content: bytes, compression: str, size: int) -> Path:
    """An mcap with one healthy frame, and then one chunk."""
    source = storage_file(write_rosbag2(path.with_suffix(""), LABELS[:1]))
    with Bag(source) as bag:
        (message,) = bag.messages(TOPIC)
    schema = record(3, struct.pack("<H", 1) + text(message.msgtype) + text("ros2msg") + text(""))
    channel = record(4, struct.pack("<HH", 1, 1) + text(TOPIC) + text("cdr") + text(""))
    frame = record(5, struct.pack("<HIQQ", 1, 0, message.time_ns, message.time_ns) + message.data)
    chunk = struct.pack("<QQQI", 0, 0, size, 0) + text(compression) + struct.pack("<Q", len(content)) + content
    start = b"\x89MCAP0\r\n" + record(1, text("ros2") + text("test"))
    end = record(0x0F, bytes(4)) + record(2, bytes(20)) + b"\x89MCAP0\r\n"
    path.write_bytes(start + schema + channel + frame + record(6, chunk) + end)
    return path


@pytest.mark.parametrize(
    ("compression", "size", "sentence"),
    [
        ("zstd", MANY_ZEROS, "a block of 1,073,741,824 bytes, where 268,435,456 are allowed"),
        ("zstd", 2**63, "are allowed"),
        ("zstd", 1000, "becomes larger than 1,000 bytes"),
        ("zstd", 64_000_000, "becomes larger than 64,000,000 bytes"),
        ("lz4", 1000, "becomes larger than 1,000 bytes"),
        ("lz4", 100_000_000, "no record begins at byte 0"),
        ("bz3", 1000, "unknown compression 'bz3'"),
        ("", 1000, "larger than 1,000 bytes"),
    ],
)
def test_a_block_that_explodes_is_left_out(
    tmp_path: Path, bomb: bytes, peak: Callable[[], float], compression: str, size: int, sentence: str
) -> None:
    content = lz4.frame.compress(bytes(100_000_000)) if compression == "lz4" else bomb
    with Bag(mcap_with_block(tmp_path / "a.mcap", content, compression, size)) as bag:
        assert check_frames(bag) == 1
        assert bag.damaged
        assert sentence in " ".join(bag.notes)
    assert peak() < 0.6


def test_a_block_of_zeros_is_not_read_as_millions_of_records(tmp_path: Path) -> None:
    content = zstd.compress(bytes(64_000_000))
    path = mcap_with_block(tmp_path / "a.mcap", content, "zstd", 64_000_000)
    assert path.stat().st_size < 50_000
    with Bag(path) as bag:
        assert check_frames(bag) == 1
        assert "no record begins at byte 0" in " ".join(bag.notes)


@pytest.mark.parametrize("index", [True, False])
def test_a_message_that_explodes_is_a_bad_message(
    tmp_path: Path, bomb: bytes, peak: Callable[[], float], index: bool
) -> None:
    with (tmp_path / "a.mcap").open("wb") as file:
        writer = McapWriter(file, compression=CompressionType.NONE, use_statistics=index)
        writer.start(profile="ros2")
        schema = writer.register_schema("sensor_msgs/msg/Image", "ros2msg", b"")
        channel = writer.register_channel(TOPIC, "cdr", schema)
        for number in range(3):
            writer.add_message(channel, time_of(number), bomb, time_of(number))
        writer.finish()
    with Bag(tmp_path / "a.mcap") as bag:
        messages = list(bag.messages(TOPIC))
        assert len(messages) == 3
        for message in messages:
            with pytest.raises(MessageError, match="becomes larger than 268,435,456 bytes"):
                message.decode()
            with pytest.raises(MessageError, match="cannot be unpacked"):
                message.cdr()
    assert peak() < 0.9


def test_a_message_of_sqlite_that_explodes_is_a_bad_message(tmp_path: Path, bomb: bytes) -> None:
    folder = write_rosbag2(tmp_path / "bag", LABELS[:3], "sqlite3")
    with closing(sqlite3.connect(storage_file(folder), isolation_level=None)) as database:
        database.execute("UPDATE messages SET data = ?", (bomb,))
    with Bag(folder) as bag:
        message, *others = bag.messages(TOPIC)
        assert len(others) == 2
        with pytest.raises(MessageError, match="becomes larger"):
            message.decode()


@pytest.mark.parametrize("compression", ["BZ2", "LZ4"])
def test_a_ros1_block_that_explodes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str) -> None:
    for module in ("ros1_file", "recovery.ros1"):
        monkeypatch.setattr(f"cac_ros.bags.{module}.BAG_BLOCK_BYTES", 1_000_000)
    from cac_ros.bags.message import _ROS1

    writer = Ros1Writer(tmp_path / "a.bag")
    writer.set_compression(Ros1Writer.CompressionFormat[compression])
    with writer:
        connection = writer.add_connection(TOPIC, "sensor_msgs/msg/Image", typestore=_ROS1)
        for number in range(5):
            writer.write(connection, time_of(number), bytes(1_000_000))
    with Bag(tmp_path / "a.bag") as bag:
        assert len(list(bag.messages(TOPIC))) < 5
        assert "becomes larger than 1,000,000 bytes" in " ".join(bag.notes)
        assert bag.damaged


@pytest.mark.parametrize(
    ("limit", "sentence"), [("BAG_UNPACKED_BYTES", "becomes larger than"), ("_SPARE", "set TMPDIR to a folder")]
)
def test_a_packed_file_that_explodes_is_refused(
    tmp_path: Path, bomb: bytes, monkeypatch: pytest.MonkeyPatch, limit: str, sentence: str
) -> None:
    monkeypatch.setattr(scratch, limit, 50_000_000 if limit.startswith("BAG") else 1 << 60)
    (tmp_path / "a.mcap.zstd").write_bytes(bomb)
    for path in (tmp_path, tmp_path / "a.mcap.zstd"):
        with pytest.raises(BagError, match=sentence):
            Bag(path)


@pytest.mark.parametrize("compression", ["zstd", "lz4", "bz2"])
@pytest.mark.parametrize("size", [0, 1, 4_194_303, 4_194_304, 4_194_305, 9_000_000])
def test_unpacking_gives_all_up_to_the_limit_and_nothing_beyond(compression: str, size: int) -> None:
    import bz2

    pack = {"zstd": zstd.compress, "lz4": lz4.frame.compress, "bz2": bz2.compress}[compression]
    data = os.urandom(size // 100) + bytes(size - size // 100)
    assert inflate(pack(data), compression, size) == data
    if size:
        with pytest.raises(ValueError, match="becomes larger"):
            inflate(pack(data), compression, size - 1)


def fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def a_socket(path: Path) -> Path:
    here = Path.cwd()
    os.chdir(path.parent)  # its path may be no longer than 107 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)
    return path


def link_to_itself(path: Path) -> Path:
    path.symlink_to(path)
    return path


def link_to_a_fifo(path: Path) -> Path:
    path.symlink_to(fifo(path.with_name("pipe")))
    return path


def folder_in_itself(path: Path) -> Path:
    path.mkdir()
    (path / "again.mcap").symlink_to(path)
    return path


def sparse(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(5 << 30)
    return path


def zeros(path: Path) -> Path:
    path.write_bytes(bytes(100_000))
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (fifo, "is a named pipe"),
        (a_socket, "is a socket"),
        (link_to_itself, "cannot be looked at|no bag at"),
        (link_to_a_fifo, "is a named pipe"),
        (folder_in_itself, "is not a bag"),
        (sparse, "does not start like"),
        (zeros, "does not start like"),
        (lambda path: Path("/dev/zero"), "is a device"),
        (lambda path: path.with_name("x" * 300), "cannot be looked at"),
        (lambda path: Path(f"{path}\0"), "cannot be looked at"),
        (lambda path: path / "inside" / "nothing", "no bag at"),
    ],
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], Path], sentence: str) -> None:
    with pytest.raises(BagError, match=sentence) as caught:
        Bag(make(tmp_path / "a.mcap"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize(
    ("make", "name"),
    [(fifo, "b.mcap"), (fifo, "b.db3-wal"), (fifo, "metadata.yaml"), (a_socket, "b.mcap"), (link_to_itself, "b.db3"),
     (folder_in_itself, "b.mcap"), (link_to_a_fifo, "metadata.yaml"), (folder_in_itself, "metadata.yaml")],
)  # fmt: skip
def test_what_is_no_file_in_a_folder_is_passed_over(
    tmp_path: Path, storage: str, make: Callable[[Path], Path], name: str
) -> None:
    folder = write_rosbag2(tmp_path / "b", LABELS[:5], storage)
    place = storage_file(folder).rename(folder / f"data{storage_file(folder).suffix}")
    assert place.exists()
    (folder / "metadata.yaml").unlink()
    make(folder / name)
    with Bag(folder) as bag:
        assert check_frames(bag) == 5
        assert bag.notes


def test_the_limits_leave_room_for_real_recordings() -> None:
    frame = 3840 * 2160 * 4
    assert min(limits.BAG_BLOCK_BYTES, limits.BAG_MESSAGE_BYTES) > 5 * frame
