# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrows go one way: cac_ros uses cac_core, and cac_core knows nothing of ROS."""

import json
import subprocess
import sys

import pytest

from test.repo.sources import ROOT, imported_packages

ROS = {"rclpy", "cac_ros", "cac_msgs", "sensor_msgs", "std_msgs", "diagnostic_msgs", "launch", "launch_ros"}

IMPORT_EVERYTHING = """
import importlib, json, pkgutil, sys
import cac_core
names = [m.name for m in pkgutil.walk_packages(cac_core.__path__, "cac_core.") if not m.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(json.dumps({"names": names, "loaded": sorted({name.split(".")[0] for name in sys.modules})}))
"""


def test_no_file_of_cac_core_imports_ros_even_inside_a_function() -> None:
    found = imported_packages(ROOT / "cac_core")
    assert {name: files for name, files in found.items() if name in ROS} == {}


@pytest.mark.timeout(300)
def test_importing_every_module_of_cac_core_imports_no_ros() -> None:
    command = [sys.executable, "-c", IMPORT_EVERYTHING]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert "cac_core.equations" in answer["names"]
    assert "cac_core.predictor" in answer["names"]
    assert ROS & set(answer["loaded"]) == set()


def test_importing_the_predictor_does_not_import_the_training_framework() -> None:
    slow = "pytorch_lightning", "kornia", "plotly"
    code = f"import sys, cac_core.predictor; print([name for name in {slow} if name in sys.modules])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines()[-1] == "[]", "a robot that only classifies must not wait for these"
