# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The demo: a bag of held-out digits that a camera could have seen, and the whole way on a short training."""

import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from cac_core.data import load_digits_trial
from cac_core.data.digits import digit_picture
from cac_core.training import load_recipe
from cac_ros import demo
from cac_ros.bags.reader import Bag
from cac_ros.replay.labels import read_label_file

SHORT_TRAINING = """\
data: {dataset: digits}
preprocessing: {image_size: 32, channels: 1}
model: {backbone: paper, options: {width: 0.125}}
augment: {scale_min: 1.0}
optimiser: {lr: 0.05, batch_size: 64}
schedule: {kind: one_cycle, epochs: 3}
"""


@pytest.mark.slow
def test_the_bag_shows_every_held_out_digit_once_under_its_name(tmp_path: Path) -> None:
    trial = load_digits_trial("neal2018", 0)
    count = demo.record(trial, tmp_path / "bag", tmp_path / "labels.csv")
    assert count == len(trial.test_indices)
    with Bag(tmp_path / "bag") as bag:
        labels = read_label_file(tmp_path / "labels.csv", bag.start_ns)
        seen = []
        for message in bag.messages(demo.TOPIC):
            content = message.decode()
            assert (content.height, content.width, content.encoding) == (480, 640, "bgr8")
            seen.append(str(labels.at(message.time_ns)))
        gaps = np.diff([m.time_ns for m in bag.messages(demo.TOPIC)])
    assert sorted(seen) == sorted(str(digit) for digit in trial.test_digits)
    assert np.all(np.abs(gaps - 1e9 / 30) < 2)


def test_the_same_demo_gives_the_same_bag(tmp_path: Path) -> None:
    trial = load_digits_trial("neal2018", 0)
    for run in ("a", "b"):
        demo.record(trial, tmp_path / run / "bag", tmp_path / run / "labels.csv", limit=2)
    frames = []
    for run in ("a", "b"):
        with Bag(tmp_path / run / "bag") as bag:
            frames.append([(m.time_ns, m.data) for m in bag.messages(demo.TOPIC)])
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["bag", "labels.csv"]
    assert sorted(path.name for path in (tmp_path / "a" / "bag").iterdir()) == ["bag.mcap", "metadata.yaml"]
    assert frames[0] == frames[1]
    assert len(frames[0]) == 20


def test_a_frame_shows_the_digit_in_its_middle_as_a_camera_would() -> None:
    frame = demo.camera_frame(5, np.random.default_rng(0))
    middle = frame[:, 80:560, 0].astype(float)
    assert np.corrcoef(cv2.GaussianBlur(middle, (9, 9), 2).ravel(), digit_picture(5).ravel())[0, 1] > 0.99
    assert frame[:, :80].mean() < 20
    assert frame[:, :80].std() > 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_whole_way_from_training_to_the_report(
    tmp_path: Path, ros_domain: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "short.yaml").write_text(SHORT_TRAINING)
    monkeypatch.setattr(demo, "RECIPE", str(tmp_path / "short.yaml"))
    monkeypatch.setattr(demo, "record", partial(demo.record, limit=6))
    out = tmp_path / "demo_output"
    (out / "bag").mkdir(parents=True)  # of an earlier run, to be replaced
    (out / "bag" / "old.mcap").write_text("old")
    assert demo.main(["--out", str(out)]) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["live"]["sent"] == 60
    assert metrics["live"]["lost"] == 0
    assert metrics["frames"]["scored"] == metrics["live"]["classified"]
    printed = capsys.readouterr().out
    for words in ("AUROC", "CCR at 5 % FPR", "CCR at 10 % FPR", "latency p95", "sent = received + lost"):
        assert words in printed
    assert printed.rstrip().endswith(str(out / "report.html"))
    assert (out / "digits.cac").is_file()


def test_the_recipe_is_that_for_digits() -> None:
    assert load_recipe(demo.RECIPE).data.dataset == "digits"
