# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What lies in the harvest folder is found, whatever else lies there."""

import math
from pathlib import Path

from cac_ros.node.observers.harvest_index import COLUMNS, append_row
from cac_ros.teach.harvested import scan


def test_each_picture_comes_with_what_the_index_says_of_it(tmp_path: Path) -> None:
    name = "20260131T120000.500000_near-cup.jpg"
    (tmp_path / "front").mkdir()
    (tmp_path / "front" / name).write_bytes(b"x")
    append_row(tmp_path / "front" / "index.csv", [name, "1.5", "cam", "=cup", "2.5", "1", "m@1", "near_threshold"])
    (frame,) = scan(tmp_path)
    assert (frame.camera, frame.nearest, frame.score, frame.threshold) == ("front", "=cup", 2.5, 1.0)
    assert (frame.because, frame.model_id, frame.saved) == ("near_threshold", "m@1", 1769860800.5)
    assert frame.path == tmp_path / "front" / name
    assert frame.id.isalnum()


def test_the_newest_comes_first(tmp_path: Path) -> None:
    for second in (3, 1, 2):
        (tmp_path / f"20260131T12000{second}.000000.jpg").write_bytes(b"x")
    assert [frame.path.name[14] for frame in scan(tmp_path)] == ["3", "2", "1"]


def test_a_folder_of_pictures_without_an_index_works(tmp_path: Path) -> None:
    (tmp_path / "phone.JPG").write_bytes(b"x")
    (frame,) = scan(tmp_path)
    assert (frame.nearest, frame.because) == ("", "")
    assert math.isnan(frame.score)
    assert frame.saved == frame.changed


def test_a_damaged_or_earlier_index_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    (tmp_path / "b.jpg").write_bytes(b"x")
    lines = [",".join(COLUMNS[:7]), "a.jpg,1.0,cam,cup,2.5,1,m@1", 'b.jpg,1.0,"cam']
    (tmp_path / "index.csv").write_bytes("\n".join(lines).encode() + b"\xff")
    found = {frame.path.name: frame for frame in scan(tmp_path)}
    assert (found["a.jpg"].score, found["a.jpg"].because) == (2.5, "")
    assert math.isnan(found["b.jpg"].score)


def test_links_hidden_files_and_others_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"x")
    folder = tmp_path / "harvest"
    (folder / ".hidden").mkdir(parents=True)
    (folder / ".hidden" / "a.jpg").write_bytes(b"x")
    (folder / ".20260131.jpg.part").write_bytes(b"x")
    (folder / "notes.txt").write_bytes(b"x")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "out").symlink_to(tmp_path)
    assert scan(folder) == []
    assert scan(tmp_path / "nothing") == []
