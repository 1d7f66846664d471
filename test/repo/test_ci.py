# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What can be said about the Dockerfile and the workflow without Docker and without GitHub."""

import fnmatch
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from cac_ros.middleware import Middleware, middleware_of
from test.repo.sources import ROOT, repository_files, tool

DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
STAGES = {
    text.split()[3]: text.splitlines()[1:]
    for text in re.split(r"^(?=FROM )", re.sub(r"^#.*\n|^\n", "", DOCKERFILE, flags=re.MULTILINE), flags=re.MULTILINE)
    if text.startswith("FROM ")
}
LINES = [*STAGES["base"], *STAGES["everything"]]
IGNORED = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text(encoding="utf-8"))
LONG = yaml.safe_load((ROOT / ".github" / "workflows" / "long.yaml").read_text(encoding="utf-8"))
STEPS = [(name, step) for name, job in WORKFLOW["jobs"].items() for step in job["steps"]]
COMMANDS = [step["run"] for _, step in STEPS if "run" in step]


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in phony.split())
    return set(phony.split())


def recipe(target: str) -> list[str]:
    """The commands of a target."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    texts: list[str] = re.findall(rf"^{target}: .*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    (text,) = texts
    return text.splitlines()


def copies(lines: Sequence[str] = LINES) -> list[tuple[list[str], str]]:
    """Sources and destination of every COPY from the repository."""
    found = []
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            *sources, destination = [word for word in line.split()[1:] if not word.startswith("--")]
            found.append((sources, destination))
    return found


def in_the_build_context(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return not any(
        fnmatch.fnmatch(part, pattern.removeprefix("**/"))
        for pattern in IGNORED
        for part in (parts if pattern.startswith("**/") else parts[:1])
    )


# -- Dockerfile --------------------------------------------------------------------------------------------------


def test_everything_that_is_copied_is_in_the_build_context() -> None:
    assert len(copies()) == 6
    for sources, _ in copies() + copies(STAGES["robot"]):
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source == "." or in_the_build_context(ROOT / source), source
    assert [path for path in repository_files() if not in_the_build_context(path)] == []


def test_the_image_of_an_official_ros_takes_each_distribution() -> None:
    assert STAGES["ros"][0].startswith("RUN apt-get update")
    assert "ARG ROS_DISTRO=jazzy" in DOCKERFILE.splitlines()
    assert "FROM ros:${ROS_DISTRO}-ros-base AS ros" in DOCKERFILE.splitlines()
    assert "STOPSIGNAL SIGINT" in STAGES["ros"], "launch leaves its processes alone on SIGTERM"


@pytest.mark.parametrize("lines", [LINES, STAGES["robot"], STAGES["ros"]], ids=["everything", "robot", "ros"])
def test_the_image_does_not_run_as_root(lines: list[str]) -> None:
    users = [index for index, line in enumerate(lines) if line.startswith("USER ")]
    assert [lines[index] for index in users] == ["USER robot"]
    made = next(index for index, line in enumerate(lines) if "useradd" in line)
    (folder,) = [line.split()[1] for line in lines if line.startswith("WORKDIR ")]
    assert lines[made].endswith(f"install --directory --owner=robot --group=robot {folder}"), "WORKDIR is root's"
    assert made < users[0] < lines.index(f"WORKDIR {folder}")
    assert all(
        index > users[0] for index, line in enumerate(lines) if line.startswith("COPY ") or "make" in line.split()
    )
    assert all("--chown=robot:robot " in line for line in lines if line.startswith("COPY "))


def test_the_robot_image_is_a_stage_with_an_environment_without_pytorch() -> None:
    assert list(STAGES) == ["ros", "base", "robot_environment", "robot", "everything"]  # docker build takes the last
    (made,) = STAGES["robot_environment"]
    assert "tools/setup_venv.py --robot --venv .venv" in made
    assert not any("apt-get" in line or "requirements" in line for line in STAGES["robot"])
    assert {source for sources, _ in copies(STAGES["robot"]) for source in sources} == {
        "cac_core", "cac_ros", "launch", "config",
    }  # fmt: skip
    (command,) = [line for line in STAGES["robot"] if line.startswith("CMD ")]
    assert yaml.safe_load(command.removeprefix("CMD ")) == [".venv/bin/classifier_node"]


def test_the_image_has_what_the_setup_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    module = tool("setup_venv")
    (version,) = set(re.findall(r"^FROM python:(\d+)\.(\d+)-slim-bookworm AS", DOCKERFILE, re.MULTILINE))
    assert module.OLDEST <= tuple(map(int, version)) <= module.NEWEST
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    needed = {name for name in module.missing_tools()[1] if not name.startswith("python")}  # Python is the base image
    (line,) = [line for line in LINES if "apt-get install" in line]
    assert needed <= set(line.split())


def test_the_code_is_copied_last_and_does_not_remake_the_environment(tmp_path: Path) -> None:
    """Does the COPYs for real, and asks the setup what each stage is made from before and after the last one."""
    module = tool("setup_venv")
    vars(module)["ROOT"] = tmp_path
    (made,) = [index for index, line in enumerate(LINES) if "make setup" in line]
    assert LINES[made + 1].split() == ["COPY", "--chown=robot:robot", ".", "."]
    for sources, destination in copies()[:-1]:
        for source in sources:
            target = tmp_path / destination if destination != "./" else tmp_path / source
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / source, target)
    empty = LINES[made - 1].removeprefix("RUN ")
    assert empty.startswith("mkdir ")
    subprocess.run(empty, shell=True, cwd=tmp_path, check=True)
    assert LINES[made].split(" && ")[0] == "RUN PIP_NO_CACHE_DIR=1 make setup"
    name = [sys.executable, "setup.py", "-q", "--name"]  # what pip install needs of the folder
    assert subprocess.run(name, cwd=tmp_path, check=True, capture_output=True, text=True).stdout == "cac_ros\n"
    before = module.wanted_stamps(tmp_path / ".venv", "3.12")
    for path in repository_files():
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    assert module.wanted_stamps(tmp_path / ".venv", "3.12") == before


def test_the_command_of_the_image_is_a_target() -> None:
    (command,) = [line for line in LINES if line.startswith("CMD ")]
    make, target = yaml.safe_load(command.removeprefix("CMD "))
    assert make == "make"
    assert target in targets()


# -- workflow and .ci --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*COMMANDS, (ROOT / ".ci" / "run").read_text(encoding="utf-8")])
def test_every_make_command_is_a_target(text: str) -> None:
    for command in re.findall(r"^\s*(?:exec )?make (.+)$", text, re.MULTILINE):
        names = [word for word in command.split() if "=" not in word]
        assert names
        assert set(names) <= targets()


def test_every_file_that_the_workflow_names_exists() -> None:
    text = "\n".join(COMMANDS)
    for path in re.findall(r"src/cac_ros/([\w./]*\w)", text):
        assert (ROOT / path).exists(), path
    launched = re.findall(r"ros2 launch cac_ros (\S+)", text)
    assert launched
    assert all((ROOT / "launch" / name).is_file() for name in launched)
    assert ".ci/run" in COMMANDS
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111, ".ci/run cannot be executed"


def test_the_workflow_runs_on_every_supported_python_and_ros() -> None:
    module = tool("setup_venv")
    pythons = [f"3.{minor}" for minor in range(module.OLDEST[1], module.NEWEST[1] + 1)]
    assert WORKFLOW["jobs"]["pypi"]["strategy"]["matrix"]["python"] == pythons
    assert WORKFLOW["jobs"]["ros"]["strategy"]["matrix"]["distribution"] == ["jazzy", "kilted", "lyrical"]
    middlewares = WORKFLOW["jobs"]["middlewares"]["strategy"]["matrix"]["middleware"]
    assert middlewares == ["rmw_fastrtps_cpp", "rmw_cyclonedds_cpp", "rmw_zenoh_cpp"]
    assert all(type(middleware_of(name)) is not Middleware for name in middlewares), "each has a file of its own"
    conditions = {step["if"] for _, step in STEPS if "if" in step}
    assert {re.fullmatch(r"matrix\.python == '(3\.\d+)'", text)[1] for text in conditions} <= set(pythons)  # type: ignore[index]


def test_style_and_documentation_are_checked_by_make() -> None:
    assert any("-m mkdocs build --strict" in line for line in recipe("docs"))
    for name in ("lint", "docs"):
        steps = [step["run"] for step in WORKFLOW["jobs"][name]["steps"] if "run" in step]
        assert re.fullmatch(rf"make (PYTHON=python )?{name}", steps[-1])
    for tool_name in ("ruff check", "ruff format --check", "mypy", "reuse lint"):
        assert any(f"-m {tool_name}" in line for line in recipe("lint")), tool_name


def test_the_workflow_is_well_formed() -> None:
    assert set(WORKFLOW[True]) == {"push", "pull_request"}  # YAML reads the key `on` as true
    assert WORKFLOW["permissions"] == {"contents": "read"}
    for name, step in STEPS:
        assert ("run" in step) != ("uses" in step), (name, step)
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/none@v1")), step
    for job in WORKFLOW["jobs"].values():
        assert job["timeout-minutes"] <= 90


def test_the_long_runs_are_scheduled_and_name_what_exists() -> None:
    assert LONG[True]["schedule"]
    assert any("CAC_FUZZ_MINUTES=10" in step.get("run", "") for step in LONG["jobs"]["fuzz"]["steps"])
    programs = LONG["jobs"]["kills"]["strategy"]["matrix"]["what"]
    assert {name.rpartition(".")[2] for name in programs} == {"trainer_kills", "replay_kills", "node_kills"}
    assert all((ROOT / f"{name.replace('.', '/')}.py").is_file() for name in programs)


@pytest.mark.parametrize("text", COMMANDS)
def test_every_command_is_valid_shell(text: str) -> None:
    text = re.sub(r"\$\{\{.*?\}\}", "value", text)
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_rosdep_is_told_to_skip_keys_of_the_package_only() -> None:
    keys = {element.text for element in ElementTree.parse(ROOT / "package.xml").getroot()}
    pages = [(ROOT / "README.md"), *(ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    (listed,) = re.findall(r'--skip-keys \\\n\s+"([^"]+)"', text)
    assert set(listed.split()) <= keys
    (command,) = set(re.findall(r'--skip-keys "\$\((.+?)\)"', "\n".join(COMMANDS)))
    local = command.replace("src/cac_ros/package.xml", "package.xml")
    found = subprocess.run(["bash", "-c", local], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert set(found) == {key for key in keys if key and key.startswith("python3-")}
