# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The standard message says the same as ours: its first hypothesis is the decision, "unknown" included."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header

from cac_core import equations
from cac_core.predictor import Decision, Reason, failed
from cac_ros.node.detections import detections_message
from cac_ros.node.hypotheses import hypotheses
from cac_ros.node.regions import Box
from cac_ros.node.vision_info import UNKNOWN
from test.ros.driver import GREY, RED, Robot, picture, running

NAMES = ("cup", "hammer", "milk")


def decided(gamma: list[float], theta: float) -> Decision:
    scores = np.array(gamma, np.float32)
    index = int(equations.decide(torch.from_numpy(scores), theta))
    nearest = int(scores.argmin())
    unknown = index < 0
    return Decision(
        unknown, index, "" if unknown else NAMES[index], nearest, NAMES[nearest], float(scores[nearest]), theta,
        Reason.ABOVE_THRESHOLD if unknown else Reason.OK, scores,
    )  # fmt: skip


scores = st.floats(0, 1e6, width=32)


@given(st.lists(scores, min_size=3, max_size=3), st.floats(0, 1e6, width=32))
def test_the_first_hypothesis_is_the_decision(gamma: list[float], theta: float) -> None:
    decision = decided(gamma, theta)
    found = hypotheses(decision, NAMES)
    assert found[0][0] == (decision.label or UNKNOWN)
    assert sorted(name for name, _ in found) == sorted([*NAMES, UNKNOWN])
    assert all(0 <= score <= 1 for _, score in found)
    known = [score for name, score in found if name != UNKNOWN]
    assert known == sorted(known, reverse=True)


def test_one_half_is_the_threshold() -> None:
    assert hypotheses(decided([1.0, 3.0, 1e9], 1.0), NAMES)[:2] == [("cup", 0.5), (UNKNOWN, 0.5)]
    assert hypotheses(decided([0.0, 3.0, 9.0], 1.0), NAMES)[0] == ("cup", 1.0)
    assert dict(hypotheses(decided([3.0, 4.0, 9.0], 1.0), NAMES))[UNKNOWN] == 0.75


def test_a_frame_with_an_error_is_unknown_and_nothing_else() -> None:
    assert hypotheses(failed(Reason.BAD_FRAME), NAMES) == [(UNKNOWN, 1.0)]


class Message(SimpleNamespace):
    """Stands in for a message of vision_msgs: the fields that it is made with."""


KINDS = "BoundingBox2D Detection2D Detection2DArray ObjectHypothesis ObjectHypothesisWithPose Point2D Pose2D"
VISION = SimpleNamespace(**dict.fromkeys(KINDS.split(), Message))


def test_boxes_come_back_with_our_answer_in_place_of_the_detector_s() -> None:
    turned = Message(center="anywhere", size_x=3.5)
    boxes = [Box("a", 10, 20, 30, 40), Box("b", 0, 0, 3, 3, turned)]
    decisions = [decided([0.0, 3.0, 9.0], 1.0), failed(Reason.BAD_FRAME)]
    header = Header(frame_id="camera")
    array = detections_message(VISION, header, boxes, decisions, NAMES)
    assert array.header is header
    first, second = array.detections
    assert (first.id, second.id) == ("a", "b")
    assert first.header is header
    assert (first.results[0].hypothesis.class_id, first.results[0].hypothesis.score) == ("cup", 1.0)
    assert [result.hypothesis.class_id for result in second.results] == [UNKNOWN]
    centre = first.bbox.center.position
    assert (centre.x, centre.y, first.bbox.size_x, first.bbox.size_y) == (25.0, 40.0, 30.0, 40.0)
    assert second.bbox is turned, "the box of a detector goes back as it came"


def test_the_numbers_of_the_classes_are_latched_and_unknown_has_its_own(
    model: Path, ros_domain: int, tmp_path: Path
) -> None:
    vision = pytest.importorskip("vision_msgs.msg", reason="vision_msgs is not installed; it is not among the wheels")
    robot = Robot(ros_domain)
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    labels: list[Any] = []
    pipelines: list[Any] = []
    try:
        with running(tmp_path, ros_domain, model):
            robot.wait_connected()
            robot.node.create_subscription(vision.LabelInfo, "cac_classifier/label_info", labels.append, latched)
            robot.node.create_subscription(vision.VisionInfo, "cac_classifier/vision_info", pipelines.append, latched)
            robot.wait(lambda: labels and pipelines, "what was published before")
            names = {each.class_id: each.class_name for each in labels[0].class_map}
            assert names == {**dict(enumerate(robot.class_lists[0].names)), 65535: UNKNOWN}
            assert labels[0].threshold == 0.5
            assert pipelines[0].method.endswith(robot.class_lists[0].model_id)
            assert (pipelines[0].database_location, pipelines[0].database_version) == ("/cac_classifier/label_info", 1)
    finally:
        robot.close()


def test_over_dds(model: Path, ros_domain: int, tmp_path: Path) -> None:
    vision = pytest.importorskip("vision_msgs.msg", reason="vision_msgs is not installed; it is not among the wheels")
    robot = Robot(ros_domain)
    found: list[Any] = []
    topic = "cac_classifier/vision_classification"
    robot.node.create_subscription(vision.Classification, topic, found.append, 10)

    def found_for(header: Header) -> Any:
        return next((each for each in found if each.header == header), None)

    try:
        with running(tmp_path, ros_domain, model):
            robot.wait_connected()
            robot.wait(lambda: found or not robot.ask(picture(RED)), "a classification")
            for colour, name in ((RED, "red"), (GREY, UNKNOWN)):
                header = robot.ask(picture(colour)).header
                message = robot.wait(partial(found_for, header), name)
                assert message.results[0].class_id == name
                assert {r.class_id for r in message.results} == {"red", "green", "deep blue", UNKNOWN}
    finally:
        robot.close()
