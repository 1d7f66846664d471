# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An engine that raises or hangs: the node says so, answers unknown, and goes on or ends cleanly."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cac_msgs.msg import OpenSetClassification
from diagnostic_msgs.msg import DiagnosticStatus

from test.ros.driver import RED, NodeProcess, Robot, connected, picture, running, sums_up, values_of, wait_until

pytestmark = pytest.mark.slow

BREAKS, HANGS = (255, 0, 255), (255, 255, 0)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Making this file lets a hanging engine go on."""
    return tmp_path / "release"


@pytest.fixture
def node(model: Path, ros_domain: int, tmp_path: Path, release: Path) -> Iterator[NodeProcess]:
    command, environment = ("-m", "test.ros.faulty_node"), {"RELEASE_FILE": str(release)}
    with running(
        tmp_path, ros_domain, model, command=command, environment=environment, diagnostics_period=0.2
    ) as process:
        yield process


@pytest.fixture
def robot(node: NodeProcess, ros_domain: int) -> Iterator[Robot]:
    with connected(ros_domain) as made:
        yield made


def test_a_failing_and_a_hanging_engine(robot: Robot, node: NodeProcess, release: Path) -> None:
    # It raises: every such frame is answered, and it is logged once.
    for _ in range(5):
        answer = robot.ask(picture(BREAKS))
        assert answer.unknown
        assert answer.reason == OpenSetClassification.ENGINE_ERROR
        assert (answer.label, answer.nearest_label, answer.class_index) == ("", "", -1)
        assert robot.ask(picture(RED)).label == "red"
    report = robot.wait_report(lambda r: sums_up(r) and values_of(r)["received"] == "10", "ten frames")
    assert values_of(report)["failed"] == "5"
    assert node.output.count("the engine is broken") == 1

    # It hangs: /diagnostics goes on and says so; the newest waiting frame is answered afterwards.
    hanging = robot.send(picture(HANGS))
    report = robot.wait_report(lambda r: r.level == DiagnosticStatus.ERROR, "an error")
    assert report.message.startswith("The engine has been working on one frame for ")
    replaced, newest = robot.send(picture(RED)), robot.send(picture(RED))
    robot.wait_report(lambda r: values_of(r)["replaced"] == "1", "the older waiting frame to be replaced")
    release.touch()
    assert robot.wait(lambda: robot.answer_to(newest), "the newest frame's answer").label == "red"
    assert robot.answer_to(hanging)
    assert not robot.answer_to(replaced)
    assert robot.wait_report(lambda r: r.level != DiagnosticStatus.ERROR and sums_up(r), "all well again")
    assert node.output.count("has been working on one frame") == 1


def test_a_decoder_that_hangs_is_not_the_engine_nor_the_network(robot: Robot, node: NodeProcess, release: Path) -> None:
    release.unlink(missing_ok=True)
    hanging = robot.send(picture(RED, width=13))
    report = robot.wait_report(lambda r: r.level == DiagnosticStatus.ERROR, "an error")
    assert report.message.startswith("The decoder has been working on one frame for ")
    for _ in range(30):
        robot.send(picture(RED))
    time.sleep(1.0)
    release.touch()
    assert robot.wait(lambda: robot.answer_to(hanging), "the frame's answer").label == "red"
    after = node.output.partition("The decoder has been")[2]
    for blamed in ("The engine has been", "lost on the way", "is connected to"):
        assert blamed not in after


def test_what_an_engine_notes_while_it_runs_is_logged_once(robot: Robot, node: NodeProcess) -> None:
    robot.ask(picture((255, 128, 0)))
    wait_until(lambda: "orange is slow" in node.output, "the note")
    robot.ask(picture(RED))
    for _ in range(3):
        robot.wait_report(lambda r: True, "any")
    assert node.output.count("orange is slow") == 1


def test_lifecycle_and_end_work_while_the_engine_hangs(robot: Robot, node: NodeProcess) -> None:
    robot.send(picture(HANGS))
    robot.wait_report(lambda r: values_of(r)["waiting"] == "1", "the engine to hang")
    assert robot.transition("deactivate")
    assert robot.state() == "inactive"
    assert "The engine is still working on a frame" in node.output
    assert node.interrupt() == 0
    assert "Traceback" not in node.output


def test_bugs_in_transitions_and_callbacks_are_logged_and_survived(
    model: Path, ros_domain: int, tmp_path: Path, release: Path
) -> None:
    bug = tmp_path / "bug"
    bug.touch()
    environment, options = {"RELEASE_FILE": str(release), "BUG_FILE": str(bug)}, {"diagnostics_period": 0.2}
    command = ("-m", "test.ros.faulty_node")
    robot = Robot(ros_domain)
    try:
        with running(
            tmp_path, ros_domain, model, command=command, environment=environment, autostart=False, **options
        ) as node:
            wait_until(lambda: "A callback failed" in node.output, "the report to fail")
            assert not robot.transition("configure")
            assert robot.state() == "unconfigured"
            assert "configure failed: ZeroDivisionError: a bug" in node.output
            assert "Traceback" in node.output
            bug.unlink()
            assert robot.transition("configure")
            assert robot.transition("activate")
            robot.wait_connected()
            assert robot.ask(picture(RED)).label == "red"
            assert robot.wait_report(lambda r: r.level == DiagnosticStatus.OK, "reports again")
            assert node.interrupt() == 0
    finally:
        robot.close()


def test_a_request_to_end_while_the_model_loads(model: Path, ros_domain: int, tmp_path: Path, release: Path) -> None:
    loading = tmp_path / "loading"
    environment = {"RELEASE_FILE": str(release), "HANG_LOADING": str(loading)}
    with running(tmp_path, ros_domain, model, command=("-m", "test.ros.faulty_node"), environment=environment) as node:
        wait_until(loading.exists, "the node to load its model")
        node.send(signal.SIGTERM)
        release.touch()
        assert node.wait() == 0
        assert "Traceback" not in node.output
