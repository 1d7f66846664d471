# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A fleet's evaluation: the figures of replay, computed once, equal however they came about."""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest

from cac_ros.bags.reader import Bag
from cac_ros.fleet import evaluator
from cac_ros.fleet.__main__ import COMMAND, main
from cac_ros.fleet.bag_result import BagResult
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.output import write_output
from cac_ros.fleet.run import evaluate_fleet
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.run import replay
from test.ros.colour_bundle import colour_bundle, write_model
from test.ros.fleets import InlineCrew, config, write_fleet

FILES = ("metrics.json", "bags.csv")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    """Four recordings that were evaluated, and one that is broken."""
    folder = write_fleet(tmp_path_factory.mktemp("fleet"))
    (folder / "bags" / "broken.mcap").write_bytes(b"nothing")
    write_output(*evaluate_fleet(config(folder, model), InlineCrew))
    return folder


def copy(fleet: Path, to: Path) -> Path:
    """The fleet without its results elsewhere; times of change are kept."""
    for name in ("bags", "labels"):
        shutil.copytree(fleet / name, to / name)
    return to


def lines(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "out" / "bags.csv").open(encoding="utf-8", newline="") as file:
        return {line["recording"]: line for line in csv.DictReader(file)}


def test_figures_of_one_recording_are_those_of_replay(fleet: Path, model: Path, tmp_path: Path) -> None:
    one = config(fleet, model, bags=(str(fleet / "bags" / "robot_0" / "drive_0"),), out=str(tmp_path / "fleet"))
    result, store = evaluate_fleet(one, InlineCrew)
    figures = write_output(result, store)["models"][0]
    options = ReplayConfig(
        Path(one.bags[0]), model, tmp_path / "replay", labels=fleet / "labels" / "drive_0.csv", engine="torch"
    )
    evaluation = replay(options)
    assert figures["metrics"] == evaluation.metrics.to_dict()
    rows = evaluation.rows
    frames = result.recordings[0].answers[0].frames
    assert frames.score.astype(float).tolist() == [row.rejection_score for row in rows]
    assert frames.said.tolist() == [row.class_index for row in rows]
    assert frames.truth.tolist() == [row.truth for row in rows]
    assert frames.right.tolist() == [row.outcome == "right" for row in rows]


def test_a_broken_recording_is_a_row_with_its_reason(fleet: Path) -> None:
    table = lines(fleet)
    assert len(table) == 5
    assert "does not start like" in table["broken.mcap"]["problem"]
    assert table["drive_1"]["problem"] == ""
    assert "failed" in (fleet / "out" / "logs" / "broken.mcap.log").read_text(encoding="utf-8")
    assert "8 frames" in (fleet / "out" / "logs" / "drive_1.log").read_text(encoding="utf-8")


def test_the_same_command_computes_nothing_again(fleet: Path, model: Path) -> None:
    before = {name: (fleet / "out" / name).read_bytes() for name in FILES}
    result, store = evaluate_fleet(config(fleet, model), InlineCrew)
    write_output(result, store)
    assert result.computed == 0
    assert {name: (fleet / "out" / name).read_bytes() for name in FILES} == before


def test_only_what_changed_is_computed(fleet: Path, model: Path, tmp_path: Path) -> None:
    folder = copy(fleet, tmp_path)
    assert evaluate_fleet(config(folder, model), InlineCrew)[0].computed == 4
    label = folder / "labels" / "drive_1.csv"
    label.write_text(label.read_text(encoding="utf-8").replace("grey", "dog"), encoding="utf-8")
    os.utime(next((folder / "bags" / "robot_0" / "drive_2").glob("*.mcap")), (1, 1))
    result, _ = evaluate_fleet(config(folder, model), InlineCrew)
    assert result.computed == 2
    assert any("2 results" in note and "were not used" in note for note in result.notes)
    assert evaluate_fleet(config(folder, model, known_kept=0.9), InlineCrew)[0].computed == 4


def test_a_copy_elsewhere_is_known_by_its_content(fleet: Path, model: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    here = config(fleet, model, by_content=True, out=out)
    assert evaluate_fleet(here, InlineCrew)[0].computed == 4
    moved = config(copy(fleet, tmp_path / "moved"), model, by_content=True, out=out)
    assert evaluate_fleet(moved, InlineCrew)[0].computed == 0


def test_a_recording_that_changes_while_it_is_read_fails(
    fleet: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy(fleet, tmp_path)
    grown = next((folder / "bags" / "robot_0" / "drive_0").glob("*.mcap"))

    def growing(place: str, scratch_gb: float) -> Bag:
        if "drive_0" in place:
            os.utime(grown)
        return Bag(place)

    monkeypatch.setattr(evaluator, "open_recording", growing)
    result, _ = evaluate_fleet(config(folder, model), InlineCrew)
    problems = {recording.name: recording.problem for recording in result.recordings}
    assert "changed while it was read" in problems["drive_0"]
    assert problems["drive_2"] == ""


def test_a_damaged_result_is_named_and_the_others_are_used(fleet: Path, model: Path, tmp_path: Path) -> None:
    folder = copy(fleet, tmp_path)
    evaluate_fleet(config(folder, model), InlineCrew)
    victim = sorted((folder / "out" / "results").rglob("*.npz"))[0]
    victim.write_bytes(victim.read_bytes()[:100])
    result, _ = evaluate_fleet(config(folder, model), InlineCrew)
    damaged = [recording.problem for recording in result.recordings if "no result" in recording.problem]
    assert len(damaged) == 1
    assert sum(bool(recording.answers) for recording in result.recordings) == 3


def test_a_result_is_read_as_it_was_written(fleet: Path) -> None:
    for path in (fleet / "out" / "results").rglob("*.npz"):
        content = path.read_bytes()
        assert BagResult.from_bytes(content).to_bytes() == content


def test_labels_for_half_of_the_recordings_are_a_note(fleet: Path, model: Path, tmp_path: Path) -> None:
    folder = copy(fleet, tmp_path)
    for name in ("drive_0", "drive_1"):
        (folder / "labels" / f"{name}.csv").unlink()
    result, store = evaluate_fleet(config(folder, model), InlineCrew)
    assert any("3 of 5 recordings have no label file" in note for note in result.notes)
    assert write_output(result, store)["models"][0]["counts"]["scored"] == 16


def test_labels_that_cannot_be_used_fail_their_recording_only(fleet: Path, model: Path, tmp_path: Path) -> None:
    folder = copy(fleet, tmp_path)
    (folder / "labels" / "drive_0.csv").write_text("start,end,label\n900,901,cup\n", encoding="utf-8")
    (folder / "labels" / "drive_1.csv").write_bytes(b"\xff\xfe")
    result, _ = evaluate_fleet(config(folder, model), InlineCrew)
    problems = {recording.name: recording.problem for recording in result.recordings}
    assert "covers no frame" in problems["drive_0"]
    assert "UTF-8" in problems["drive_1"]
    assert problems["drive_2"] == ""


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"labels_topic": "/label"}, "Both --labels"),
        ({"threshold": 1.0, "known_kept": 0.9}, "by hand"),
        ({"workers": -1}, "--workers must be"),
        ({"time_limit": 0.0}, "--time-limit"),
        ({"known_kept": 2.0}, "--known-kept"),
        ({"bags": ("nowhere",)}, "nowhere"),
        ({"tags": Path("nowhere.csv")}, "--tags"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    fleet: Path, model: Path, tmp_path: Path, changes: dict[str, object], part: str
) -> None:
    with pytest.raises(Exception, match=part):
        evaluate_fleet(config(fleet, model, **{"out": str(tmp_path / "new"), **changes}), InlineCrew)
    assert not (tmp_path / "new").exists()


def test_a_fleet_of_broken_recordings_only_is_an_error(fleet: Path, model: Path, tmp_path: Path) -> None:
    broken = config(fleet, model, bags=(str(fleet / "bags" / "broken.mcap"),), out=str(tmp_path), labels=None)
    with pytest.raises(FleetError, match=r"No recording could be evaluated.*does not start like"):
        evaluate_fleet(broken, InlineCrew)


def test_several_words_before_the_options_are_recordings() -> None:
    parsed = COMMAND.parse(["a", "b/*.mcap", "#1", "--model", "m.cac", "--out", "o"])
    assert parsed.bags == ("a", "b/*.mcap", "#1")


@pytest.mark.slow
def test_two_worker_processes_give_the_bytes_of_one(fleet: Path, tmp_path: Path, model: Path) -> None:
    new = write_model(tmp_path, colour_bundle("new", known_kept=0.9))
    files = []
    for workers in (1, 2):
        out = tmp_path / str(workers)
        words = [str(fleet / "bags"), "--model", str(model), "--new-model", str(new), "--out", str(out)]
        options = ["--labels", str(fleet / "labels"), "--workers", str(workers), "--engine", "torch"]
        assert main([*words, *options]) == 0
        results = sorted((out / "results").rglob("*.npz"))
        files.append({path.name: path.read_bytes() for path in [*results, *(out / name for name in FILES)]})
    assert files[0] == files[1]
    assert len(files[0]) == 8 + len(FILES)
    assert json.loads(files[0]["metrics.json"])["models"][1]["recordings"] == 4
