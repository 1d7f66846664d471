# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""metadata.yaml and the names of files are hints: what the files hold is read, and a difference is one note."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from backports import zstd

from cac_ros.bags.message import BagError
from cac_ros.bags.reader import Bag
from test.ros.recordings import TOPIC, cut, picture, storage_file, time_of, write_ros1, write_rosbag2
from test.ros.test_bags import LABELS, check_frames


@pytest.fixture(params=["mcap", "sqlite3"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return write_rosbag2(tmp_path / "bag", LABELS, request.param)


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "metadata.yaml"
    content = yaml.safe_load(path.read_text())
    change(content["rosbag2_bagfile_information"])
    path.write_text(yaml.safe_dump(content))


def no_counts(about: dict[str, Any]) -> None:
    about["message_count"] = 0
    for topic in about["topics_with_message_count"]:
        topic["message_count"] = 0


def foreign_qos(about: dict[str, Any]) -> None:
    for topic in about["topics_with_message_count"]:
        topic["topic_metadata"]["offered_qos_profiles"] = [{"history": "of_another_distribution", "depth": []}]


def no_files(about: dict[str, Any]) -> None:
    about["relative_file_paths"] = []


def other_files(about: dict[str, Any]) -> None:
    about["relative_file_paths"] = ["/home/somebody/old_name_0.db3"]


def no_topics(about: dict[str, Any]) -> None:
    about["topics_with_message_count"] = []


def fewer_counts(about: dict[str, Any]) -> None:
    about["topics_with_message_count"][0]["message_count"] = 3


def version_99(about: dict[str, Any]) -> None:
    about.update(version=99, something_new={"a": [1, 2]})


def no_storage(about: dict[str, Any]) -> None:
    about["storage_identifier"] = ""


def another_storage(about: dict[str, Any]) -> None:
    about["storage_identifier"] = "my_plugin"


def compressed_it_says(about: dict[str, Any]) -> None:
    about.update(compression_format="zstd", compression_mode="FILE")


def wrong_time(about: dict[str, Any]) -> None:
    about.update(duration={"nanoseconds": -1}, starting_time=None)


def foreign_types(about: dict[str, Any]) -> None:
    for topic in about["topics_with_message_count"]:
        topic["topic_metadata"].update(type="my_msgs/msg/Other", serialization_format="flatbuffers")


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (no_counts, "counts 0 messages on /camera/image_raw, /label, where 80 were found"),
        (fewer_counts, "counts 3 messages on "),
        (no_files, ""),
        (other_files, "misses old_name_0.db3 but holds every message"),
        (no_topics, ""),
        (foreign_qos, ""),
        (version_99, ""),
        (no_storage, ""),
        (another_storage, ""),
        (compressed_it_says, ""),
        (wrong_time, ""),
        (foreign_types, ""),
    ],
)
def test_whatever_metadata_says_the_files_are_read(folder: Path, change: Callable[..., None], note: str) -> None:
    edit(folder, change)
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
        assert len(bag.notes) == bool(note)
        assert note in " ".join(bag.notes)
        assert not bag.damaged


def test_more_messages_in_metadata_than_in_the_files_is_a_loss(folder: Path) -> None:
    edit(folder, lambda about: about["topics_with_message_count"][1].update(message_count=50))
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
        (note,) = bag.notes
        assert "it counts 50 messages on /camera/image_raw, where 40 were found" in note
        assert bag.damaged


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 5000,
        "- " * 5000,
        "{a: " * 5000,
        "\n".join(" " * i + "a:" for i in range(1000)),
        "rosbag2_bagfile_information: 7",
        "rosbag2_bagfile_information: {relative_file_paths: {}, topics_with_message_count: 3}",
        "a: &a {b: 1}\nc: {<<: *a}\n",
        "\x00\x01",
        "x: " + "y" * 2_000_000,
        "!!python/object/apply:os.system [true]",
    ],
)
def test_metadata_that_is_no_metadata_is_one_note(folder: Path, text: str) -> None:
    (folder / "metadata.yaml").write_text(text)
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
        (note,) = bag.notes
        assert "read without it" in note
        assert not bag.damaged


def pack(path: Path, level: int = 1) -> Path:
    packed = path.with_name(path.name + ".zstd")
    packed.write_bytes(zstd.compress(path.read_bytes(), level=level))
    path.unlink()
    return packed


def test_packed_files_need_no_metadata(folder: Path) -> None:
    pack(storage_file(folder))
    with Bag(folder) as bag:  # its metadata.yaml knows nothing of the compression
        assert check_frames(bag) == 40
        assert bag.notes == []
    edit(folder, lambda about: about.update(version=12, storage_identifier="", compression_mode="FILE"))
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
        assert bag.notes == []
    (folder / "metadata.yaml").unlink()
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
    (packed,) = folder.iterdir()
    with Bag(packed) as bag:
        assert check_frames(bag) == 40
        assert bag.notes == []


def test_copies_are_removed_when_the_bag_is_closed_and_after_an_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    packed = pack(storage_file(folder))
    with Bag(packed) as bag:
        assert list(scratch.iterdir())
        assert check_frames(bag) == 40
    assert list(scratch.iterdir()) == []
    packed.write_bytes(zstd.compress(b"no recording"))
    with pytest.raises(BagError, match="does not start like"):
        Bag(packed)
    assert list(scratch.iterdir()) == []


def test_a_packed_file_that_is_cut_gives_what_is_before_the_cut(folder: Path) -> None:
    cut(pack(storage_file(folder)), 0.8)
    with Bag(folder) as bag:
        assert 20 <= check_frames(bag) <= 32
        assert "is cut off" in " ".join(bag.notes)
        assert bag.damaged


def test_packed_files_beside_plain_ones_are_all_read(tmp_path: Path) -> None:
    folder = tmp_path / "split"
    folder.mkdir()
    for part in range(4):
        source = write_part(tmp_path / f"p{part}", range(part * 10, part * 10 + 10))
        place = storage_file(source).rename(folder / f"split_{part}.mcap")
        if part < 3:
            pack(place)
    with Bag(folder) as bag:
        assert check_frames(bag) == 40


def write_part(folder: Path, indices: range) -> Path:
    from cac_ros.bags.writer import BagWriter

    with BagWriter(folder) as bag:
        for index in indices:
            bag.write_image(TOPIC, time_of(index), picture(LABELS[index], index))
    return folder


@pytest.mark.parametrize(
    "name", ["KITCHEN.MCAP", "kitchen.mcap.active", "kitchen", "kitchen.bak", "kitchen (1).db3", "küche 厨房.bin"]
)
def test_the_name_of_a_file_does_not_matter(folder: Path, name: str) -> None:
    renamed = storage_file(folder).rename(folder / name)
    with Bag(renamed) as bag:
        assert check_frames(bag) == 40
        assert bag.notes == []
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
        (note,) = bag.notes
        assert "holds every message" in note


def test_a_ros1_bag_that_was_still_written_is_read(tmp_path: Path) -> None:
    place = cut(write_ros1(tmp_path / "a.bag", LABELS), 0.8).rename(tmp_path / "a.bag.active")
    with Bag(place) as bag:
        assert 20 <= check_frames(bag) <= 32
        assert "is cut off" in " ".join(bag.notes)


def test_the_hidden_files_of_a_mac_are_passed_over(folder: Path) -> None:
    file = storage_file(folder)
    (folder / f"._{file.name}").write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X" + bytes(100))
    (folder / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1")
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
        assert bag.notes == []
    with pytest.raises(BagError, match="what a Mac keeps beside a file"):
        Bag(folder / f"._{file.name}")
    shutil.copy(file, folder / f".{file.name}.Xy3k1")
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
        assert "is a hidden file; it was not read" in " ".join(bag.notes)


def test_two_formats_of_one_recording_count_once(tmp_path: Path) -> None:
    folder = write_rosbag2(tmp_path / "bag", LABELS)
    other = write_rosbag2(tmp_path / "other", LABELS, "sqlite3")
    shutil.copy(storage_file(other), folder / "bag.db3")
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
        assert bag.topics[TOPIC].count == 40
        (note,) = bag.notes
        assert "holds the same messages as" in note
        assert not bag.damaged


def test_messages_that_lie_in_two_files_count_once(tmp_path: Path) -> None:
    folder = write_rosbag2(tmp_path / "bag", LABELS)
    storage_file(write_part(tmp_path / "part", range(10, 25))).rename(folder / "again.mcap")
    (folder / "metadata.yaml").unlink()
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
        assert "15 messages on /camera/image_raw lie in two files; they were counted once." in bag.notes


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x1f\x8b\x08", "packed with gzip; unpack it with `gunzip --keep`"),
        (b"PK\x03\x04", "a zip archive; unpack it with `unzip`"),
        (b"\xfd7zXZ\x00", "packed with xz"),
        (b"BZh9", "packed with bzip2"),
        (b"\x04\x22\x4d\x18", "packed with lz4"),
        (b"version https://git-lfs.github.com/spec/v1", "`git lfs pull`"),
        (b"", "it is empty"),
    ],
)
def test_what_must_be_unpacked_first_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "kitchen.mcap"
    path.write_bytes(content)
    for place in (path, tmp_path):
        with pytest.raises(BagError, match=sentence) as caught:
            Bag(place)
        assert "\n" not in str(caught.value)


def test_a_folder_of_bags_offers_them(tmp_path: Path) -> None:
    write_rosbag2(tmp_path / "monday", LABELS[:4])
    with pytest.raises(BagError, match=r"did you mean .*/monday\?"):
        Bag(tmp_path)


def test_a_link_that_leads_nowhere_is_told(folder: Path) -> None:
    (folder / "bag_1.mcap").symlink_to(folder / "annexed" / "object")
    with Bag(folder) as bag:
        assert check_frames(bag) == 40
        assert "bag_1.mcap is missing" in " ".join(bag.notes)
        assert bag.damaged
