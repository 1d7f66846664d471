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

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
CHANGES = re.findall(
    r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
)
"""Version and date of every release, newest first."""


def test_there_is_one_version() -> None:
    asked = [sys.executable, "setup.py", "-q", "--version"]
    versions = {
        "cac_core": cac_core.__version__,
        "setup.py": subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip(),
        "package.xml": ElementTree.parse(ROOT / "package.xml").findtext("version"),
        "cac_msgs/package.xml": ElementTree.parse(ROOT / "cac_msgs" / "package.xml").findtext("version"),
        "CITATION.cff": CITATION["version"],
        "CHANGELOG.md": CHANGES[0][0],
    }
    assert len(set(versions.values())) == 1, versions


def test_the_citation_has_the_date_of_the_release() -> None:
    assert str(CITATION["date-released"]) == CHANGES[0][1]
    assert CITATION["license"] == "Apache-2.0"
    assert "arxiv.org/abs/2004.02434" in CITATION["preferred-citation"]["url"], "the paper, not only the software"


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert len(headings) == len(CHANGES) + 1, "## [1.2.3] - 2026-11-25"
    assert [date for _, date in CHANGES] == sorted((date for _, date in CHANGES), reverse=True)
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_every_file_of_the_libraries_is_installed(tmp_path: Path) -> None:
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(tmp_path), "build"]
    command += ["--build-base", str(tmp_path / "b"), "--build-lib", str(tmp_path / "lib")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    built = {path.relative_to(tmp_path / "lib") for path in (tmp_path / "lib").rglob("*") if path.is_file()}
    ours = {path.relative_to(ROOT) for path in repository_files()}
    wanted = {path for path in ours if path.parts[0] in ("cac_core", "cac_ros")}
    assert {path.as_posix() for path in wanted - built} == set()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What setup.py tells setuptools."""
    arguments: dict[str, Any] = {}
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(setuptools, "setup", lambda **given: arguments.update(given))
    runpy.run_path("setup.py")
    return arguments


def test_setup_finds_its_files_where_colcon_links_to_it(tmp_path: Path) -> None:
    """`colcon build --symlink-install` runs a link to setup.py in the build folder."""
    (tmp_path / "setup.py").symlink_to(ROOT / "setup.py")
    asked = [sys.executable, "setup.py", "-q", "--version"]
    done = subprocess.run(asked, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == cac_core.__version__


def test_pip_takes_any_version_for_answering_the_tested_one_for_an_extra(given: dict[str, Any]) -> None:
    wanted = given["install_requires"]
    assert {"numpy", "openvino", "opencv-python-headless", "rosbags"} <= set(wanted)
    assert not any(re.search("[=<>;]", line) for line in wanted)
    assert {re.split("[=;]", line)[0].strip() for line in given["extras_require"]["robot"]} == set(wanted)


def test_launch_and_configuration_files_are_installed(given: dict[str, Any]) -> None:
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
    assert {name for name, _, _ in scripts} == {"classifier_node", "cac_replay", "cac_photos", "cac_teach"}
    for _, module, function in scripts:
        assert callable(getattr(importlib.import_module(module), function))
