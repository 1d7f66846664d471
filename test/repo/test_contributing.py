# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What CONTRIBUTING.md and the other documents for contributors name is there."""

import json
import re
from pathlib import Path

import pytest
import yaml

from test.repo.sources import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PLACES = re.findall(r"`(\w+)`\s+in\s+`([\w./]+)`", CONTRIBUTING)
"""Names that a recipe says are in a file, and that file."""


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_every_file_and_folder_that_is_named_exists() -> None:
    named = set(re.findall(r"(?<![\w.-])[\w.-]*(?:[\w.-]+/)+[\w.-]*", re.sub(r"https?://\S+", "", CONTRIBUTING)))
    made = {name for name in named if name.startswith(".venv/")}
    assert len(named) > 30
    assert [name for name in sorted(named - made) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(("name", "path"), PLACES)
def test_what_a_recipe_names_is_in_its_file(name: str, path: str) -> None:
    folder = ROOT / path
    files = sorted(folder.glob("*.py")) if folder.is_dir() else [folder]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert re.search(rf"^\s*(?:class |def )?{name}\b", text, re.MULTILINE), f"{path} does not define {name}"


def test_every_recipe_that_was_promised_is_there() -> None:
    recipes = re.findall(r"^### Add an? (\w+)", CONTRIBUTING, re.MULTILINE)
    assert {"engine", "score", "loss", "parameter", "observer"} <= set(recipes)
    assert len(PLACES) >= 12


def test_every_make_target_that_is_named_exists() -> None:
    named = set(re.findall(r"`make ([a-z]+)`", CONTRIBUTING)) | set(re.findall(r"^make ([a-z]+)", CONTRIBUTING, re.M))
    assert {"setup", "lint", "test", "docs"} <= named
    assert named <= makefile_targets()


def test_the_hooks_before_a_commit_check_what_make_lint_checks() -> None:
    settings = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = {hook["id"]: hook["entry"] for repository in settings["repos"] for hook in repository["hooks"]}
    (lint,) = re.findall(r"^lint: .*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for entry in hooks.values():
        tool, *words = entry.removeprefix(".venv/bin/").split()
        command = " ".join([tool, *(word for word in words if not word.startswith("-"))])
        assert command in lint, command
    assert set(hooks) == {"ruff", "ruff-format", "mypy", "reuse"}


def test_the_container_is_set_up_by_make() -> None:
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert "make setup" in settings["postCreateCommand"]
    assert settings["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"].endswith(
        ".venv/bin/python"
    )


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yaml")), ids=lambda path: path.stem
)
def test_an_issue_template_is_one_that_github_understands(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form)
    kinds = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    assert {part["type"] for part in form["body"]} <= kinds
    names = [part["id"] for part in form["body"] if part["type"] != "markdown"]
    assert len(names) == len(set(names))
    assert all(part["attributes"].get("label") or part["type"] == "markdown" for part in form["body"])


def test_dependabot_looks_at_folders_that_exist() -> None:
    settings = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    assert settings["version"] == 2
    assert all((ROOT / entry["directory"].lstrip("/")).is_dir() for entry in settings["updates"])
    assert {entry["package-ecosystem"] for entry in settings["updates"]} == {"github-actions", "pip", "docker"}
