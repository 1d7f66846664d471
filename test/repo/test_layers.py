# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrows go one way: the rooms of ARCHITECTURE.md, from the ground up, and nothing imports from above itself."""

import json
import re
import subprocess
import sys

import pytest

from test.repo.imports import arrows, circles, loads, modules, room
from test.repo.sources import ROOT, imported_packages
from test.repo.torch_free import NOT_ON_A_ROBOT, TORCH_FREE

ROS = {"rclpy", "cac_ros", "cac_msgs", "sensor_msgs", "std_msgs", "diagnostic_msgs", "launch", "launch_ros"}

FLOORS = (
    ("cac_core.support",),
    ("cac_core.preprocessing", "cac_core.inference_equations", "cac_core.intervals"),
    ("cac_core.pictures", "cac_core.equations"),
    ("cac_core.backbones", "cac_core.losses", "cac_core.centres", "cac_core.thresholds", "cac_core.metrics"),
    ("cac_core.bundle",),
    ("cac_core.model",),
    ("cac_core.engines",),
    ("cac_core.predictor",),
    ("cac_core.data", "cac_core.reports"),
    ("cac_core.training", "cac_core.evaluation"),
    ("cac_core.benchmark",),
    (
        "cac_core.train",
        "cac_core.evaluate",
        "cac_core.extend",
        "cac_core.export",
        "cac_core.import_authors_checkpoint",
        "cac_core.sign",
        "cac_core.robustness",
        "cac_core.upgrade",
    ),
    ("cac_ros.stamps", "cac_ros.images", "cac_ros.parameters", "cac_ros.middleware"),
    ("cac_ros.drawing",),
    ("cac_ros.node", "cac_ros.bags"),
    ("cac_ros.replay",),
    ("cac_ros.photos",),
    ("cac_ros.teach", "cac_ros.fleet"),
    ("cac_ros.classifier_node", "cac_ros.commands", "cac_ros.demo"),
)
"""Rooms from the ground up; those of one floor do not import each other."""

COMMANDS = {name for floor in FLOORS if "cac_core.train" in floor for name in floor}
STRANGERS = {("cac_ros.replay", "cac_ros.node")}
"""Rooms that do not know each other, although one lies above the other."""

IMPORT_EVERYTHING = """
import importlib, json, pkgutil, sys
import cac_core
names = [m.name for m in pkgutil.walk_packages(cac_core.__path__, "cac_core.") if not m.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(json.dumps({"names": names, "loaded": sorted({name.split(".")[0] for name in sys.modules})}))
"""


def floor_of(name: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if name in floor)


def test_every_module_lies_in_a_room() -> None:
    rooms = {name for floor in FLOORS for name in floor}
    assert {room(module) for module in modules()} - {"cac_core", "cac_ros"} == rooms


def test_no_arrow_runs_upwards_or_sideways() -> None:
    wrong = []
    for arrow in arrows():
        here, there = room(arrow.source), room(arrow.target)
        if here == there or {here, there} & {"cac_core", "cac_ros"}:  # their names at the top
            continue
        if floor_of(there) >= floor_of(here) or (here, there) in STRANGERS:
            wrong.append(f"{arrow.source} → {arrow.target}")
    assert sorted(set(wrong)) == []


def test_there_is_no_circle() -> None:
    assert circles() == []


def test_nothing_uses_a_command_as_a_library() -> None:
    used = {arrow.target: arrow.source for arrow in arrows() if arrow.target in COMMANDS}
    assert used == {}


def test_no_observer_is_known_by_a_part_of_the_node_but_the_selection() -> None:
    observers = "cac_ros.node.observers."
    chosen = {
        arrow.source
        for arrow in arrows()
        if arrow.target.startswith(observers)
        and arrow.source.startswith("cac_ros.node.")
        and not arrow.source.startswith(observers)
    }
    assert chosen <= {"cac_ros.node.camera", "cac_ros.node.region_input"}


@pytest.mark.parametrize("module", TORCH_FREE)
def test_the_part_of_a_robot_without_pytorch_loads_no_torch(module: str) -> None:
    assert loads(module) & NOT_ON_A_ROBOT == set()


def test_no_file_of_cac_core_imports_ros_even_inside_a_function() -> None:
    found = imported_packages(ROOT / "cac_core")
    assert {name: files for name, files in found.items() if name in ROS} == {}


@pytest.mark.slow
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


def test_the_rooms_of_the_architecture_are_those_of_the_code() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `((?:cac_core|cac_ros)/[\w./]+)` \|", text, re.MULTILINE))
    names = {path.removesuffix("/").removesuffix(".py").replace("/", ".") for path in described}
    assert names == {name for floor in FLOORS for name in floor}
