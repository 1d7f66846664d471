# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cameras that die, come back changed, flood, or send pictures of extreme sizes: the node goes on by itself."""

import array
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import Image

from test.ros.driver import BLUE, GREEN, GREY, RED, NodeProcess, Robot, connected, picture, running, values_of
from test.ros.faults import Ledger, process

pytestmark = pytest.mark.slow

RECOVERY = 5.0
"""Longest time from a camera's return to its first right answer [s]; discovery by DDS is part of it."""


@pytest.fixture(scope="module")
def node(model: Path, module_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    options = {"diagnostics_period": 0.2, "input_timeout": 1.0}
    with running(tmp_path_factory.mktemp("node"), module_domain, model, **options) as process:
        yield process
        assert process.status is None, "the node ended"
        assert "Traceback" not in process.output


@pytest.fixture
def robot(node: NodeProcess, module_domain: int) -> Iterator[Robot]:
    with connected(module_domain) as made:
        yield made


@pytest.mark.parametrize(
    ("message", "reliability"),
    [
        (picture(GREEN, 640, 480), ReliabilityPolicy.RELIABLE),
        (picture(GREEN, encoding="bgr8"), ReliabilityPolicy.RELIABLE),
        (picture(GREEN), ReliabilityPolicy.BEST_EFFORT),
        (picture(GREEN, 320, 240, "bgr8"), ReliabilityPolicy.BEST_EFFORT),
        (picture(GREEN), ReliabilityPolicy.RELIABLE),
    ],
    ids=["size", "encoding", "reliability", "all three", "unchanged"],
)
def test_a_camera_that_comes_back_changed_is_answered(
    robot: Robot, message: Image, reliability: ReliabilityPolicy, record_property: Callable[[str, object], None]
) -> None:
    ledger = Ledger(robot)
    assert ledger.answered(ledger.send(RED)) == "red"
    robot.node.destroy_publisher(robot.images)
    robot.wait_report(lambda r: "No node publishes /image" in r.message, "the node to miss the camera")
    robot.advertise(reliability)
    record_property("seconds to recover", ledger.seconds_to_recover(GREEN, limit=RECOVERY, message=message))
    ledger.check()


def test_frames_of_every_size_in_one_stream(robot: Robot) -> None:
    """1x1, one row, one column, sizes that change with each frame, and 8K (100 MB)."""
    ledger = Ledger(robot)
    for width, height in ((1, 1), (1, 4096), (4096, 1), (3, 2), (640, 480), (7680, 4320), (1, 1)):
        for colour, label in ((RED, "red"), (GREY, ""), (BLUE, "deep blue")):
            if width == 7680 and colour != RED:
                continue
            assert ledger.answered(ledger.send(colour, picture(colour, width, height)), 60.0) == label
    ledger.check()


def test_pictures_that_are_no_pictures_between_good_ones(robot: Robot) -> None:
    """Empty, truncated, oversized, of an unknown encoding, with sizes that would take all memory."""
    ledger = Ledger(robot)
    empty, cut, claims = Image(), picture(RED), picture(RED)
    cut.data = cut.data[: len(cut.data) // 2]
    claims.width = claims.height = 2**32 - 1
    strange, no_rows, long = picture(RED), picture(RED), picture(RED)
    strange.encoding = "x" * 10_000
    no_rows.height = 0
    long.data = array.array("B", bytes(40_000_000))
    for message in (empty, cut, claims, strange, no_rows, long):
        stamp = ledger.spoiled(message)
        assert ledger.answered(stamp) == ""
        assert ledger.answered(ledger.send(RED)) == "red"
    assert int(values_of(ledger.check())["failed"]) >= 5


def test_a_flood_of_200_frames_per_second_and_its_sudden_end(robot: Robot, module_domain: int) -> None:
    """The camera is another process, and it is killed in the middle."""
    ledger = Ledger(robot)
    before = len(robot.answers)
    start = int(values_of(robot.wait_report(lambda r: True, "any"))["received"])
    with process("test.ros.camera_process", ["image:200:320:240:255,0,0"], module_domain):
        robot.wait(lambda: len(robot.answers) >= before + 300, "300 answers", 60.0)
        assert robot.state() == "active", "services answer meanwhile"
    flood = robot.answers[before:]
    assert {answer.label for answer in flood} == {"red"}
    del robot.answers[before:]
    assert ledger.seconds_to_recover(BLUE) < RECOVERY
    robot.answers[:] = [answer for answer in robot.answers if answer.header.frame_id != "image"]
    assert int(values_of(ledger.check())["received"]) >= start + 300


def test_a_camera_is_pulled_out_and_put_back_twenty_times(
    robot: Robot, record_property: Callable[[str, object], None]
) -> None:
    ledger = Ledger(robot)
    times = []
    for _ in range(20):
        robot.node.destroy_publisher(robot.images)
        robot.advertise(ReliabilityPolicy.RELIABLE)
        times.append(ledger.seconds_to_recover(RED, limit=RECOVERY))
    record_property("seconds to recover", max(times))
    ledger.check()
