# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is off until a parameter switches it on: the steady decision and the quality gate, over DDS."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cac_msgs.msg import OpenSetClassification
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import Image

from test.ros.driver import BLACK, GREEN, GREY, RED, NodeProcess, Robot, connected, picture, running, sums_up, values_of

WHITE = (255, 255, 255)
GATE = {"dark_limit": 0.05, "bright_limit": 0.98, "frozen_after": 0.2}
OFF = {"dark_limit": 0.0, "bright_limit": 1.0, "frozen_after": 0.0}


@pytest.fixture(scope="module")
def node(model: Path, module_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    folder = tmp_path_factory.mktemp("node")
    options = {"decision_frames": 5, "decision_votes": 3, "depth_range": [500.0, 4000.0]}
    with running(folder, module_domain, model, diagnostics_period=0.2, **options) as process:
        yield process


@pytest.fixture(scope="module")
def shared_robot(node: NodeProcess, module_domain: int) -> Iterator[Robot]:
    with connected(module_domain) as made:
        yield made


@pytest.fixture
def robot(shared_robot: Robot) -> Iterator[Robot]:
    yield shared_robot
    assert all(result.successful for result in shared_robot.set_parameters(**OFF))


def test_the_decision_is_steady_and_comes_with_every_answer(robot: Robot) -> None:
    decisions: list[OpenSetClassification] = []
    topic = "cac_classifier/decision"
    subscription = robot.node.create_subscription(OpenSetClassification, topic, decisions.append, 100)
    robot.wait(lambda: decisions or not robot.ask(picture(GREY)), "the first decision")

    def decide(message: Image) -> OpenSetClassification:
        stamp = robot.ask(message).header.stamp
        return robot.wait(lambda: next((d for d in decisions if d.header.stamp == stamp), None), "its decision")

    for _ in range(5):
        assert decide(picture(GREY)).unknown
    first = decide(picture(RED))
    assert (first.unknown, first.label, first.nearest_label) == (True, "", "red")
    assert first.reason == OpenSetClassification.UNDECIDED
    decide(picture(RED))
    assert decide(picture(RED)).label == "red"
    assert decide(picture(GREY)).label == "red", "one frame does not change it"
    assert decide(Image()).label == "red"
    assert decide(picture(GREEN)).unknown, "three of five frames are against red, and one is for green"
    report = values_of(robot.wait_report(sums_up, "at rest"))
    assert report["decision"] == "unknown"
    robot.node.destroy_subscription(subscription)


@pytest.mark.parametrize(("colour", "reason"), [(BLACK, "TOO_DARK"), (WHITE, "TOO_BRIGHT")])
def test_a_black_or_saturated_picture_is_unknown_with_its_own_reason(
    robot: Robot, colour: tuple[int, ...], reason: str
) -> None:
    assert robot.ask(picture(colour)).reason == OpenSetClassification.ABOVE_THRESHOLD, "off until switched on"
    before = values_of(robot.wait_report(sums_up, "at rest"))
    assert all(result.successful for result in robot.set_parameters(**{**GATE, "frozen_after": 0.0}))
    answer = robot.ask(picture(colour))
    assert (answer.unknown, answer.label, answer.nearest_label) == (True, "", "")
    assert answer.reason == getattr(OpenSetClassification, reason)
    assert robot.ask(picture(RED)).label == "red"
    report = robot.wait_report(lambda r: "The picture is" in r.message or not robot.ask(picture(colour)), "the reason")
    assert report.level == DiagnosticStatus.WARN
    after = values_of(robot.wait_report(sums_up, "at rest"))
    assert int(after["failed"]) > int(before["failed"])


def test_a_frozen_camera_is_unknown_until_the_picture_changes(robot: Robot) -> None:
    assert all(result.successful for result in robot.set_parameters(**GATE))

    def frozen() -> bool:
        answer = robot.ask(picture(RED))
        assert answer.reason in (OpenSetClassification.OK, OpenSetClassification.FROZEN)
        assert answer.unknown == (answer.reason == OpenSetClassification.FROZEN)
        return bool(answer.unknown)

    robot.wait(frozen, "the camera to count as frozen")
    rng = np.random.default_rng(0)
    for _ in range(5):
        living = picture(RED)
        living.data[int(rng.integers(len(living.data)))] ^= 1
        assert robot.ask(living).label == "red"
    robot.wait_report(lambda r: sums_up(r), "all accounted for")


def test_too_many_unknown_frames_are_a_warning_that_can_be_silenced(robot: Robot) -> None:
    assert robot.set_parameters(unknown_share_tolerance=0.3)[0].successful
    drift = "unknown_share_tolerance"
    report = robot.wait_report(lambda r: drift in r.message or not robot.ask(picture(GREY)), "a warning")
    assert report.level == DiagnosticStatus.WARN
    assert "on the validation images it was 50%" in report.message
    assert robot.set_parameters(unknown_share_tolerance=1.0)[0].successful
    robot.wait_report(lambda r: r.level == DiagnosticStatus.OK, "silence")
    assert robot.set_parameters(unknown_share_tolerance=0.3, threshold=3.0)[0].successful
    report = robot.wait_report(lambda r: sums_up(r), "a report")
    assert report.level == DiagnosticStatus.OK, "new thresholds start a new window"
    assert robot.set_parameters(threshold=-1.0, unknown_share_tolerance=0.5)[0].successful


def test_distances_are_answered_by_their_limits(robot: Robot) -> None:
    near, far = (np.full((48, 64), value, "<u2") for value in (400, 4000))
    for pixels in (near, far):
        message = Image(encoding="16UC1", width=64, height=48, step=128, data=pixels.tobytes())
        message.header.stamp.sec = int(pixels[0, 0])
        assert robot.ask(message).reason == OpenSetClassification.ABOVE_THRESHOLD, "black and white are no class"
    result = robot.set_parameters(depth_range=[0.5, 4.0])[0]
    assert not result.successful
    assert result.reason.startswith("depth_range cannot be changed while the node is active: ")


def test_votes_that_do_not_fit_the_frames_end_the_start(model: Path, ros_domain: int, tmp_path: Path) -> None:
    with running(tmp_path, ros_domain, model, decision_frames=5, decision_votes=2) as node:
        assert node.wait() == 1
        sentence = "decision_votes must be 0, or more than half of decision_frames (5) and at most all of them, not 2."
        assert sentence in node.output
        assert "Traceback" not in node.output
