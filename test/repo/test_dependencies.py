# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every package that the code imports is declared: for rosdep in package.xml, for pip in requirements/."""

import re
import sys
import sysconfig
import xml.etree.ElementTree as ElementTree
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from test.repo.sources import ROOT, imported_packages
from test.repo.torch_free import NOT_ON_A_ROBOT

CONSTRAINTS = ROOT / "requirements" / "constraints.txt"
OURS = {"cac_core", "cac_ros", "test", "performance"}
NEWER = {"compression"}  # parts of Python since 3.14

# Where the name of a package differs from the name that is imported.
ROSDEP_KEYS = {
    "backports": "backports.zstd",
    "PIL": "python3-pil",
    "cv2": "python3-opencv",
    "jinja2": "python3-jinja2",
    "kornia": "python3-kornia-pip",
    "numpy": "python3-numpy",
    "rich": "python3-rich",
    "rosbags": "python3-rosbags-pip",
    "ruamel": "python3-ruamel.yaml",
    "scipy": "python3-scipy",
    "sklearn": "python3-sklearn",
    "tensorboard": "python3-tensorboard-pip",
    "timm": "python3-timm-pip",
    "torch": "python3-pytorch-pip",
    "torchvision": "python3-pytorch-pip",
    "yaml": "python3-yaml",
}
REQUIREMENTS = {
    "backports": "backports.zstd",
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "ruamel": "ruamel.yaml",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
# Part of a ROS installation; in the environment they come with rclpy, sensor_msgs and the build of cac_msgs.
FROM_ROS = {
    "ament_index_python", "builtin_interfaces", "cac_msgs", "cv_bridge", "diagnostic_msgs", "launch", "launch_ros",
    "lifecycle_msgs", "rcl_interfaces", "rclpy", "sensor_msgs", "std_msgs", "std_srvs", "vision_msgs",
}  # fmt: skip
# Imported only where it is found: NVIDIA's own installer brings it.
OPTIONAL = {"cryptography", "tensorrt"}


def third_party() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for folder in ("cac_core", "cac_ros", "launch"):
        for name, files in imported_packages(ROOT / folder).items():
            if name not in sys.stdlib_module_names | OURS | NEWER:
                found.setdefault(name, set()).update(files)
    return found


def requirement_lines(*without: str) -> list[str]:
    files = [path for path in (ROOT / "requirements").glob("*.txt") if path.name not in (CONSTRAINTS.name, *without)]
    lines = [line for path in sorted(files) for line in path.read_text().splitlines()]
    return [line for line in lines if re.match(r"\w", line)]  # no remarks, and no file that another one includes


def name_of(line: str) -> str:
    return canonicalize_name(re.split(r"[\[=]", line)[0])


def test_package_xml_declares_every_import() -> None:
    text = (ROOT / "package.xml").read_text()
    tags = {"depend", "exec_depend", "build_depend"}
    declared = {element.text for element in ElementTree.fromstring(text) if element.tag in tags}
    without_key = set(re.findall(r"[\w.]+", text.partition("rosdep has no key for")[2].partition("-->")[0]))
    missing = {
        name: files
        for name, files in third_party().items()
        if ROSDEP_KEYS.get(name, name) not in declared | without_key
    }
    assert missing == {}


def test_no_package_of_training_is_a_dependency_of_the_node() -> None:
    package = pytest.importorskip("catkin_pkg.package").parse_package(str(ROOT / "package.xml"))
    keys = {}
    for training in ("", "1"):
        package.evaluate_conditions({"CAC_TRAINING": training})
        keys[training] = {each.name for each in package.exec_depends if each.evaluated_condition}
    robot = {name_of(line) for line in (ROOT / "requirements" / "robot.txt").read_text().splitlines()}
    assert keys["1"] - keys[""] == {ROSDEP_KEYS[name] for name in NOT_ON_A_ROBOT if name in ROSDEP_KEYS}
    assert not robot & {canonicalize_name(REQUIREMENTS.get(name, name)) for name in NOT_ON_A_ROBOT}


def test_requirements_pin_every_import() -> None:
    pinned = {name_of(line) for line in requirement_lines()}
    missing = {
        name: files
        for name, files in third_party().items()
        if name not in FROM_ROS | OPTIONAL and canonicalize_name(REQUIREMENTS.get(name, name)) not in pinned
    }
    assert missing == {}


@pytest.mark.parametrize("line", requirement_lines())
def test_a_requirement_is_pinned_exactly(line: str) -> None:
    assert re.match(r"^[\w.\-]+(\[\w+\])?==[\w.]+(; .+)?$", line)


@pytest.mark.parametrize("line", requirement_lines("docs.txt"))  # an environment of its own
def test_the_constraints_agree_with_a_requirement(line: str) -> None:
    version = line.split("==")[1].partition(";")[0]
    constraints = [text.partition(";")[0] for text in CONSTRAINTS.read_text().splitlines()]
    assert f"{name_of(line)}=={version}" in constraints, "run: make lock"


def test_the_environment_is_the_one_that_was_pinned() -> None:
    if not (Path(sys.prefix) / "cac_ros-setup.json").exists():
        pytest.skip("these tests do not run in an environment made by make setup")
    lines = [line for line in CONSTRAINTS.read_text().splitlines() if line and not line.startswith("#")]
    pinned = [Requirement(line) for line in lines]
    wanted = {
        canonicalize_name(item.name): item.specifier for item in pinned if item.marker is None or item.marker.evaluate()
    }
    found = distributions(path=[sysconfig.get_path("purelib")])  # not what setuptools carries inside itself
    installed = {canonicalize_name(item.name): item.version for item in found}
    different = {name: version for name, version in installed.items() if name in wanted and version not in wanted[name]}
    assert different == {}


def test_cac_msgs_depends_on_messages_only() -> None:
    package = ElementTree.parse(ROOT / "cac_msgs" / "package.xml").getroot()
    names = {element.text for element in package if element.tag in ("depend", "exec_depend", "build_depend")}
    assert names == {"std_msgs", "rosidl_default_runtime"}
