# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The annotated image over DDS: drawn only when somebody looks, not more often than allowed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from test.ros.driver import GREY, RED, NodeProcess, Robot, connected, picture, running, sums_up, values_of


@pytest.fixture
def node(model: Path, ros_domain: int, tmp_path: Path) -> Iterator[NodeProcess]:
    with running(tmp_path, ros_domain, model, diagnostics_period=0.2, debug_image_rate=100.0) as process:
        yield process


@pytest.fixture
def robot(node: NodeProcess, ros_domain: int) -> Iterator[Robot]:
    with connected(ros_domain) as made:
        yield made


def drawn(robot: Robot) -> int:
    return int(values_of(robot.wait_report(sums_up, "at rest"))["debug_images"])


def watch(robot: Robot, kind: type, topic: str) -> tuple[Any, list[Any]]:
    seen: list[Any] = []
    subscription = robot.node.create_subscription(kind, f"cac_classifier/{topic}", seen.append, 10)
    robot.wait(lambda: robot.node.count_publishers(f"cac_classifier/{topic}"), f"a publisher on {topic}")
    return subscription, seen


def ask_until_seen(robot: Robot, message: Image, seen: list[Any]) -> Any:
    """Frames are drawn from the moment on that the node has found the subscriber."""
    seen.clear()
    robot.wait(lambda: seen or not robot.ask(message), "an annotated image")
    return seen[-1]


def test_it_is_drawn_only_while_somebody_looks(robot: Robot) -> None:
    robot.ask(picture(RED))
    assert drawn(robot) == 0

    subscription, seen = watch(robot, Image, "debug_image")
    known = ask_until_seen(robot, picture(RED, 640, 480), seen)
    assert (known.width, known.height, known.encoding, known.step) == (640, 480, "bgr8", 1920)
    assert known.header.frame_id == "camera"
    answer = robot.answer_to((known.header.stamp.sec, known.header.stamp.nanosec))
    assert answer is not None, "it carries the header of an answered image"
    pixels = np.frombuffer(known.data, np.uint8).reshape(480, 640, 3)
    assert tuple(pixels[-1, -1]) == (0, 0, 255)
    unknown = ask_until_seen(robot, picture(GREY, 640, 480), seen)
    robot.wait(lambda: bytes(seen[-1].data)[-3:] == bytes(GREY), "the grey picture")
    assert unknown.data != known.data
    ask_until_seen(robot, Image(encoding="h264"), seen)

    robot.node.destroy_subscription(subscription)
    before = [-1]

    def quiet() -> bool:
        robot.ask(picture(RED))
        before.append(drawn(robot))
        return before[-1] == before[-2]

    robot.wait(quiet, "the drawing to stop")


def test_the_compressed_one_is_a_jpeg_of_the_same(robot: Robot) -> None:
    _, seen = watch(robot, CompressedImage, "debug_image/compressed")
    message = ask_until_seen(robot, picture(RED, 320, 240), seen)
    assert "jpeg" in message.format
    decoded = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (240, 320, 3)
    assert np.abs(decoded[-1, -1].astype(int) - (0, 0, 255)).max() < 10


def test_the_rate_is_limited_and_can_be_changed(robot: Robot) -> None:
    _, seen = watch(robot, Image, "debug_image")
    ask_until_seen(robot, picture(RED), seen)
    assert robot.set_parameters(debug_image_rate=0.0)[0].successful
    before = drawn(robot)
    for _ in range(20):
        robot.ask(picture(RED))
    assert drawn(robot) == before
    assert robot.set_parameters(debug_image_rate=0.01)[0].successful
    for _ in range(20):
        robot.ask(picture(RED))
    assert drawn(robot) <= before + 1, "at most one in a hundred seconds"
