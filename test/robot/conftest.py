# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is started here cannot import PyTorch nor anything else that requirements/robot.txt does not bring."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from test.repo.torch_free import NOT_ON_A_ROBOT
from test.robot.colour_model import colour_model, of_format_1, write_colours
from test.ros.domains import private_domain

# Python runs a file of this name at its start. A package is hidden from `import` and from `find_spec`.
SITECUSTOMIZE = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(NOT_ON_A_ROBOT)}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refuse())
"""


@pytest.fixture(scope="module", autouse=True)
def without_torch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every process that a test starts is a robot's; only here, because other tests follow in the session."""
    folder = tmp_path_factory.mktemp("robot")
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE)
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        yield


@pytest.fixture
def ros_domain() -> Iterator[int]:
    """A private ROS domain for one test."""
    with private_domain() as domain:
        yield domain


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that knows red, green and blue, with its graph."""
    return write_colours(tmp_path_factory.mktemp("model") / "colours.cac")


@pytest.fixture(scope="session")
def old_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in format 1."""
    return write_colours(tmp_path_factory.mktemp("model") / "old.cac", of_format_1(colour_model()))
