# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Installs the ROS package cac_ros: the libraries cac_core and cac_ros, launch files, settings, scripts."""

import re
from glob import glob
from pathlib import Path

from setuptools import find_packages, setup

NAME = "cac_ros"
ROOT = Path(__file__).resolve().parent  # `colcon build --symlink-install` runs a link to this file, in its own folder


def pins(name: str) -> list[str]:
    """The lines of a file of requirements that name a package."""
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if re.match(r"\w", line)]


ROBOT = pins("robot.txt")
TRAIN = [*ROBOT, *pins("core.txt"), *pins("photos.txt"), *pins("export.txt")]
(VERSION,) = re.findall("<version>(.+)</version>", (ROOT / "package.xml").read_text(encoding="utf-8"))

setup(
    name=NAME,
    version=VERSION,
    packages=find_packages(include=["cac_core", "cac_core.*", "cac_ros", "cac_ros.*"]),
    package_data={"": ["py.typed", "**/*.json", "**/*.yaml", "**/*.j2", "**/*.css", "**/*.js"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + NAME]),
        ("share/" + NAME, ["package.xml"]),
        ("share/" + NAME + "/launch", sorted(glob("launch/*.launch.py"))),
        ("share/" + NAME + "/config", sorted(glob("config/*.*"))),
        ("share/" + NAME + "/requirements", ["requirements/core.txt", "requirements/robot.txt"]),
    ],
    python_requires=">=3.10",
    # For pip; colcon and rosdep read package.xml. ROS itself brings rclpy and the messages. The extras pin what was
    # tested. `test` tells `colcon test` to run pytest.
    install_requires=sorted({re.sub("[=;].*", "", line).strip() for line in ROBOT}),
    extras_require={
        "robot": ROBOT,
        "train": TRAIN,
        "quantise": pins("quantise.txt"),
        "teach": pins("teach.txt"),
        "video": pins("video.txt"),
        "fleet": pins("fleet.txt"),
        "letters": pins("letters.txt"),
        "test": ["pytest"],
    },
    zip_safe=False,
    author="cac_ros contributors",
    maintainer="cac_ros contributors",
    maintainer_email="maintainers@cac-ros.invalid",
    description="Open-set recognition for robots: a ROS 2 classifier that says when it does not know",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "classifier_node = cac_ros.classifier_node:main",
            "cac_replay = cac_ros.commands:replay",
            "cac_photos = cac_ros.commands:photos",
            "cac_teach = cac_ros.commands:teach",
        ],
    },
)
