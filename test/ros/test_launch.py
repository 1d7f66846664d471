# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch files in a ROS installation where cac_ros is built; the environment from PyPI has no `ros2 launch`."""

import shutil
import subprocess

import pytest


def cac_ros_is_installed() -> bool:
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        get_package_prefix("cac_ros")
    except (PackageNotFoundError, LookupError, OSError):
        return False
    return True


pytestmark = [
    pytest.mark.skipif(shutil.which("ros2") is None, reason="there is no ros2 command here"),
    pytest.mark.skipif(not cac_ros_is_installed(), reason="cac_ros is not built and sourced here"),
]


def launch(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["ros2", "launch", "cac_ros", *arguments]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("file", "argument"), [("classifier.launch.py", "'log_level':"), ("replay.launch.py", "'labels_topic':")]
)
def test_the_arguments_can_be_listed(file: str, argument: str) -> None:
    done = launch(file, "--show-args")
    assert done.returncode == 0, done.stdout
    assert argument in done.stdout


def test_a_node_that_cannot_start_ends_the_launch_with_an_error(ros_domain: int) -> None:
    done = launch("classifier.launch.py", "model_path:=/missing.cac")
    assert done.returncode != 0
    assert "/missing.cac does not exist" in done.stdout
    assert "the classifier ended with exit code 1" in done.stdout


def test_an_evaluation_that_fails_ends_the_launch_with_an_error() -> None:
    done = launch("replay.launch.py", "bag:=/missing", "model_path:=/missing.cac", "out:=/tmp/never_written")
    assert done.returncode != 0
    assert "the evaluation ended with exit code 2" in done.stdout
