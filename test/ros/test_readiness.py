# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A child process says that it is ready, and its parent hears it."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cac_ros.replay.node_process import NodeProcess
from cac_ros.replay.readiness import ReadySocket

SPEAKER = """
import os, socket, sys
address = os.environ["NOTIFY_SOCKET"]
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
    speaker.sendto(b"READY=1", "\\0" + address[1:] if address.startswith("@") else address)
sys.stdin.read()
"""


@pytest.fixture
def ready() -> Iterator[ReadySocket]:
    opened = ReadySocket()
    yield opened
    opened.close()


def say(to: ReadySocket, state: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        speaker.sendto(state, to.address.replace("@", "\0", 1))


def test_nothing_is_heard_before_it_is_said(ready: ReadySocket) -> None:
    assert not ready.heard()
    say(ready, b"STATUS=loading\nNOTREADY=1")
    assert not ready.heard()


def test_ready_is_heard_among_other_states_and_remembered(ready: ReadySocket) -> None:
    say(ready, b"STATUS=loading")
    say(ready, b"MAINPID=1\nREADY=1\n")
    assert ready.heard()
    assert ready.heard()


def test_two_sockets_do_not_hear_each_other(ready: ReadySocket) -> None:
    other = ReadySocket()
    say(other, b"READY=1")
    assert not ready.heard()
    assert other.heard()
    other.close()


def test_a_process_finds_the_socket_in_its_environment(tmp_path: Path) -> None:
    script = tmp_path / "speaker.py"
    script.write_text(SPEAKER, encoding="utf-8")
    with NodeProcess(tmp_path, command=(str(script),)) as child:
        end = time.monotonic() + 30.0
        while not child.ready():
            assert time.monotonic() < end, child.output
            time.sleep(0.01)
