# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Strange clocks: stamps are copied and never interpreted, so none of them stops an answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cac_msgs.msg import OpenSetClassification
from diagnostic_msgs.msg import DiagnosticStatus
from rosgraph_msgs.msg import Clock

from test.ros.driver import GREY, RED, NodeProcess, Robot, connected, picture, running, sums_up, values_of

ZERO, FUTURE, BEFORE_1970 = (0, 0), (2**31 - 1, 999_999_999), (-5, 1)  # FUTURE is in 2038


@pytest.fixture(scope="module")
def node(model: Path, module_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A node on simulated time. Nobody publishes /clock unless a test does."""
    options: dict[str, Any] = {"use_sim_time": True, "diagnostics_period": 0.2, "decision_frames": 3}
    with running(tmp_path_factory.mktemp("node"), module_domain, model, **options) as process:
        yield process


@pytest.fixture
def robot(node: NodeProcess, module_domain: int) -> Iterator[Robot]:
    with connected(module_domain) as made:
        yield made


def show(robot: Robot, colour: tuple[int, ...], stamp: tuple[int, int]) -> OpenSetClassification:
    """Publish an image with this stamp and wait for one more answer."""
    message, before = picture(colour), len(robot.answers)
    message.header.stamp.sec, message.header.stamp.nanosec = stamp
    robot.images.publish(message)
    robot.wait(lambda: len(robot.answers) > before, f"the answer to the image of {stamp}")
    assert len(robot.answers) == before + 1
    assert robot.answers[-1].header == message.header, "the stamp is copied unchanged"
    return robot.answers[-1]


@pytest.mark.parametrize("stamp", [ZERO, FUTURE, BEFORE_1970], ids=["zero", "future", "before 1970"])
def test_every_stamp_gets_its_answer_again_and_again(robot: Robot, stamp: tuple[int, int]) -> None:
    for colour, label in ((RED, "red"), (GREY, ""), (RED, "red")):
        assert show(robot, colour, stamp).label == label


def test_a_bag_that_starts_again_is_answered_in_the_order_of_arrival(robot: Robot) -> None:
    decisions: list[OpenSetClassification] = []
    topic = "cac_classifier/decision"
    subscription = robot.node.create_subscription(OpenSetClassification, topic, decisions.append, 100)
    robot.wait(lambda: decisions or not robot.ask(picture(RED)), "the first decision")
    for _ in range(2):
        for second in (100, 101, 102):
            assert show(robot, RED, (second, 0)).label == "red"
    robot.wait(lambda: len(decisions) >= 7, "the decisions")
    assert not decisions[-1].unknown, "frames vote in the order in which they came, whatever their stamps"
    robot.node.destroy_subscription(subscription)


def test_reports_and_latencies_do_not_follow_the_simulated_clock(robot: Robot) -> None:
    show(robot, RED, ZERO)
    report = robot.wait_report(sums_up, "at rest, without a clock")
    assert report.level in (DiagnosticStatus.OK, DiagnosticStatus.WARN)
    assert 0 < float(values_of(report)["latency_ms_p50"]) < 5000
    clock = robot.node.create_publisher(Clock, "/clock", 10)
    robot.wait(clock.get_subscription_count, "the node to follow the clock")
    for second in (1000, 2000, 3):  # the last one jumps back, as a bag that is played again does
        message = Clock()
        message.clock.sec = second
        clock.publish(message)
        assert show(robot, RED, (second, 0)).label == "red"
        report = robot.wait_report(sums_up, f"a report at {second} s")
        assert float(values_of(report)["input_age_s"]) < 5
        assert 0 < float(values_of(report)["latency_ms_p95"]) < 5000
    assert int(values_of(report)["failed"]) == 0
