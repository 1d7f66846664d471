# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameters by the state of the node, over DDS: what a lifecycle manager and `ros2 param` can do with them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rclpy.parameter import parameter_value_to_python

from test.ros.driver import GREEN, RED, Robot, picture, running, wait_until


@pytest.fixture
def robot(ros_domain: int) -> Iterator[Robot]:
    made = Robot(ros_domain)
    yield made
    made.close()


def dump(robot: Robot) -> dict[str, Any]:
    """What `ros2 param dump` writes."""
    names = robot.parameter_names()
    return {n: parameter_value_to_python(v) for n, v in zip(names, robot.parameter_values(names), strict=True)}


def refusals(results: list[Any]) -> list[str]:
    return [result.reason for result in results if not result.successful]


def test_what_configure_reads_can_be_set_before(model: Path, ros_domain: int, tmp_path: Path, robot: Robot) -> None:
    with running(tmp_path, ros_domain, autostart=False) as node:
        node.says("autostart is false: this node waits until a lifecycle manager configures and activates it.")
        assert refusals(robot.set_parameters(autostart=True)) == [
            "autostart cannot be changed while the node runs: it only matters when the node starts."
        ]
        assert refusals(robot.set_parameters(decision_votes=7, image_topics=["a b"])) == [
            "decision_votes must be 0, or more than half of decision_frames (0) and at most all of them, not 7.",
            "image_topics: 'a b' is not the name of a topic; write names such as /front/image_raw, made of letters, "
            "digits, _ and /.",
        ]
        values: dict[str, Any] = {"model_path": str(model), "device": "cpu", "threads": 1, "image_topics": ["image"]}
        assert refusals(robot.set_parameters(**values, decision_frames=3)) == []
        assert robot.transition("configure")
        assert refusals(robot.set_parameters(device="auto")) == [
            "device cannot be changed while the node is inactive: it is read when the node is configured; clean the "
            "node up first, or restart it with the new value."
        ]
        assert robot.transition("cleanup")
        assert refusals(robot.set_parameters(image_topics=[""])) == []
        assert robot.transition("configure")
        assert robot.transition("activate")
        robot.wait_connected()
        assert robot.ask(picture(RED)).label == "red"


def test_a_node_takes_back_its_own_dump(model: Path, ros_domain: int, tmp_path: Path, robot: Robot) -> None:
    with running(tmp_path, ros_domain, model, decision_frames=5, decision_votes=3, known_kept=0.9):
        robot.wait_connected()
        assert refusals(robot.set_parameters(threshold=50.0)) == []
        values = dump(robot)
        assert {"use_sim_time", "autostart", "image_topics"} <= values.keys()
        assert refusals(robot.set_parameters(**values)) == []
        assert refusals([robot.set_parameters_atomically(**values)]) == []
        assert dump(robot) == values
        assert len(refusals([robot.set_parameters_atomically(**{**values, "autostart": False})])) == 1
        assert robot.ask(picture(GREEN)).threshold == 50.0


def test_a_value_that_no_parameter_takes_is_told(model: Path, ros_domain: int, tmp_path: Path, robot: Robot) -> None:
    given = {"knwon_kept": 0.9, "decision_frame": 5, "use_sim_time": False}
    with running(tmp_path, ros_domain, model, **given) as node:
        robot.wait_connected()
        node.says("knwon_kept is not a parameter of this node and has no effect; did you mean known_kept?")
        node.says("decision_frame is not a parameter of this node and has no effect; did you mean decision_frames?")
        assert node.output.count("is not a parameter") == 2


def test_a_computer_without_a_gpu_is_no_warning(model: Path, ros_domain: int, tmp_path: Path, robot: Robot) -> None:
    with running(tmp_path, ros_domain, model, environment={"CUDA_VISIBLE_DEVICES": ""}) as node:
        robot.wait_connected()
        line = next(line for line in node.output.splitlines() if "no CUDA device found: running on the CPU" in line)
        assert "[INFO]" in line


@pytest.mark.parametrize("autostart", [True, False])
def test_after_shutdown_only_a_managed_node_stays(
    model: Path, ros_domain: int, tmp_path: Path, robot: Robot, autostart: bool
) -> None:
    with running(tmp_path, ros_domain, model, autostart=autostart) as node:
        if autostart:
            robot.wait_connected()
            assert robot.transition("active_shutdown")
            assert node.wait() == 0
            assert "The node was shut down, and its process ends." in node.output
        else:
            assert robot.transition("unconfigured_shutdown")
            assert robot.state() == "finalized"
            assert node.interrupt() == 0
        assert "Traceback" not in node.output


def test_thresholds_that_change_are_logged(model: Path, ros_domain: int, tmp_path: Path, robot: Robot) -> None:
    with running(tmp_path, ros_domain, model) as node:
        robot.wait_connected()
        robot.set_parameters(publish_rejection_scores=False, threshold=50.0)
        node.says("From now on the threshold is 50.")
        robot.set_parameters(threshold=50.0)
        robot.set_parameters(threshold=60.0)
        node.says("From now on the threshold is 60.")
        wait_until(lambda: node.output.count("From now on") == 2, "two changes")
