# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which recordings are meant, and which label file and tag belongs to which."""

from pathlib import Path

import pytest

from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.label_files import label_files
from cac_ros.fleet.log import file_stem
from cac_ros.fleet.sources import ANSWERS, Source, find_sources
from cac_ros.fleet.tags import NO_DATE, Tag, read_tags, tag_of


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(*words: object) -> list[str]:
    return [source.name for source in find_sources([str(word) for word in words])]


def test_a_folder_gives_every_recording_below_it(tmp_path: Path) -> None:
    touch(tmp_path / "a.mcap", tmp_path / "b.bag", tmp_path / "deep" / "er" / "c.db3.zstd", tmp_path / "notes.pdf")
    touch(tmp_path / ".hidden" / "d.mcap", tmp_path / f"a{ANSWERS}")
    assert names(tmp_path) == ["a.mcap", "b.bag", "c.db3.zstd"]


def test_a_folder_that_ros2_bag_wrote_is_one_recording(tmp_path: Path) -> None:
    touch(tmp_path / "drive" / "drive_0.mcap", tmp_path / "drive" / "drive_1.mcap")
    touch(tmp_path / "other" / "x.mcap", tmp_path / "other" / "metadata.yaml")
    touch(tmp_path / "loose" / "y.mcap", tmp_path / "loose" / "z.mcap")
    assert names(tmp_path) == ["drive", "other", "y.mcap", "z.mcap"]


def test_globs_lists_and_files_give_each_recording_once(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "front.mcap", tmp_path / "b" / "front.mcap", tmp_path / "b" / "rear.mcap")
    (tmp_path / "list.txt").write_text("# a remark\n\na\nb/rear.mcap\n", encoding="utf-8")
    assert names(tmp_path / "*" / "front.mcap", tmp_path / "list.txt", tmp_path / "a") == [
        "a/front.mcap", "b/front.mcap", "rear.mcap",
    ]  # fmt: skip


def test_two_recordings_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    touch(tmp_path / "r1" / "day" / "k.mcap", tmp_path / "r2" / "day" / "k.mcap", tmp_path / "r2" / "m.mcap")
    assert names(tmp_path) == ["m.mcap", "r1/day/k.mcap", "r2/day/k.mcap"]


def test_a_word_that_leads_to_no_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("missing\n", encoding="utf-8")
    for word, part in (("nothing*", "nothing"), ("list.txt", "at missing; mend or delete")):
        with pytest.raises(FleetError, match=part):
            names(tmp_path / word)


def test_label_files_are_found_by_the_names_of_recordings(tmp_path: Path) -> None:
    touch(tmp_path / "k.csv", tmp_path / "m.mcap.csv", tmp_path / "r1" / "t.csv", tmp_path / "lonely.csv")
    sources = [Source(name, name) for name in ("k.mcap", "m.mcap", "r1/t", "r2/t")]
    found, notes = label_files(tmp_path, sources)
    assert {name: path.name for name, path in found.items()} == {
        "k.mcap": "k.csv", "m.mcap": "m.mcap.csv", "r1/t": "t.csv",
    }  # fmt: skip
    assert "1 of 4 recordings have no label file" in notes[0]
    assert notes[1] == "Label files without a recording: lonely."


def test_one_label_file_for_two_recordings_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "t.csv")
    with pytest.raises(FleetError, match="could label r1/t and r2/t"):
        label_files(tmp_path, [Source("r1/t", ""), Source("r2/t", "")])


def test_no_label_file_that_fits_is_refused_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match=r"the first one would be k\.csv"):
        label_files(tmp_path, [Source("k.mcap", "")])


def test_tags_group_recordings_and_the_day_is_that_of_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text("bag,robot,day\nk,spot,\nm.mcap,husky,2026-01-31\nx,y,z\n", encoding="utf-8")
    tags, notes = read_tags(path, [Source("k.mcap", ""), Source("m.mcap", "")])
    day = 1_790_000_000 * 10**9
    assert tag_of("k.mcap", tags, day) == Tag("spot", "2026-09-21")
    assert tag_of("m.mcap", tags, day) == Tag("husky", "2026-01-31")
    assert tag_of("other", tags, 5) == Tag("", NO_DATE)
    assert "without a recording: x" in notes[0]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "bag\nk\n", "bag,robot\nk,a\x00b\n"])
def test_tags_that_cannot_be_used_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tags.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FleetError, match="--tags"):
        read_tags(tmp_path / "tags.csv", [Source("k", "")])


def test_names_of_logs_are_safe_and_differ() -> None:
    stems = {file_stem(name) for name in ("a/b", "a%2fb", "a b", "../../x", "größe", "a\nb")}
    assert len(stems) == 6
    assert not any("/" in stem or stem.startswith(".") or "\n" in stem for stem in stems)
