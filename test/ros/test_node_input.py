# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The complaint "no images arrive" explains itself; each cause happens for real here."""

import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from cac_msgs.msg import OpenSetClassification
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from test.ros.driver import RED, NodeProcess, Robot, picture, running, values_of

FAST = {"diagnostics_period": 0.2, "input_timeout": 0.5}
RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT


@pytest.fixture(scope="module")
def node(model: Path, module_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    with running(tmp_path_factory.mktemp("node"), module_domain, model, **FAST) as process:
        yield process


@pytest.fixture
def robot(node: NodeProcess, module_domain: int) -> Iterator[Robot]:
    """A robot without a camera yet."""
    made = Robot(module_domain, reliability=None)
    made.wait(lambda: made.class_lists, "the class list")
    yield made
    made.close()


def jpeg(colour: tuple[int, int, int]) -> CompressedImage:
    pixels = np.full((48, 64, 3), colour[::-1], np.uint8)
    message = CompressedImage(format="rgb8; jpeg compressed bgr8")
    message.data = array.array("B", cv2.imencode(".jpg", pixels)[1].tobytes())
    return message


def why_silent(robot: Robot, words: str) -> str:
    report = robot.wait_report(lambda r: r.level == DiagnosticStatus.WARN and words in r.message, words)
    return str(report.message)


def test_without_a_publisher_it_says_which_image_topics_there_are(robot: Robot, node: NodeProcess) -> None:
    assert "no other image topic is visible" in why_silent(robot, "No node publishes /image")
    robot.advertise(RELIABLE, topic="/camera/image_raw")
    message = why_silent(robot, "image topics here")
    assert message == (
        "No node publishes /image; image topics here: /camera/image_raw. "
        "Start the node with -r image:=/camera/image_raw (with the launch file: image:=/camera/image_raw)."
    )
    robot.node.destroy_publisher(robot.images)
    robot.advertise(RELIABLE, CompressedImage, "/camera/image_raw/compressed")
    message = why_silent(robot, "(compressed)")
    assert "Start the node with -p image_transport:=compressed -r image:=/camera/image_raw (" in message
    assert "No node publishes /image" in node.output, "the log says it, too"


def test_a_publisher_of_another_type_is_named(robot: Robot) -> None:
    robot.advertise(RELIABLE, CompressedImage, "image")
    assert why_silent(robot, "as sensor_msgs") == (
        "/robot publishes /image as sensor_msgs/msg/CompressedImage, but this node reads sensor_msgs/msg/Image: "
        "start the node with -p image_transport:=compressed -r /image/compressed:=/image."
    )


def test_a_silent_publisher_gets_the_transport_hint(robot: Robot) -> None:
    robot.advertise(RELIABLE)
    message = why_silent(robot, "is connected")
    assert message.startswith("/robot is connected to /image, but no image has arrived for ")
    assert "unset ROS_AUTOMATIC_DISCOVERY_RANGE (LOCALHOST makes Fast DDS ignore" in message
    assert robot.ask(picture(RED)).label == "red"
    robot.wait_report(lambda r: r.level == DiagnosticStatus.OK, "all well once images arrive")


@pytest.mark.parametrize("order", [(RELIABLE, BEST_EFFORT), (BEST_EFFORT, RELIABLE)])
def test_the_reliability_follows_the_publisher(robot: Robot, order: tuple[ReliabilityPolicy, ...]) -> None:
    for reliability in order:
        robot.advertise(reliability)
        robot.wait(robot.images.get_subscription_count, f"the node to match a {reliability.name} publisher")
        assert robot.ask(picture(RED)).label == "red"
        values = values_of(robot.wait_report(lambda r: True, "any"))
        assert values["reliability"] == reliability.name.lower()
        robot.node.destroy_publisher(robot.images)
        robot.wait_report(lambda r: values_of(r)["reliability"] == "reliable", "the node to expect any publisher again")


def test_a_best_effort_publisher_beside_a_reliable_one_is_heard_as_well(robot: Robot, module_domain: int) -> None:
    robot.advertise(RELIABLE)
    robot.wait(robot.images.get_subscription_count, "the node")
    other = Robot(module_domain, reliability=BEST_EFFORT)
    try:
        other.wait_connected()
        assert other.ask(picture(RED)).label == "red"
        robot.wait(robot.images.get_subscription_count, "the node again")
        assert robot.ask(picture(RED)).label == "red"
    finally:
        other.close()


def test_reliable_from_a_best_effort_publisher_names_it_and_the_fix(
    model: Path, ros_domain: int, tmp_path: Path
) -> None:
    robot = Robot(ros_domain, reliability=BEST_EFFORT)
    try:
        with running(tmp_path, ros_domain, model, reliability="reliable", **FAST) as node:
            sentence = (
                "No image can arrive on /image: publisher /robot offers reliability best_effort and this node asks for "
                "reliable; start the node with -p reliability:=auto, or make the publisher reliable."
            )
            # Wait for the sentence itself: the publisher may be found before its name is.
            assert why_silent(robot, sentence) == sentence
            assert node.output.count(sentence) == 1
    finally:
        robot.close()


def test_compressed_images_come_from_the_topic_beside_the_remapped_one(
    model: Path, ros_domain: int, tmp_path: Path
) -> None:
    remap = ("-r", "image:=/camera/image_raw")
    robot = Robot(ros_domain, image_type=CompressedImage, image_topic="/camera/image_raw/compressed")
    try:
        with running(tmp_path, ros_domain, model, arguments=remap, image_transport="compressed", **FAST):
            robot.wait_connected()
            assert robot.ask(jpeg(RED)).label == "red"
            broken = jpeg(RED)
            broken.data = broken.data[:100]
            assert robot.ask(broken).reason == OpenSetClassification.BAD_FRAME
            assert robot.ask(CompressedImage()).reason == OpenSetClassification.BAD_FRAME
            assert robot.ask(jpeg(RED)).label == "red"
            robot.node.destroy_publisher(robot.images)
            robot.advertise(RELIABLE, Image, "/camera/image_raw/compressed")
            assert "start the node with -p image_transport:=raw" in why_silent(robot, "as sensor_msgs/msg/Image")
    finally:
        robot.close()


def test_auto_reads_compressed_images_until_there_are_raw_ones(model: Path, ros_domain: int, tmp_path: Path) -> None:
    robot = Robot(ros_domain, image_type=CompressedImage, image_topic="image/compressed")
    try:
        with running(tmp_path, ros_domain, model, image_transport="auto", **FAST):
            robot.wait_connected()
            assert robot.ask(jpeg(RED)).label == "red"
            assert values_of(robot.wait_report(lambda r: True, "any"))["transport"] == "compressed"
            compressed = robot.images
            robot.advertise(RELIABLE)
            robot.wait(lambda: robot.images.get_subscription_count(), "the node to read the raw images")
            robot.wait(lambda: not compressed.get_subscription_count(), "the node to leave the compressed ones")
            assert robot.ask(picture(RED)).label == "red"
            report = robot.wait_report(lambda r: True, "any")
            assert (values_of(report)["topic"], values_of(report)["transport"]) == ("/image", "raw")
            robot.node.destroy_publisher(robot.images)
            robot.images = compressed
            robot.wait(lambda: robot.images.get_subscription_count(), "the node to go back")
            assert robot.ask(jpeg(RED)).label == "red"
    finally:
        robot.close()


def test_large_best_effort_images_that_get_lost_are_reported_with_the_fix(
    model: Path, ros_domain: int, tmp_path: Path
) -> None:
    large = picture(RED, 1920, 1080)  # 6 MB through 0.5 MB of shared memory
    robot = Robot(ros_domain, reliability=BEST_EFFORT)
    try:
        with running(tmp_path, ros_domain, model, **FAST) as node:
            robot.wait_connected()
            found = "were lost on the way"
            report = robot.wait_report(lambda r: found in r.message or not robot.send(large), found)
            assert report.level == DiagnosticStatus.WARN
            assert "or make the publisher reliable: best effort does not resend lost images" in report.message
            assert int(values_of(report)["lost"]) >= 3
            assert found in node.output
    finally:
        robot.close()


def test_faint_16_bit_images_are_told_once(robot: Robot, node: NodeProcess) -> None:
    robot.advertise(RELIABLE)
    pixels = np.linspace(7000, 9000, 48 * 64).astype("<u2")
    for _ in range(4):
        message = Image(encoding="mono16", width=64, height=48, step=128, data=array.array("B", pixels.tobytes()))
        assert robot.ask(message).reason in (OpenSetClassification.OK, OpenSetClassification.ABOVE_THRESHOLD)
    assert node.output.count("use less than 1/16 of their range") == 1


@pytest.mark.slow
def test_pictures_of_a_second_node_are_not_advised(
    robot: Robot, model: Path, module_domain: int, tmp_path: Path
) -> None:
    second = running(tmp_path, module_domain, model, arguments=("-r", "__ns:=/second"))
    with second:
        robot.wait(lambda: robot.node.count_publishers("/second/cac_classifier/debug_image"), "the second node")
        message = why_silent(robot, "No node publishes /image")
        assert "/second" not in message


def test_qos_overrides_are_taken_and_stay(model: Path, ros_domain: int, tmp_path: Path) -> None:
    robot = Robot(ros_domain, reliability=None)
    start = "qos_overrides./image.subscription"
    overrides: dict[str, Any] = {f"{start}.depth": 3, f"{start}.reliability": "reliable"}
    try:
        with running(tmp_path, ros_domain, model, diagnostics_period=0.2, **overrides) as node:
            robot.advertise(BEST_EFFORT)
            report = robot.wait_report(lambda r: "offers reliability best_effort" in r.message, "the mismatch")
            assert values_of(report)["reliability"] == "reliable", "it does not follow the publisher any more"
            assert "reliable, reliability by qos_overrides, depth by qos_overrides)" in node.output
            assert "has no effect" not in node.output
            assert node.output.count("Reading /image") == 1
    finally:
        robot.close()
