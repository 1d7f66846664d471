# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The example in docs/ stops the robot on unknown and when no answer comes; and it stays short."""

import ast
from pathlib import Path

from cac_msgs.msg import OpenSetClassification
from geometry_msgs.msg import Twist

from test.ros.driver import ROOT, Robot, running

EXAMPLE = ROOT / "docs" / "consumer_example.py"


def test_it_is_short_and_needs_nothing_of_ours_but_the_messages() -> None:
    text = EXAMPLE.read_text()
    code = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(code) <= 45
    imported = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    assert {str(name).split(".")[0] for name in imported} == {"cac_msgs", "geometry_msgs", "rclpy"}


def test_it_drives_after_known_answers_only(ros_domain: int, tmp_path: Path) -> None:
    robot = Robot(ros_domain, reliability=None)
    remap = ("-r", "classification:=/cac_classifier/classification")
    answers = robot.node.create_publisher(OpenSetClassification, "/cac_classifier/classification", 10)
    speeds: list[float] = []
    robot.node.create_subscription(Twist, "cmd_vel", lambda message: speeds.append(message.linear.x), 10)

    def next_speeds(wanted: bool, answer: OpenSetClassification | None = None) -> None:
        speeds.clear()
        if answer is not None:
            answers.publish(answer)
        robot.wait(lambda: speeds and (speeds[-1] > 0) == wanted, "it to drive" if wanted else "it to stop")

    known, unknown = (
        OpenSetClassification(unknown=False, label="cup"),
        OpenSetClassification(unknown=True, nearest_label="cup"),
    )
    try:
        with running(tmp_path, ros_domain, command=(str(EXAMPLE),), arguments=remap) as example:
            # The robot itself reads the topic, too, to collect answers.
            robot.wait(lambda: answers.get_subscription_count() == 2, "the example to listen")
            next_speeds(False)
            next_speeds(True, known)
            next_speeds(False, unknown)
            assert "unknown, nearest 'cup'" in example.output
            next_speeds(True, known)
            next_speeds(False)  # no further answer came
            assert example.interrupt() in (0, 1)
            assert "Traceback" not in example.output
    finally:
        robot.close()
