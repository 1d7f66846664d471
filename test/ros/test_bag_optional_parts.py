# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every optional part of a format is optional: with any of them missing all frames are read."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from mcap.writer import CompressionType, IndexType
from mcap.writer import Writer as McapWriter

from cac_ros.bags.mcap_index import IndexedMcap, NotIndexedError
from cac_ros.bags.message import BagMessage
from cac_ros.bags.reader import Bag
from test.ros.recordings import LABEL_TOPIC, TOPIC, storage_file, time_of, write_rosbag2
from test.ros.test_bags import LABELS, check_frames

TYPES = {TOPIC: "sensor_msgs/msg/Image", LABEL_TOPIC: "std_msgs/msg/String"}
INDEXES = {
    "none": IndexType.NONE,
    "chunk": IndexType.CHUNK,
    "message": IndexType.MESSAGE,
    "chunk and message": IndexType.CHUNK | IndexType.MESSAGE,
    "all": IndexType.ALL,
}
SWITCHES = (
    "repeat_channels",
    "repeat_schemas",
    "use_statistics",
    "use_summary_offsets",
    "enable_crcs",
    "enable_data_crcs",
)


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[BagMessage]:
    """Frames and labels of six moments in the order of recording."""
    with Bag(write_rosbag2(tmp_path_factory.mktemp("source") / "bag", LABELS[:6])) as bag:
        found = [message for topic in TYPES for message in bag.messages(topic)]
    return sorted(found, key=lambda message: message.time_ns)


def write_mcap(path: Path, messages: Sequence[BagMessage], **options: object) -> None:
    with path.open("wb") as file:
        writer = McapWriter(file, **options)  # type: ignore[arg-type]
        writer.start(profile="ros2")
        channels = {}
        for topic, msgtype in TYPES.items():
            schema = writer.register_schema(msgtype, "ros2msg", b"")
            channels[topic] = writer.register_channel(topic, "cdr", schema)
        for index, message in enumerate(messages):
            writer.add_message(channels[message.topic], message.time_ns, message.data, message.time_ns)
            if index == 5:
                writer.add_attachment(0, 0, "calibration.yaml", "text/yaml", b"fx: 1")
                writer.add_metadata("about", {"weather": "rain"})
        writer.finish()


@pytest.mark.parametrize("compression", list(CompressionType))
@pytest.mark.parametrize("chunks", [0, 1, 100_000, 2**30], ids=["no chunks", "many", "some", "one"])
@pytest.mark.parametrize("index", INDEXES)
def test_an_mcap_may_lack_every_optional_part(
    tmp_path: Path, messages: list[BagMessage], index: str, chunks: int, compression: CompressionType
) -> None:
    for switches in product((True, False), repeat=len(SWITCHES)):
        options = dict(zip(SWITCHES, switches, strict=True)) | {
            "index_types": INDEXES[index],
            "use_chunking": bool(chunks),
            "chunk_size": chunks,
            "compression": compression,
        }
        write_mcap(tmp_path / "a.mcap", messages, **options)
        with Bag(tmp_path / "a.mcap") as bag:
            read = [m for topic in TYPES for m in bag.messages(topic)]
            assert sorted(read, key=lambda m: m.time_ns) == messages, options
            assert {t.name: t.count for t in bag.topics.values()} == dict.fromkeys(TYPES, 6), options
            assert (bag.start_ns, bag.end_ns) == (time_of(0), time_of(5)), options
            assert [m.time_ns for m in bag.messages(TOPIC, time_of(2), time_of(4))] == [time_of(2), time_of(3)]
            assert bag.notes == [], options


def test_only_a_complete_index_is_used(tmp_path: Path, messages: list[BagMessage]) -> None:
    path = tmp_path / "a.mcap"
    write_mcap(path, messages)
    IndexedMcap(path, "a").close()
    for part in ({"repeat_schemas": False}, {"use_statistics": False}, {"index_types": IndexType.CHUNK}):
        write_mcap(path, messages, **part)
        with pytest.raises(NotIndexedError):
            IndexedMcap(path, "a")


@pytest.mark.parametrize("profile", ["", "ros2", "something"])
def test_the_profile_of_an_mcap_says_nothing(tmp_path: Path, messages: list[BagMessage], profile: str) -> None:
    write_mcap(tmp_path / "a.mcap", messages)
    data = (tmp_path / "a.mcap").read_bytes()
    with (tmp_path / "b.mcap").open("wb") as file:
        writer = McapWriter(file)
        writer.start(profile=profile)
        schema = writer.register_schema(TYPES[TOPIC], "ros2idl", b"")
        channel = writer.register_channel(TOPIC, "cdr", schema)
        for message in messages:
            if message.topic == TOPIC:
                writer.add_message(channel, message.time_ns, message.data, message.time_ns)
        writer.finish()
    assert data[:8] == (tmp_path / "b.mcap").read_bytes()[:8]
    with Bag(tmp_path / "b.mcap") as bag:
        assert check_frames(bag) == 6


CHANGES = {
    "no metadata table": "DROP TABLE metadata",
    "no message definitions": "DROP TABLE message_definitions",
    "no schema table": "DROP TABLE schema",
    "only topics and messages": "DROP TABLE metadata; DROP TABLE schema; DROP TABLE message_definitions",
    "a schema of the future": "UPDATE schema SET schema_version = 99",
    "an empty schema table": "DELETE FROM schema",
    "no index": "DROP INDEX timestamp_idx",
    "no QoS": "ALTER TABLE topics DROP COLUMN offered_qos_profiles",
    "QoS of another distribution": "UPDATE topics SET offered_qos_profiles = '- history: [unclosed'",
    "no hash of the type": "ALTER TABLE topics DROP COLUMN type_description_hash",
    "no serialisation format": "ALTER TABLE topics DROP COLUMN serialization_format",
    "the first version": "ALTER TABLE topics DROP COLUMN offered_qos_profiles; DROP TABLE schema;"
    "ALTER TABLE topics DROP COLUMN type_description_hash; DROP TABLE message_definitions; DROP TABLE metadata",
    "more columns": "ALTER TABLE messages ADD COLUMN sent INTEGER; ALTER TABLE topics ADD COLUMN note TEXT",
    "more tables": "CREATE TABLE attachments (name TEXT, content BLOB)",
    "columns in another order": "CREATE TABLE m (data BLOB, timestamp INTEGER, topic_id INTEGER);"
    "INSERT INTO m SELECT data, timestamp, topic_id FROM messages;"
    "DROP TABLE messages; ALTER TABLE m RENAME TO messages",
    "rows in another order": "UPDATE messages SET id = 1000 - id",
    "no number for a row": "CREATE TABLE m (topic_id INTEGER, timestamp INTEGER, data BLOB);"
    "INSERT INTO m SELECT topic_id, timestamp, data FROM messages;"
    "DROP TABLE messages; ALTER TABLE m RENAME TO messages",
    "small pages": "PRAGMA page_size = 512; VACUUM",
    "large pages": "PRAGMA page_size = 65536; VACUUM",
    "the log is switched on": "PRAGMA journal_mode = WAL",
    "a message of no topic": "INSERT INTO messages VALUES (999, 77, 5, x'00')",
    "a row without a time": "INSERT INTO messages (id, topic_id, timestamp, data) VALUES (999, 1, 'yesterday', x'00')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_database_may_lack_every_optional_part(tmp_path: Path, change: str) -> None:
    folder = write_rosbag2(tmp_path / "bag", LABELS, "sqlite3")
    with closing(sqlite3.connect(storage_file(folder), isolation_level=None)) as database:
        database.executescript(CHANGES[change])
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
        assert [m.decode().data for m in bag.messages(LABEL_TOPIC)] == LABELS
        assert (bag.start_ns, bag.end_ns) == (time_of(0), time_of(39))
        assert bag.notes == []
