# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscribers that are slow, stopped or killed do not hold up the answers to others."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from test.ros.driver import RED, NodeProcess, Robot, connected, running, values_of
from test.ros.faults import Ledger, process, wait_stopped

pytestmark = pytest.mark.slow

FRAMES = 100
SLOWEST = 2.0
"""Longest time to an answer meanwhile [s]; usual are milliseconds, but other tests may share the machine."""


@pytest.fixture
def robot(model: Path, ros_domain: int, tmp_path: Path) -> Iterator[Robot]:
    with running(tmp_path, ros_domain, model, diagnostics_period=0.2) as node, connected(ros_domain) as made:
        yield made
        assert still_runs(node)


def still_runs(node: NodeProcess) -> bool:
    return node.status is None and "Traceback" not in node.output


def has_heard(subscriber: "subprocess.Popen[str]") -> bool:
    assert subscriber.stdout is not None
    os.set_blocking(subscriber.stdout.fileno(), False)
    return bool(subscriber.stdout.readline())


def slowest_answer(robot: Robot, ledger: Ledger) -> float:
    """Ask for many frames, one after the other; the longest time to an answer [s]."""
    times = []
    for _ in range(FRAMES):
        start = time.monotonic()
        assert ledger.answered(ledger.send(RED)) == "red"
        times.append(time.monotonic() - start)
    return max(times)


@pytest.mark.parametrize("fault", ["slow", "stopped", "killed"])
def test_a_subscriber_in_trouble_costs_nobody_an_answer(robot: Robot, ros_domain: int, fault: str) -> None:
    ledger = Ledger(robot)
    topic = "cac_classifier/classification"
    with process("test.ros.subscriber_process", ["0.5" if fault == "slow" else "0"], ros_domain) as subscriber:
        robot.wait(lambda: robot.node.count_subscribers(topic) == 2, "the subscriber")
        robot.wait(lambda: ledger.answered(ledger.send(RED)) and has_heard(subscriber), "the subscriber to hear")
        if fault == "stopped":
            subscriber.send_signal(signal.SIGSTOP)
            wait_stopped(subscriber)
        elif fault == "killed":
            subscriber.kill()
            subscriber.wait()
        assert slowest_answer(robot, ledger) < SLOWEST
        report = ledger.check()
        assert values_of(report)["failed"] == "0"
        assert values_of(report)["replaced"] == "0"
