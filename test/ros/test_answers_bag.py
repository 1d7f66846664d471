# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Answers as a recording, read back with the mcap library and the definitions in the file, and nothing of ours."""

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mcap.reader import make_reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from cac_ros.fleet.run import evaluate_fleet
from cac_ros.replay.answers_bag import ANSWER_TOPIC, ANSWER_TYPE, DEFINITION, IMAGE_TOPIC
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.run import ReplayError, replay
from test.repo.sources import ROOT
from test.ros.fleets import InlineCrew, config, write_fleet
from test.ros.recordings import time_of, write_ros1, write_rosbag2

LABELS = ["red"] * 3 + ["grey"] * 3


def read(path: Path) -> dict[str, list[tuple[int, Any]]]:
    """Times and messages of each topic; their types are those that the file defines."""
    found: dict[str, list[tuple[int, Any]]] = {}
    with path.open("rb") as file:
        for schema, channel, message in make_reader(file).iter_messages():
            assert schema is not None
            store = get_typestore(Stores.EMPTY)
            text = schema.data.decode()
            for name, part in [(schema.name, text.partition("=" * 80)[0]), *re.findall(r"MSG: (\S+)\n([^=]*)", text)]:
                name = name if "/msg/" in name else name.replace("/", "/msg/")
                store.register(get_types_from_msg(part, name))
            content = store.deserialize_cdr(message.data, schema.name)
            found.setdefault(channel.topic, []).append((message.log_time, content))
            assert message.publish_time == message.log_time
    return found


def test_the_definition_is_that_of_the_messages_package() -> None:
    lines = (ROOT / "cac_msgs" / "msg" / "OpenSetClassification.msg").read_text(encoding="utf-8").splitlines()
    fields = [line.partition("#")[0].strip() for line in lines]
    assert DEFINITION.splitlines() == [line for line in fields if line]


@pytest.mark.parametrize("kind", ["mcap", "ros1"])
def test_answers_are_read_with_the_definitions_in_the_file(tmp_path: Path, model: Path, kind: str) -> None:
    bag = write_ros1(tmp_path / "b.bag", LABELS) if kind == "ros1" else write_rosbag2(tmp_path / "b", LABELS)
    evaluation = replay(ReplayConfig(bag, model, tmp_path / "out", engine="torch", answers=tmp_path / "a.mcap"))
    found = read(tmp_path / "a.mcap")
    answers, images = found[ANSWER_TOPIC], found[IMAGE_TOPIC]
    assert [time for time, _ in answers] == [time for time, _ in images] == [time_of(i) for i in range(6)]
    for row, (_, answer), (_, image) in zip(evaluation.rows, answers, images, strict=True):
        assert answer.header.stamp.sec * 10**9 + answer.header.stamp.nanosec == row.stamp_ns
        assert (answer.header.frame_id, image.header.frame_id) == ("camera", "camera")
        assert (answer.unknown, answer.class_index) == (row.unknown, row.class_index)
        assert np.float32(answer.rejection_score) == np.float32(row.rejection_score)
        assert len(answer.rejection_scores) == 3
        assert answer.model_id == evaluation.model["id"]
        picture = cv2.imdecode(np.asarray(image.data), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape[1] >= 320
    assert [answer.label for _, answer in answers] == ["red"] * 3 + [""] * 3
    assert answers[0][1].__msgtype__ == ANSWER_TYPE
    assert not list(tmp_path.glob(".*.part"))


def test_a_replay_that_fails_leaves_no_answers(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bag = write_rosbag2(tmp_path / "b", LABELS)
    monkeypatch.setattr("cac_ros.replay.answers_bag.annotate", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        replay(ReplayConfig(bag, model, tmp_path / "out", engine="torch", answers=tmp_path / "a.mcap"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"]


@pytest.mark.parametrize(
    ("changes", "part"), [({"mode": "live"}, "offline replays"), ({"answers": Path("a.bag")}, "ends with .mcap")]
)
def test_options_about_answers_that_make_no_sense_are_refused(
    tmp_path: Path, model: Path, changes: dict[str, Any], part: str
) -> None:
    options = {"answers": tmp_path / "a.mcap", **changes}
    with pytest.raises(ReplayError, match=part):
        replay(ReplayConfig(tmp_path / "bag", model, tmp_path / "out", **options))


def test_a_fleet_writes_answers_to_each_recording(tmp_path: Path, model: Path) -> None:
    folder = write_fleet(tmp_path, 2)
    evaluate_fleet(config(folder, model), InlineCrew)
    with_answers = config(folder, model, answers=tmp_path / "answers")
    assert evaluate_fleet(with_answers, InlineCrew)[0].computed == 2
    assert evaluate_fleet(with_answers, InlineCrew)[0].computed == 0
    files = sorted((tmp_path / "answers").iterdir())
    assert [path.name for path in files] == ["drive_0.colours.answers.mcap", "drive_1.colours.answers.mcap"]
    assert len(read(files[0])[ANSWER_TOPIC]) == 8
