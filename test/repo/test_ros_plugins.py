# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`colcon test` in a sourced ROS: pytest then finds the plugins of launch_testing, and refuses one of them."""

import os
import subprocess
import sys
from pathlib import Path

from test.repo.sources import ROOT

# Entry points of launch_testing, launch_testing_ros and launch_pytest, as their setup.py name them.
PLUGINS = ("launch_testing", "launch_ros", "launch_pytest")
OLD_HOOK = "def pytest_pycollect_makemodule(path, parent):\n    return None\n"


def test_the_plugins_of_a_sourced_ros_do_not_stop_the_suite(tmp_path: Path) -> None:
    for name in PLUGINS:
        (tmp_path / f"{name}_plugin.py").write_text(OLD_HOOK)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[pytest11]\n{name} = {name}_plugin\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for name in list(environment):
        if name.startswith("PYTEST_"):
            del environment[name]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "test/repo/test_headers.py"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
