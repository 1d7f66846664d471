# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every test of a fault checks: no false known, every frame accounted for, and how soon it goes on."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import Image

from test.ros.driver import BLUE, GREEN, GREY, RED, ROOT, Robot, picture, sums_up, wait_until

TRUTH = {RED: "red", GREEN: "green", BLUE: "deep blue", GREY: ""}
"""The right label of a colour; empty = unknown."""

Stamp = tuple[int, int]


class Ledger:
    """Remembers what was sent, so that each answer can be compared with the truth.

    Args:
        robot: that sends.
    """

    def __init__(self, robot: Robot) -> None:
        self._robot = robot
        self._truth: dict[Stamp, str] = {}
        self._first = len(robot.answers)  # earlier ones belong to another test

    def send(self, colour: tuple[int, int, int], message: Image | None = None) -> Stamp:
        """Publish a picture of a colour, in the form of a message if one is given."""
        stamp = self._robot.send(message or picture(colour))
        self._truth[stamp] = TRUTH[colour]
        return stamp

    def spoiled(self, message: Image) -> Stamp:
        """Publish a message that must never be known."""
        stamp = self._robot.send(message)
        self._truth[stamp] = ""
        return stamp

    def answered(self, stamp: Stamp, timeout: float = 30.0) -> str:
        """Wait for the answer; its label."""
        answer = self._robot.wait(lambda: self._robot.answer_to(stamp), f"the answer to {stamp}", timeout)
        return str(answer.label)

    def seconds_to_recover(
        self, colour: tuple[int, int, int] = RED, limit: float = 10.0, message: Image | None = None
    ) -> float:
        """Send pictures until one is answered rightly; how long that took [s]."""
        start = time.monotonic()
        while (waited := time.monotonic() - start) < limit:
            stamp = self.send(colour, message)
            end = time.monotonic() + 0.2
            self._robot.wait(lambda: self._robot.answer_to(stamp) or time.monotonic() > end, "an answer")  # noqa: B023
            answer = self._robot.answer_to(stamp)
            if answer and answer.label == TRUTH[colour]:
                return time.monotonic() - start
        raise AssertionError(f"no right answer for {waited:.1f} s")

    def check(self) -> DiagnosticStatus:
        """No answer names a class that was not shown, and the node accounts for every frame; its report."""
        report = self._robot.wait_report(sums_up, "every frame accounted for")
        for answer in self._robot.answers[self._first :]:
            stamp = (answer.header.stamp.sec, answer.header.stamp.nanosec)
            assert answer.unknown or answer.label == self._truth.get(stamp), f"a false known: {answer.label}"
        return report


@contextmanager
def process(module: str, arguments: Sequence[str], domain: int) -> Iterator["subprocess.Popen[str]"]:
    """A module of the tests in a process of its own, killed at the end."""
    started = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "ROS_DOMAIN_ID": str(domain)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def wait_stopped(started: "subprocess.Popen[str]") -> None:
    """Wait until a process that got SIGSTOP has stopped."""
    state = f"/proc/{started.pid}/stat"

    def stopped() -> bool:
        with open(state, encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"

    wait_until(stopped, "the process to stop")
