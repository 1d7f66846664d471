# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The set-up script and the Makefile keep their promises without installing anything."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from test.repo.sources import ROOT, tool


@pytest.fixture
def setup_venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/setup_venv.py as a module, with its log and lock in a folder of the test."""
    module = tool("setup_venv")
    monkeypatch.setattr(module, "WORK", tmp_path / "work")
    monkeypatch.setattr(module, "LOG", tmp_path / "work" / "setup.log")
    return module


@pytest.fixture
def stages(setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the real work by notes of what would have been done."""
    done: list[str] = []

    def create(venv: Path, env: dict[str, str], needed_gb: int) -> None:
        done.append("create")
        (venv / "bin").mkdir(parents=True, exist_ok=True)
        (venv / "bin" / "python").touch()

    monkeypatch.setattr(setup_venv, "create_environment", create)
    for name in ("install_packages", "build_messages", "install_cac_ros"):
        monkeypatch.setattr(setup_venv, name, lambda *_, name=name: done.append(name))
    monkeypatch.setattr(setup_venv, "check_machine", lambda: None)
    setup_venv.WORK.mkdir()
    return done


EVERYTHING = ["create", "install_packages", "build_messages", "install_cac_ros"]


def test_the_second_run_does_nothing(setup_venv: ModuleType, stages: list[str], tmp_path: Path) -> None:
    setup_venv.set_up(tmp_path / "v", keep_python=False)
    assert stages == EVERYTHING
    setup_venv.set_up(tmp_path / "v", keep_python=False)
    assert stages == EVERYTHING


def test_a_robot_gets_an_environment_of_its_own_packages(
    setup_venv: ModuleType, stages: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(setup_venv, "install_packages", lambda venv, env, names: asked.append(names))
    setup_venv.set_up(tmp_path / "v", keep_python=False, robot=True)
    setup_venv.set_up(tmp_path / "v", keep_python=False, robot=True)
    assert asked == [("robot.txt", "ros.txt", "build.txt")]


def test_a_changed_message_is_built_without_installing_packages(
    setup_venv: ModuleType, stages: list[str], tmp_path: Path
) -> None:
    setup_venv.set_up(tmp_path / "v", keep_python=False)
    stamp = setup_venv.read_stamp(tmp_path / "v")
    setup_venv.write_stamp(tmp_path / "v", {**stamp, "messages": "of an older source"})
    stages.clear()
    setup_venv.set_up(tmp_path / "v", keep_python=False)
    assert stages == ["build_messages"]


def test_an_interrupted_installation_is_made_anew(
    setup_venv: ModuleType, stages: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(setup_venv, "install_packages", interrupted)
        with pytest.raises(KeyboardInterrupt):
            setup_venv.set_up(tmp_path / "v", keep_python=False)
    stages.clear()
    setup_venv.set_up(tmp_path / "v", keep_python=False)
    assert stages == EVERYTHING


def test_another_python_makes_it_anew_only_when_asked_for(
    setup_venv: ModuleType, stages: list[str], tmp_path: Path
) -> None:
    venv = tmp_path / "v"
    setup_venv.set_up(venv, keep_python=False)
    other = {**setup_venv.wanted_stamps(venv, "3.99"), "python": "3.99"}
    setup_venv.write_stamp(venv, other)
    stages.clear()
    setup_venv.set_up(venv, keep_python=True)
    assert stages == []
    setup_venv.set_up(venv, keep_python=False)
    assert stages == EVERYTHING


def test_a_folder_of_somebody_else_is_left_alone(setup_venv: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "precious.txt").write_text("mine")
    with pytest.raises(setup_venv.SetupError, match="was not made by this setup; move it away"):
        setup_venv.create_environment(tmp_path / "v", dict(os.environ), 0)
    assert (tmp_path / "v" / "precious.txt").read_text() == "mine"


def test_a_missing_compiler_and_cmake_get_one_sentence_with_the_apt_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "setup_venv.py"), "--venv", str(tmp_path / "v")],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cmake are missing; install with: sudo apt install build-essential cmake" in done.stderr
    assert not (tmp_path / "v").exists()


def test_a_failing_step_shows_its_last_lines_and_the_log(
    setup_venv: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    setup_venv.WORK.mkdir()
    code = "for i in range(100): print(i)\nprint('no space left on device'); raise SystemExit(3)"
    with pytest.raises(setup_venv.SetupError) as failure:
        setup_venv.run_step("install packages", [sys.executable, "-c", code], dict(os.environ))
    sentence = str(failure.value)
    assert sentence.startswith("install packages failed (exit code 3)")
    assert "no space left on device" in sentence
    assert str(setup_venv.LOG) in sentence
    assert "    5\n" not in sentence


def test_a_sourced_ros_does_not_reach_the_environment(
    setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AMENT_PREFIX_PATH", "/opt/ros/jazzy")
    monkeypatch.setenv("PYTHONPATH", "/opt/ros/jazzy/lib/python3.12/site-packages")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/ros/jazzy/lib:/opt/cuda/lib")
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")
    env = setup_venv.clean_environment(tmp_path)
    assert env["LD_LIBRARY_PATH"] == "/opt/cuda/lib"
    assert {"AMENT_PREFIX_PATH", "PYTHONPATH", "RMW_IMPLEMENTATION"} & set(env) == set()


def test_make_alone_explains_itself() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    for target in ("demo", "test", "lint", "docs", "lock", "bench", "setup", "clean"):
        assert f"make {target} " in done.stdout
    assert "PYTHON=" in done.stdout
    assert """make test ARGS="-m 'not slow'\"""" in done.stdout


def test_continuous_integration_runs_the_whole_suite() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()
