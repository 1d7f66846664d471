# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which topic is replayed: the only one with messages; for pictures of another type, the way to images is told."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from mcap.writer import Writer as McapWriter

from cac_ros.bags.message import BagError
from cac_ros.bags.reader import Bag
from test.ros.recordings import time_of

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
STRING = "std_msgs/msg/String"


def write(path: Path, topics: Mapping[str, tuple[str, int]], storage: str) -> Path:
    """A bag with topics of these types, and so many messages on each."""
    if storage == "sqlite3":
        with closing(sqlite3.connect(path.with_suffix(".db3"), isolation_level=None)) as database:
            database.execute("CREATE TABLE topics (id INTEGER PRIMARY KEY, name TEXT, type TEXT)")
            database.execute(
                "CREATE TABLE messages (id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB)"
            )
            for key, (name, (msgtype, count)) in enumerate(topics.items()):
                database.execute("INSERT INTO topics VALUES (?, ?, ?)", (key, name, msgtype))
                for index in range(count):
                    row = (key, time_of(index), b"\0\1\0\0")
                    database.execute("INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)", row)
        return path.with_suffix(".db3")
    with path.with_suffix(".mcap").open("wb") as file:
        writer = McapWriter(file)
        writer.start(profile="ros2")
        for name, (msgtype, count) in topics.items():
            channel = writer.register_channel(name, "cdr", writer.register_schema(msgtype, "ros2msg", b""))
            for index in range(count):
                writer.add_message(channel, time_of(index), b"\0\1\0\0", time_of(index))
        writer.finish()
    return path.with_suffix(".mcap")


@pytest.fixture(params=["mcap", "sqlite3"])
def storage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("msgtype", "name", "sentences"),
    [
        ("theora_image_transport/msg/Packet", "/theora", ["in_transport:=theora", "package theora_image_transport"]),
        ("theora_image_transport/Packet", "/cam/theora", ["theora_image_transport/msg/Packet", "/cam/compressed"]),
        ("foxglove.CompressedVideo", "/cam", ["/cam may show pictures, but its type foxglove.CompressedVideo"]),
        ("foxglove_msgs/msg/RawImage", "/cam", ["record it as sensor_msgs/msg/Image"]),
        ("my_camera/msg/H264Frame", "/cam", ["its type my_camera/msg/H264Frame is not read"]),
        ("stereo_msgs/msg/DisparityImage", "/disparity", ["stereo_msgs/msg/DisparityImage is not read"]),
    ],
)
def test_a_type_that_is_not_read_is_named_with_the_way_out(
    tmp_path: Path, storage: str, msgtype: str, name: str, sentences: list[str]
) -> None:
    if storage == "sqlite3" and "/msg/" not in msgtype:
        pytest.skip("a name of ROS 1 or of no ROS at all")
    with Bag(write(tmp_path / "a", {name: (msgtype, 3), "/chatter": (STRING, 3)}, storage)) as bag:
        for asked in (None, name):
            with pytest.raises(BagError, match="has no image topic that is read here") as caught:
                bag.image_topic(asked)
            assert all(sentence in str(caught.value) for sentence in sentences)
            assert "choose a bag recorded with a camera" not in str(caught.value)
            assert "\n" not in str(caught.value)


def test_images_come_before_a_video_which_can_be_asked_for(tmp_path: Path, storage: str) -> None:
    topics = {"/cam/ffmpeg": ("ffmpeg_image_transport_msgs/msg/FFMPEGPacket", 3), "/cam/image_raw": (IMAGE, 3)}
    with Bag(write(tmp_path / "a", topics, storage)) as bag:
        assert bag.image_topic().name == "/cam/image_raw"
        assert bag.image_topic("/cam/ffmpeg").name == "/cam/ffmpeg"
        assert bag.notes == []
    with Bag(write(tmp_path / "b", {"/cam/ffmpeg": topics["/cam/ffmpeg"]}, storage)) as bag:
        assert bag.image_topic().name == "/cam/ffmpeg"


def test_asking_for_a_video_that_is_not_read_names_both(tmp_path: Path, storage: str) -> None:
    topics = {"/cam/theora": ("theora_image_transport/msg/Packet", 3), "/cam/image_raw": (IMAGE, 3)}
    with Bag(write(tmp_path / "a", topics, storage)) as bag:
        with pytest.raises(BagError, match=r"no images on /cam/theora .*: /cam/image_raw .*in_transport:=theora"):
            bag.image_topic("/cam/theora")
        assert bag.image_topic().name == "/cam/image_raw"
        assert bag.notes == []


@pytest.mark.parametrize(
    ("counts", "taken", "note"),
    [
        ({"/a": 0, "/b": 3, "/c": 0}, "/b", "/b was taken: no message is on /a, /c."),
        ({"/a": 3, "/b": 0}, "/a", "/a was taken: no message is on /b."),
        ({"/a": 3}, "/a", ""),
        ({"/a": 3, "/b": 2, "/c": 0}, "", "has 2 image topics, choose one with --topic: /a .*3 messages.*, /b "),
        ({"/a": 3, "/b": 2}, "", "has 2 image topics"),
        ({"/a": 0, "/b": 0}, "", "has no message on its image topics: /a, /b"),
        ({"/a": 0}, "", "has no message on its image topics: /a"),
    ],
)
def test_the_topic_with_messages_is_taken(
    tmp_path: Path, storage: str, counts: dict[str, int], taken: str, note: str
) -> None:
    topics = {name: (COMPRESSED if name == "/b" else IMAGE, count) for name, count in counts.items()}
    with Bag(write(tmp_path / "a", {**topics, "/chatter": (STRING, 3)}, storage)) as bag:
        if not taken:
            with pytest.raises(BagError, match=note):
                bag.image_topic()
            return
        assert bag.image_topic().name == taken
        assert bag.notes == [note] * bool(note)
        assert not bag.damaged
        for name, count in counts.items():
            if not count:
                with pytest.raises(BagError, match=f"no message on {name}; its image topics are: {taken} "):
                    bag.image_topic(name)
