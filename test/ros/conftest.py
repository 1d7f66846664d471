# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests that use ROS: each has a ROS domain of its own and never leaves this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from test.ros.colour_bundle import overflowing_bundle, write_model
from test.ros.domains import private_domain


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
