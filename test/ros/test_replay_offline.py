# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Offline replay: the right answers, the same every time, and every mistake in one sentence."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cac_core.support.errors import CacError
from cac_ros.bags.writer import BagWriter
from cac_ros.replay.__main__ import main
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.run import replay
from test.ros.recordings import (
    LABEL_TOPIC,
    TOPIC,
    cut,
    picture,
    storage_file,
    time_of,
    write_labels,
    write_ros1,
    write_rosbag2,
)

LABELS = ["red"] * 10 + ["grey"] * 10 + ["green"] * 10 + ["deep blue"] * 10


def read_rows(out: Path) -> list[dict[str, str]]:
    with (out / "frames.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kind", ["mcap", "sqlite3", "ros1"])
def test_every_frame_is_answered_and_compared_with_its_label(tmp_path: Path, model: Path, kind: str) -> None:
    bag = write_ros1(tmp_path / "b.bag", LABELS) if kind == "ros1" else write_rosbag2(tmp_path / "b", LABELS, kind)
    labels = write_labels(tmp_path / "labels.csv", LABELS)
    replay(ReplayConfig(bag, model, tmp_path / "out", labels=labels))
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["metrics"]["auroc"] == 1.0
    assert metrics["metrics"]["accuracy"] == 1.0
    assert metrics["metrics"]["known_kept"] == 1.0
    assert metrics["metrics"]["unknown_rejected"] == 1.0
    assert metrics["frames"]["scored"] == 40
    assert metrics["labels"]["grey"] == {"known": False, "frames": 10, "scored": 10, "right": 10}
    rows = read_rows(tmp_path / "out")
    assert [row["prediction"] for row in rows] == ["unknown" if label == "grey" else label for label in LABELS]
    assert [int(row["recorded_ns"]) for row in rows] == [time_of(i) for i in range(40)]
    assert {row["outcome"] for row in rows} == {"right"}
    assert (tmp_path / "out" / "report.html").stat().st_size > 1_000_000


def test_two_runs_give_the_same_files(tmp_path: Path, model: Path) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS)
    for run in ("first", "second"):
        replay(ReplayConfig(bag, model, tmp_path / run, labels_topic=LABEL_TOPIC))
    for name in ("metrics.json", "frames.csv", "report.html"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_labels_from_a_topic_equal_labels_from_a_file(tmp_path: Path, model: Path) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS)
    labels = write_labels(tmp_path / "labels.csv", LABELS, zero=time_of(0) / 1e9)
    by_file = replay(ReplayConfig(bag, model, tmp_path / "a", labels=labels))
    by_topic = replay(ReplayConfig(bag, model, tmp_path / "b", labels_topic=LABEL_TOPIC))
    assert by_file.rows == by_topic.rows


def test_a_cut_bag_is_evaluated_up_to_the_cut_and_the_report_says_so(tmp_path: Path, model: Path) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS)
    labels = write_labels(tmp_path / "labels.csv", LABELS)
    cut(storage_file(bag), 0.6)
    evaluation = replay(ReplayConfig(bag, model, tmp_path / "out", labels=labels))
    assert 22 <= len(evaluation.rows) <= 24
    assert evaluation.truncated
    report = (tmp_path / "out" / "report.html").read_text()
    assert "Part of the bag could not be read" in report
    assert "is cut off" in report
    assert "1 of 4 labels lie behind the cut" in report
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["bag"]["truncated"] is True


def test_frames_without_label_are_classified_counted_and_not_scored(tmp_path: Path, model: Path) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS)
    (tmp_path / "labels.csv").write_text("start,end,label\n0,1,red\n1,2,grey\n")
    evaluation = replay(ReplayConfig(bag, model, tmp_path / "out", labels=tmp_path / "labels.csv"))
    assert evaluation.counts()["not_labelled"] == 20
    assert evaluation.counts()["scored"] == 20
    assert any("20 of 40 frames have no label" in note for note in evaluation.notes)
    assert any("No frame is labelled as 'green', 'deep blue'" in note for note in evaluation.notes)
    assert [row["prediction"] for row in read_rows(tmp_path / "out")][20:] == LABELS[20:]


def test_without_labels_everything_is_classified_and_nothing_scored(tmp_path: Path, model: Path) -> None:
    evaluation = replay(ReplayConfig(write_rosbag2(tmp_path / "bag", LABELS), model, tmp_path / "out"))
    assert evaluation.counts()["answered"] == 40
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["metrics"]["auroc"] is None
    assert metrics["frames"]["scored"] == 0


def test_an_unreadable_frame_is_unknown_and_the_rest_goes_on(tmp_path: Path, model: Path) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        for index in range(6):
            writer.write_image(TOPIC, time_of(index), picture("red", index), "bgr8")
        writer.write_jpeg("/camera/compressed", time_of(0), b"\xff\xd8 not a picture")
        connection = writer._connections[TOPIC]
        writer._writer.write(connection, time_of(6), b"\x00\x01\x00\x00\xff")
    evaluation = replay(ReplayConfig(tmp_path / "bag", model, tmp_path / "out", topic=TOPIC))
    assert [row.reason for row in evaluation.rows] == ["OK"] * 6 + ["BAD_FRAME"]
    assert evaluation.rows[6].unknown
    assert evaluation.rows[6].rejection_score == np.inf
    assert any("1 of 7 frames could not be read" in note for note in evaluation.notes)
    compressed = replay(ReplayConfig(tmp_path / "bag", model, tmp_path / "out", topic="/camera/compressed"))
    assert [row.reason for row in compressed.rows] == ["BAD_FRAME"]


def test_distances_are_evaluated_by_their_limits_and_not_without(tmp_path: Path, model: Path) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        for i in range(3):
            bag.write_image(TOPIC, time_of(i), np.full((24, 24), 2000 + i, np.uint16), "16UC1")
    command = [str(tmp_path / "bag"), "--model", str(model), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    assert {row["reason"] for row in read_rows(tmp_path / "out")} == {"BAD_FRAME"}
    assert "set depth_range" in (tmp_path / "out" / "metrics.json").read_text(encoding="utf-8")
    assert main([*command, "--depth-range", "500", "4000"]) == 0
    assert {row["reason"] for row in read_rows(tmp_path / "out")} == {"ABOVE_THRESHOLD"}
    with pytest.raises(CacError, match="--depth-range must be two numbers, the smaller one first"):
        main([*command, "--depth-range", "4000", "500"])


def test_the_threshold_can_be_chosen(tmp_path: Path, model: Path) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS)
    common: dict[str, Any] = {"bag": bag, "model": model, "out": tmp_path / "out", "labels_topic": LABEL_TOPIC}
    assert replay(ReplayConfig(**common, threshold=1000.0)).counts()["unknown_accepted"] == 10
    assert replay(ReplayConfig(**common, threshold=0.0)).counts()["known_rejected"] == 30
    # The model's θ(q) is 2 q, for blue alone 2.2 q, see colour_bundle.
    assert replay(ReplayConfig(**common, known_kept=0.25)).theta == pytest.approx([0.5] * 3, abs=0.01)
    theta = replay(ReplayConfig(**common, known_kept=0.25, per_class=True)).theta
    assert theta == pytest.approx([0.5, 0.5, 0.55], abs=0.01)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bag": Path("absent")}, "no bag at absent"),
        ({"model": Path("absent.cac")}, "absent.cac does not exist"),
        ({"topic": "/front"}, "its image topics are: /camera/image_raw"),
        ({"labels": Path("absent.csv")}, "no label file at absent.csv"),
        ({"labels_topic": "/nothing"}, "no label topic /nothing"),
        ({"labels": Path("a.csv"), "labels_topic": "/label"}, "Both --labels and --labels-topic"),
        ({"known_kept": 1.5}, "--known-kept: the share of known images to keep must lie in"),
        ({"threshold": -1.0}, "--threshold: a threshold must be zero or a positive"),
        ({"threshold": 1.0, "known_kept": 0.9}, "leave them out"),
        ({"rate": 0.0}, "--rate must be a number above 0"),
        ({"rate": 2.0}, "--rate is about live replays"),
    ],
)
def test_a_mistake_is_one_sentence_and_earlier_results_stay(
    tmp_path: Path, model: Path, change: dict[str, Any], sentence: str
) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS[:4])
    out = tmp_path / "out"
    out.mkdir()
    (out / "metrics.json").write_text("earlier")
    settings = {"bag": bag, "model": model, "out": out, **change}
    with pytest.raises(CacError, match=sentence) as caught:
        replay(ReplayConfig(**settings))
    assert "\n" not in str(caught.value)
    assert [file.name for file in out.iterdir()] == ["metrics.json"]
    assert (out / "metrics.json").read_text() == "earlier"


@pytest.mark.slow
def test_the_command_ends_with_a_sentence_and_a_status(tmp_path: Path, model: Path) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS[:8])
    command = [sys.executable, "-m", "cac_ros.replay", str(bag), "--model", str(model), "--out", str(tmp_path / "out")]
    labels = tmp_path / "labels.csv"
    labels.write_text("start,end,label\n100,200,red\n")
    wrong = subprocess.run([*command, "--labels", str(labels)], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("error: ")
    assert "covers no frame" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    right = subprocess.run([*command, "--labels-topic", "/label"], capture_output=True, text=True, check=False)
    assert right.returncode == 0
    assert "AUROC" in right.stdout
    assert right.stdout.rstrip().endswith("report.html")


def test_help_shows_a_labels_file_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert "start,end,label" in text
    assert "--mode live --rate 2" in text


@pytest.mark.slow
def test_offline_replay_never_imports_ros(tmp_path: Path, model: Path) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS[:4])
    code = (
        "import sys; from cac_ros.replay.__main__ import main;"
        f"main([{str(bag)!r}, '--model', {str(model)!r}, '--out', {str(tmp_path / 'out')!r}]);"
        "sys.exit('rclpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
