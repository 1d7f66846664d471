# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests that use ROS: each has a ROS domain of its own and never leaves this machine."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from test.ros.colour_bundle import overflowing_bundle, write_model

_FIRST_PORT = 38000
_ENVIRONMENT = {
    "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    # Only has an effect where a test widens the discovery range: with LOCALHOST, rmw_fastrtps makes its own transports.
    # Images over 0.5 MB therefore arrive only from reliable publishers.
    "FASTDDS_BUILTIN_TRANSPORTS": "LARGE_DATA",
}


@contextmanager
def private_domain() -> Iterator[int]:
    """A ROS domain that no other test on this machine uses meanwhile; sets the environment for it.

    A bound port per domain is the lock: it is free again as soon as this process ends, whatever way it ends.
    """
    for domain in range(1, 100):
        with socket.socket() as lock:
            try:
                lock.bind(("127.0.0.1", _FIRST_PORT + domain))
            except OSError:
                continue
            with pytest.MonkeyPatch.context() as patch:
                for name, value in {**_ENVIRONMENT, "ROS_DOMAIN_ID": str(domain)}.items():
                    patch.setenv(name, value)
                patch.delenv("ROS_STATIC_PEERS", raising=False)
                yield domain
                return
    raise RuntimeError("all ROS domains are in use")


@pytest.fixture
def ros_domain() -> Iterator[int]:
    """A private ROS domain for one test."""
    with private_domain() as domain:
        yield domain


@pytest.fixture(scope="module")
def module_domain() -> Iterator[int]:
    """A private ROS domain for the tests of one module that share a node."""
    with private_domain() as domain:
        yield domain


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that knows red, green and blue."""
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def overflowing_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose output is not finite unless the picture is black."""
    return write_model(tmp_path_factory.mktemp("overflowing"), overflowing_bundle())
