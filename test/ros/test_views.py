# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the layouts ask for arrives in another program: from the node, and from a live replay that is to be watched."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from cac_ros.middleware.fast_dds import shared_memory
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.run import replay
from cac_ros.replay.transport import ROOM_MB, WATCHED, prepare_environment
from test.ros.driver import GREEN, ROOT, connected, picture, running, wait_until
from test.ros.recordings import write_rosbag2

RVIZ_LAYOUT = ROOT / "config" / "cac_ros.rviz"
TOPIC = "/cac_classifier/debug_image"


@contextmanager
def viewer(folder: Path, domain: int, *names: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that shows the layout's image, as RViz would."""
    command = [sys.executable, "-m", "test.ros.viewer", "-d", str(RVIZ_LAYOUT), "--ros-args", *names]
    with (folder / "viewer.txt").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "ROS_DOMAIN_ID": str(domain)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def said(folder: Path) -> list[str]:
    return (folder / "viewer.txt").read_text().splitlines()


def test_the_layout_of_rviz_gets_the_nodes_image(model: Path, ros_domain: int, tmp_path: Path) -> None:
    with running(tmp_path, ros_domain, model), connected(ros_domain) as robot, viewer(tmp_path, ros_domain) as process:
        robot.wait(lambda: robot.node.count_subscribers(TOPIC), "the viewer", timeout=60.0)

        def shown() -> bool:
            robot.ask(picture(GREEN, 320, 240))
            return process.poll() is not None

        robot.wait(shown, "the annotated image", timeout=60.0)
    assert process.returncode == 0, said(tmp_path)
    assert said(tmp_path) == [TOPIC, "320x240 bgr8"]


def test_the_diagnostics_are_named_as_foxglove_looks_for_them(model: Path, ros_domain: int, tmp_path: Path) -> None:
    layout = yaml.safe_load((ROOT / "config" / "foxglove_layout.json").read_text(encoding="utf-8"))  # JSON is YAML
    wanted = layout["configById"]["DiagnosticStatusPanel!classifier"]
    with running(tmp_path, ros_domain, model), connected(ros_domain) as robot:
        report = robot.wait_report(lambda report: True, "any")
    assert (report.hardware_id, report.name) == (wanted["selectedHardwareId"], wanted["selectedName"])


@pytest.mark.slow
@pytest.mark.parametrize("discovery", ["LOCALHOST", "SUBNET"])
def test_a_live_replay_can_be_watched_from_another_program(
    model: Path, ros_domain: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, discovery: str
) -> None:
    """SUBNET is ROS's default; only there do transports matter: two programs with different ones see nothing."""
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", discovery)
    monkeypatch.delenv("FASTDDS_BUILTIN_TRANSPORTS")
    bag = write_rosbag2(tmp_path / "bag", ["red"] * 60)
    with viewer(tmp_path, ros_domain, "-r", f"{TOPIC}:={WATCHED}") as process:
        wait_until(lambda: bool(said(tmp_path)), "the viewer to subscribe")
        evaluation = replay(ReplayConfig(bag, model, tmp_path / "out", mode="live", watch=True))
        assert process.wait(60) == 0, said(tmp_path)
    assert said(tmp_path) == [WATCHED, "384x288 bgr8"]  # 128x96, enlarged
    assert evaluation.live is not None
    assert evaluation.live.sent == evaluation.live.received == 60
    assert any(f"{WATCHED}/compressed) in ROS domain {ros_domain}" in note for note in evaluation.notes)


def test_only_a_watched_replay_leaves_its_own_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    for watch, domain, transport in ((True, "0", None), (False, str(1 + os.getpid() % 100), shared_memory(ROOM_MB))):
        with monkeypatch.context() as patch:
            for name in ("ROS_DOMAIN_ID", "FASTDDS_BUILTIN_TRANSPORTS"):
                patch.setenv(name, "")  # so that it is restored
                patch.delenv(name)
            prepare_environment(watch)
            assert os.environ["ROS_DOMAIN_ID"] == domain
            assert os.environ.get("FASTDDS_BUILTIN_TRANSPORTS") == transport
