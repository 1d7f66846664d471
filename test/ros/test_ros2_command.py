# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The documented `ros2` commands against the real node; the environment from PyPI does not have the command."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from test.ros.driver import NodeProcess, connected, running

ROS2 = shutil.which("ros2")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(ROS2 is None, reason="there is no ros2 command here")]


@pytest.fixture(scope="module")
def node(model: Path, module_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    with running(tmp_path_factory.mktemp("node"), module_domain, model) as process, connected(module_domain):
        yield process


def ros2(*words: str) -> str:
    """What the command prints, without the daemon: it would outlive the test."""
    done = subprocess.run([str(ROS2), *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def call(request: str) -> str:
    return ros2("service", "call", "/cac_classifier/set_threshold", "cac_msgs/srv/SetThreshold", request)


def test_a_threshold_is_set_by_the_fields_that_are_given(node: NodeProcess) -> None:
    assert "success=False, message='Nothing was changed: give threshold, known_kept or per_class.'" in call("{}")
    assert "success=True" in call("{threshold: 50.0}")
    assert "thresholds=[50.0, 50.0, 50.0]" in call("{}")
    assert "success=True" in call("{known_kept: 0.5}")
    assert "thresholds=[1.0, 1.0, 1.0]" in call("{}")


@pytest.mark.parametrize("qos", [(), ("--qos-durability", "transient_local", "--qos-reliability", "reliable")])
def test_the_class_list_is_shown_after_it_was_published(node: NodeProcess, qos: tuple[str, ...]) -> None:
    shown = ros2("topic", "echo", "--no-daemon", "--once", *qos, "/cac_classifier/classes")
    assert "- deep blue" in shown


def test_diagnostics_are_shown_in_full(node: NodeProcess) -> None:
    shown = ros2("topic", "echo", "--no-daemon", "--once", "--full-length", "/diagnostics")
    assert "name: 'cac_classifier: classifier'" in shown


def test_the_node_takes_back_the_dump_of_its_parameters(node: NodeProcess, tmp_path: Path) -> None:
    search = "--no-daemon", "--spin-time", "5"
    (values,) = yaml.safe_load(ros2("param", "dump", *search, "/cac_classifier")).values()
    file = tmp_path / "dump.yaml"
    file.write_text(yaml.safe_dump({"/**": values}))  # the loader of some distributions knows only this name
    loaded = ros2("param", "load", *search, "/cac_classifier", str(file))
    assert "failed" not in loaded
    assert loaded.count("successful") == len(values["ros__parameters"])
