# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROS package installs everything it needs at run time, under one version."""

import importlib
import re
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import setuptools
import yaml

import cac_core
from test.repo.sources import ROOT, repository_files


def test_there_is_one_version() -> None:
    setup_py = re.search(r'version="([^"]+)"', (ROOT / "setup.py").read_text())
    assert setup_py is not None
    versions = {
        "cac_core": cac_core.__version__,
        "setup.py": setup_py.group(1),
        "package.xml": ElementTree.parse(ROOT / "package.xml").findtext("version"),
        "cac_msgs/package.xml": ElementTree.parse(ROOT / "cac_msgs" / "package.xml").findtext("version"),
    }
    assert len(set(versions.values())) == 1, versions
    assert f"## {cac_core.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_file_of_the_libraries_is_installed(tmp_path: Path) -> None:
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(tmp_path), "build"]
    command += ["--build-base", str(tmp_path / "b"), "--build-lib", str(tmp_path / "lib")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    built = {path.relative_to(tmp_path / "lib") for path in (tmp_path / "lib").rglob("*") if path.is_file()}
    ours = {path.relative_to(ROOT) for path in repository_files()}
    wanted = {path for path in ours if path.parts[0] in ("cac_core", "cac_ros")}
    assert {path.as_posix() for path in wanted - built} == set()


def test_launch_and_configuration_files_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(setuptools, "setup", lambda **arguments: given.update(arguments))
    runpy.run_path("setup.py")
    listed = {file for _, files in given["data_files"] for file in files}
    ours = [path.relative_to(ROOT) for path in repository_files()]
    wanted = {path.as_posix() for path in ours if path.parts[0] in ("launch", "config", "resource")} | {"package.xml"}
    assert wanted - listed == set()


def test_colcon_finds_both_packages() -> None:
    defaults = yaml.safe_load((ROOT / "colcon_defaults.yaml").read_text())
    for verb in ("build", "list", "test"):
        assert defaults[verb]["base-paths"] == [".", "cac_msgs"]


def test_console_scripts_lead_to_functions() -> None:
    scripts = re.findall(r'"(\w+) = ([\w.]+):(\w+)"', (ROOT / "setup.py").read_text())
    assert {name for name, _, _ in scripts} == {"classifier_node", "replay"}
    for _, module, function in scripts:
        assert callable(getattr(importlib.import_module(module), function))
