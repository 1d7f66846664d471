# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Live replay: the real node, real DDS, and counts that add up."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from cac_ros.bags.reader import Bag
from cac_ros.bags.writer import BagWriter
from cac_ros.replay import dds_driver, live
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.live_figures import LiveFigures
from cac_ros.replay.node_process import NodeProcess, NodeProcessError
from cac_ros.replay.pacing import write_stamp
from cac_ros.replay.report.replay_page import replay_page
from cac_ros.replay.results import Evaluation
from cac_ros.replay.run import ReplayError, replay
from cac_ros.replay.summary import summary
from test.ros.colour_bundle import NAMES
from test.ros.recordings import TOPIC, cut, picture, storage_file, time_of, write_labels, write_ros1, write_rosbag2

T = TypeVar("T")

pytestmark = pytest.mark.slow

LABELS = ["red"] * 10 + ["grey"] * 10 + ["green"] * 10 + ["deep blue"] * 10
TIMEOUT = 60.0


def nodes_of(process_id: int) -> list[int]:
    """Processes below this one that run the node."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == process_id and b"cac_ros.classifier_node" in command:
                found.append(int(folder.name))
    return found


def alive(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def figures_of(evaluation: Evaluation) -> LiveFigures:
    assert evaluation.live is not None
    return evaluation.live


def wait_until(condition: Callable[[], T], what: str) -> T:
    end = time.monotonic() + TIMEOUT
    while not (result := condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)
    return result


def test_live_and_offline_agree_and_every_frame_is_accounted_for(tmp_path: Path, model: Path, ros_domain: int) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS)
    labels = write_labels(tmp_path / "labels.csv", LABELS)
    live = replay(ReplayConfig(bag, model, tmp_path / "live", labels=labels, mode="live"))
    offline = replay(ReplayConfig(bag, model, tmp_path / "offline", labels=labels))
    figures = figures_of(live)
    assert figures.sent == figures.received == 40
    assert figures.classified + figures.replaced == 40
    assert figures.failed == figures.lost == 0
    assert figures.broken_sums() == []
    assert 0 < figures.latency_p50 <= figures.latency_p95 <= figures.latency_p99
    answered = [row for row in live.rows if row.answered]
    assert len(answered) == figures.answers == figures.classified
    for row in answered:
        other = offline.rows[row.index]
        assert (row.unknown, row.class_index, row.nearest_index, row.reason, row.truth, row.time_ns, row.stamp_ns) == (
            other.unknown, other.class_index, other.nearest_index, other.reason, other.truth, other.time_ns,
            other.stamp_ns,
        )  # fmt: skip
        assert row.rejection_score == pytest.approx(other.rejection_score, rel=1e-3, abs=1e-4)
    metrics = json.loads((tmp_path / "live" / "metrics.json").read_text())
    assert metrics["live"]["sent"] == 40
    assert metrics["metrics"]["auroc"] == 1.0
    with (tmp_path / "live" / "frames.csv").open() as file:
        assert all(float(line["latency_ms"]) > 0 for line in csv.DictReader(file) if line["unknown"])


def test_the_pace_is_that_of_the_bag_times_the_rate(tmp_path: Path, model: Path, ros_domain: int) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS)  # 3.9 s
    evaluation = replay(ReplayConfig(bag, model, tmp_path / "out", mode="live", rate=4.0))
    assert figures_of(evaluation).rate == 4.0
    assert figures_of(evaluation).sent == 40


def test_ros1_compressed_and_cut_bags_play_too(tmp_path: Path, model: Path, ros_domain: int) -> None:
    import cv2

    old = write_ros1(tmp_path / "old.bag", LABELS[:12])
    assert figures_of(replay(ReplayConfig(old, model, tmp_path / "a", mode="live", rate=5.0))).received == 12
    with BagWriter(tmp_path / "jpeg") as writer:
        for index in range(8):
            encoded = cv2.imencode(".png", picture("red", index))[1].tobytes()
            writer.write_jpeg("/camera/image/compressed", time_of(index), encoded, "png")
        writer.write_jpeg("/camera/image/compressed", time_of(8), b"not a picture")
    evaluation = replay(ReplayConfig(tmp_path / "jpeg", model, tmp_path / "b", mode="live", rate=5.0))
    figures = figures_of(evaluation)
    assert (figures.received, figures.failed) == (9, 1)
    assert evaluation.rows[8].reason == "BAD_FRAME"
    assert evaluation.rows[8].unknown
    bag = write_rosbag2(tmp_path / "bag", LABELS)
    cut(storage_file(bag), 0.4)
    cut_short = replay(ReplayConfig(bag, model, tmp_path / "c", mode="live", rate=5.0))
    assert cut_short.truncated
    assert 14 <= figures_of(cut_short).sent <= 16


def test_a_message_that_is_no_image_is_not_sent_and_told(tmp_path: Path, model: Path, ros_domain: int) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        for index in range(4):
            writer.write_image(TOPIC, time_of(index), picture("red", index))
        writer._writer.write(writer._connections[TOPIC], time_of(4), b"\x00\x01\x00\x00\xff")
    evaluation = replay(ReplayConfig(tmp_path / "bag", model, tmp_path / "out", mode="live"))
    assert figures_of(evaluation).sent == 4
    assert [row.reason for row in evaluation.rows] == ["OK"] * 4 + ["BAD_FRAME"]
    assert any("could not be sent" in note for note in evaluation.notes)


def test_options_reach_the_node(tmp_path: Path, model: Path, ros_domain: int) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS)
    strict = replay(ReplayConfig(bag, model, tmp_path / "a", mode="live", rate=4.0, threshold=1e-9))
    assert {row.unknown for row in strict.rows if row.answered} == {True}
    assert {row.threshold for row in strict.rows if row.answered} == {float(np.float32(1e-9))}
    share = replay(ReplayConfig(bag, model, tmp_path / "b", mode="live", rate=4.0, known_kept=0.25))
    (theta,) = {row.threshold for row in share.rows if row.answered}
    assert theta == pytest.approx(0.5, abs=0.01)


def test_every_reason_of_the_node_is_counted_by_its_name(tmp_path: Path, model: Path, ros_domain: int) -> None:
    dark, bright = (np.random.default_rng(0).integers(low, low + 6, (5, 96, 128, 3), np.uint8) for low in (0, 250))
    frames = [picture("red", index) for index in range(5)] + [*dark, *bright] + [picture("green")] * 8
    with BagWriter(tmp_path / "bag") as writer:
        for index, frame in enumerate(frames):
            writer.write_image(TOPIC, time_of(index), frame)
    gates = {"dark_limit": 0.05, "bright_limit": 0.95, "frozen_after": 0.35}
    with Bag(tmp_path / "bag") as bag:
        result = live.replay(bag, bag.image_topic(None), NAMES, {"model_path": str(model), **gates})
        assert result.figures.failed >= 14
        assert result.figures.broken_sums() == []
        found = Counter(row.reason for row in result.rows)
        assert found["TOO_DARK"] + found["NO_ANSWER"] >= 5
        assert set(found) >= {"OK", "TOO_DARK", "TOO_BRIGHT", "FROZEN"}
        evaluation = Evaluation(
            "bag", TOPIC, bag.start_ns, "live", result.rows, NAMES, (1.0,) * 3, 0.5, False, False,
            {"id": "colours", "engine": "", "device": "", "precision": ""}, False, live=result.figures,
        )  # fmt: skip
        assert evaluation.to_dict()["reasons"] == {name: found[name] for name in evaluation.reasons()} == dict(found)
        lines = dict(summary(evaluation))
        report = replay_page(evaluation, bag)
    for reason in ("TOO_DARK", "TOO_BRIGHT", "FROZEN"):
        assert lines[f"not judged: {reason}"] == str(found[reason])
        assert f"{reason}: {found[reason]}" in report


def test_a_node_that_cannot_start_is_reported_with_its_reason(tmp_path: Path, model: Path, ros_domain: int) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS[:3])
    with pytest.raises(NodeProcessError, match=r"The node ended with status 1: .*CUDA") as caught:
        replay(ReplayConfig(bag, model, tmp_path / "out", mode="live", device="cuda:7"))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
    assert nodes_of(os.getpid()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_node_ends_with_the_replay_however_that_ends(
    tmp_path: Path, model: Path, ros_domain: int, number: signal.Signals
) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS * 20)  # longer than any test waits
    command = ["-m", "cac_ros.replay", str(bag), "--model", str(model), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        [sys.executable, *command, "--mode", "live"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        (node,) = wait_until(lambda: nodes_of(process.pid), "the node")
        process.send_signal(number)
        status = process.wait(TIMEOUT)
        wait_until(lambda: not alive(node), "the node to end")
    finally:
        process.kill()
    assert status == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("chosen_by_the_user", [False, True])
def test_a_node_that_is_not_discovered_gets_another_domain(
    tmp_path: Path, model: Path, ros_domain: int, monkeypatch: pytest.MonkeyPatch, chosen_by_the_user: bool
) -> None:
    """The first node runs for real, in a domain where the replay does not look."""
    bag = write_rosbag2(tmp_path / "bag", ["red"] * 5)
    domains = []

    class Elsewhere(NodeProcess):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            domains.append(os.environ["ROS_DOMAIN_ID"])
            with pytest.MonkeyPatch.context() as patch:
                if len(domains) == 1:
                    patch.setenv("ROS_DOMAIN_ID", "101")
                super().__init__(*arguments, **options)

    monkeypatch.setattr(live, "NodeProcess", Elsewhere)
    monkeypatch.setattr(dds_driver, "DISCOVERY_TIMEOUT", 4.0)
    settings = ReplayConfig(bag, model, tmp_path / "out", mode="live")
    if chosen_by_the_user:
        with pytest.raises(dds_driver.NotDiscoveredError, match=f"ROS domain {ros_domain}"):
            replay(settings)
        assert len(domains) == 1
    else:
        monkeypatch.delenv("ROS_DOMAIN_ID")
        assert figures_of(replay(settings)).sent == 5
        assert len(set(domains)) == 2


def test_sums_that_do_not_hold_are_an_error(
    tmp_path: Path, model: Path, ros_domain: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag = write_rosbag2(tmp_path / "bag", LABELS[:4])
    monkeypatch.setattr(LiveFigures, "broken_sums", lambda self: ["received = 4, but 1 + 1 = 2."])
    with pytest.raises(ReplayError, match="do not add up: received = 4"):
        replay(ReplayConfig(bag, model, tmp_path / "out", mode="live"))
    assert (tmp_path / "out" / "report.html").exists()  # to look into


def test_sums_are_checked() -> None:
    fine = LiveFigures(1.0, 10, 9, 6, 2, 1, 7, 1.0, 2.0, 3.0, 0.0)
    assert fine.broken_sums() == []
    assert fine.lost == 1
    assert "only 10 were sent" in LiveFigures(1.0, 10, 11, 11, 0, 0, 11, 1, 2, 3, 0).broken_sums()[0]
    assert "received = 9, but" in LiveFigures(1.0, 10, 9, 6, 2, 0, 6, 1, 2, 3, 0).broken_sums()[0]
    assert "answered 7 frames, but 6 answers" in LiveFigures(1.0, 10, 9, 6, 2, 1, 6, 1, 2, 3, 0).broken_sums()[0]


def test_the_stamp_of_a_serialised_image_is_changed_and_nothing_else(tmp_path: Path) -> None:
    write_rosbag2(tmp_path / "bag", ["red"])
    with Bag(tmp_path / "bag") as bag:
        (message,) = bag.messages(TOPIC)
    data = bytearray(message.cdr())
    write_stamp(data, 5_000_000_007)
    changed = message.__class__(message.topic, message.time_ns, message.msgtype, "cdr", bytes(data)).decode()
    assert (changed.header.stamp.sec, changed.header.stamp.nanosec) == (5, 7)
    assert changed.header.frame_id == "camera"
    assert (changed.data == message.decode().data).all()


def test_the_node_process_says_why_it_ended(tmp_path: Path, ros_domain: int) -> None:
    reason = r"The node ended with status 1: .*absent\.cac does not exist"
    with (
        NodeProcess(tmp_path, namespace="/x", parameters={"model_path": "absent.cac"}) as node,
        pytest.raises(NodeProcessError, match=reason),
    ):
        wait_until(node.check, "the node to end")
