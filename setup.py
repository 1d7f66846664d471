# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Installs the ROS package cac_ros: the libraries cac_core and cac_ros, launch files, settings, scripts."""

import re
from glob import glob
from pathlib import Path

from setuptools import find_packages, setup

NAME = "cac_ros"
(VERSION,) = re.findall("<version>(.+)</version>", Path("package.xml").read_text(encoding="utf-8"))

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
        ("share/" + NAME + "/requirements", ["requirements/core.txt"]),
    ],
    python_requires=">=3.10",
    extras_require={"test": ["pytest"]},  # tells `colcon test` to run pytest
    zip_safe=False,
    author="cac_ros contributors",
    maintainer="cac_ros contributors",
    maintainer_email="maintainers@cac-ros.invalid",
    description="Open-set recognition for robots: a ROS 2 classifier that says when it does not know",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "classifier_node = cac_ros.classifier_node:main",
            "replay = cac_ros.commands:replay",
        ],
    },
)
