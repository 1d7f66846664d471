# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SIGINT and SIGTERM end the node cleanly in every state of its lifecycle and while it changes between two."""

import signal
from pathlib import Path

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState

from test.ros.driver import RED, Robot, picture, running

pytestmark = pytest.mark.slow

BOTH = [signal.SIGINT, signal.SIGTERM]
WAYS = {
    "unconfigured": [],
    "inactive": ["configure"],
    "active": ["configure", "activate"],
    "inactive again": ["configure", "activate", "deactivate"],
    "unconfigured again": ["configure", "activate", "deactivate", "cleanup"],
    "finalized": ["configure", "activate", "active_shutdown"],
}
"""How each state is reached."""

CHANGES = ["configure", "activate", "deactivate", "cleanup"]


@pytest.mark.parametrize("number", BOTH)
@pytest.mark.parametrize("state", WAYS)
def test_a_signal_ends_the_node_in_every_state(
    model: Path, ros_domain: int, tmp_path: Path, state: str, number: signal.Signals
) -> None:
    robot = Robot(ros_domain)
    try:
        with running(tmp_path, ros_domain, model, autostart=False) as node:
            for transition in WAYS[state]:
                assert robot.transition(transition)
            assert robot.state() == state.removesuffix(" again")
            if state == "active":
                robot.wait_connected()
                assert robot.ask(picture(RED)).label == "red"
            assert node.interrupt(number) == 0
            assert "Traceback" not in node.output
            assert "[ERROR]" not in node.output
    finally:
        robot.close()


@pytest.mark.parametrize("number", BOTH)
@pytest.mark.parametrize("change", CHANGES)
def test_a_signal_ends_the_node_in_the_middle_of_a_change(
    model: Path, ros_domain: int, tmp_path: Path, change: str, number: signal.Signals
) -> None:
    """The signal is sent right behind the request; frames arrive meanwhile."""
    robot = Robot(ros_domain)
    try:
        with running(tmp_path, ros_domain, model, autostart=False) as node:
            for transition in CHANGES[: CHANGES.index(change)]:
                assert robot.transition(transition)
            robot.send(picture(RED, 640, 480))
            chosen = Transition(id=getattr(Transition, f"TRANSITION_{change.upper()}"))
            robot.call_async(ChangeState, "change_state", ChangeState.Request(transition=chosen))
            assert node.interrupt(number) == 0
            assert "Traceback" not in node.output
            assert "[FATAL]" not in node.output
    finally:
        robot.close()
