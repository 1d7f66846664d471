# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What to label next: the most informative frames of a fleet, in the form of the node's harvest."""

import csv
from pathlib import Path

import numpy as np
import pytest

from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.harvest import check_harvest, harvest
from cac_ros.fleet.informative import DISAGREEMENT, groups_of, most_informative
from cac_ros.fleet.recordings import Recording
from cac_ros.fleet.run import evaluate_fleet
from cac_ros.fleet.scenes import NEAR_THRESHOLD, UNKNOWN, Scene
from cac_ros.node.observers.harvest_index import COLUMNS
from test.ros.colour_bundle import colour_bundle, write_model
from test.ros.fleet_recordings import answers, frames, recording
from test.ros.fleets import InlineCrew, config, write_fleet


def scene(frame: int, count: int, because: str = UNKNOWN, gamma: tuple[float, float] = (3.0, 4.0)) -> Scene:
    return Scene(frame, count, because, np.zeros((16, 16, 3), np.uint8), np.array(gamma, np.float32))


def order(*found: tuple[Recording, list[Scene]]) -> list[tuple[str, int, str]]:
    return [(each.recording.name, each.frame, each.because) for each in most_informative(found, 0)]


def test_unknown_groups_come_by_their_size_and_take_turns() -> None:
    bag = recording("a", answers(frames([-2] * 5, [-1] * 5)))
    scenes = [scene(0, 5, gamma=(1.0, 9.0)), scene(1, 4), scene(2, 3), scene(3, 1, gamma=(1.0, 8.5))]
    assert [frame for _, frame, _ in order((bag, scenes))] == [1, 0, 2, 3]


def test_groups_follow_the_direction_of_the_scores() -> None:
    gamma = np.array([[1, 9], [2, 18], [9, 1], [1, 8.5]], np.float32)
    assert groups_of(gamma).tolist() == [0, 0, 1, 0]


def test_frames_nearest_to_the_threshold_come_first() -> None:
    bag = recording("a", answers(frames([-2] * 3, [0, 0, -1], [0.95, 0.99, 1.08])))
    scenes = [scene(n, 1, NEAR_THRESHOLD) for n in range(3)]
    assert [frame for _, frame, _ in order((bag, scenes))] == [1, 0, 2]


def test_the_longest_disagreement_comes_first() -> None:
    old, new = frames([-2] * 8, [0] * 8), frames([-2] * 8, [0, 1, 0, -1, -1, -1, 0, 0])
    assert order((recording("a", answers(old), answers(new)), [])) == [("a", 4, DISAGREEMENT), ("a", 1, DISAGREEMENT)]


def test_the_harvest_has_the_form_of_the_nodes(tmp_path: Path, model: Path) -> None:
    folder = write_fleet(tmp_path, 4)
    new = write_model(tmp_path, colour_bundle("new", names=("red", "green", "navy")))
    fleet, store = evaluate_fleet(config(folder, model, new_model=new), InlineCrew)
    check_harvest(tmp_path / "harvest")
    assert harvest(fleet, store, tmp_path / "harvest", 10, 1.0) == 2
    with (tmp_path / "harvest" / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert {row["saved_because"] for row in rows} == {UNKNOWN, DISAGREEMENT}  # grey, and deep blue or navy
    assert {row["file"] for row in rows} == {path.name for path in (tmp_path / "harvest").glob("*.jpg")}
    assert all(row["frame_id"] == "camera" and row["model_id"].startswith("new@") for row in rows)
    with pytest.raises(FleetError, match="is not empty"):
        check_harvest(tmp_path / "harvest")


def test_no_more_frames_are_harvested_than_asked_for(tmp_path: Path, model: Path) -> None:
    fleet, store = evaluate_fleet(config(write_fleet(tmp_path, 2), model), InlineCrew)
    assert harvest(fleet, store, tmp_path / "harvest", 1, 1.0) == 1
