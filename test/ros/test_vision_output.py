# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The standard message says the same as ours: its first hypothesis is the decision, "unknown" included."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from std_msgs.msg import Header

from cac_core import equations
from cac_core.predictor import Decision, Reason, failed
from cac_ros.node.observers.vision_output import UNKNOWN, hypotheses
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
