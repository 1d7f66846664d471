# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node tells a service manager when it is ready and when it ends, over a real socket."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cac_ros.node.service_manager import VARIABLE, say_ready, say_stopping
from test.ros.driver import RED, Robot, picture, running


@pytest.fixture
def robot(ros_domain: int) -> Iterator[Robot]:
    robot = Robot(ros_domain)
    yield robot
    robot.close()


@pytest.fixture(params=["a file", "an abstract name"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A listening socket and its address as a service manager writes it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(30)
        if request.param == "a file":
            listener.bind(str(tmp_path / "notify"))
            yield listener, str(tmp_path / "notify")
        else:
            listener.bind("")  # the system chooses a free abstract name
            yield listener, "@" + listener.getsockname()[1:].decode()


def test_states_are_sent_as_datagrams(manager: tuple[socket.socket, str]) -> None:
    listener, address = manager
    say_ready({VARIABLE: address})
    say_stopping({VARIABLE: address})
    assert [listener.recv(100), listener.recv(100)] == [b"READY=1", b"STOPPING=1"]


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody listens here", "/" + 200 * "x", "a\0b"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    say_ready({VARIABLE: address})
    say_ready({})


def test_a_full_socket_does_not_block(manager: tuple[socket.socket, str]) -> None:
    for _ in range(10_000):
        say_ready({VARIABLE: manager[1]})


@pytest.mark.slow
def test_the_node_says_when_it_is_active_and_when_it_ends(
    manager: tuple[socket.socket, str], model: Path, ros_domain: int, tmp_path: Path, robot: Robot
) -> None:
    listener, address = manager
    with running(tmp_path, ros_domain, model, autostart=False, environment={VARIABLE: address}) as node:
        assert robot.transition("configure")
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.recv(100)
        listener.settimeout(30)
        assert robot.transition("activate")
        assert listener.recv(100) == b"READY=1"
        robot.wait_connected()
        assert robot.ask(picture(RED)).label == "red"
        assert node.interrupt() == 0
        assert listener.recv(100) == b"STOPPING=1"


def test_a_node_that_fails_is_never_ready(manager: tuple[socket.socket, str], ros_domain: int, tmp_path: Path) -> None:
    listener, address = manager
    with running(tmp_path, ros_domain, tmp_path / "none.cac", environment={VARIABLE: address}) as node:
        assert node.wait() == 1
    assert listener.recv(100) == b"STOPPING=1"
