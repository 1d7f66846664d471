# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the pages name exists: modules, files, commands and their options."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from test.repo.sources import ROOT

PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
FOLDERS = "cac_core|cac_ros|cac_msgs|config|docs|launch|performance|requirements|test|tools"

HELP_OF_ALL = """
import contextlib, io, json, runpy, sys
texts = {}
for name in sys.argv[1:]:
    sys.argv = [name, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        except (Exception, SystemExit) as end:
            ended = end
    texts[name] = out.getvalue() or repr(ended)
print(json.dumps(texts))
"""


def code(text: str) -> Iterator[str]:
    """What stands in backticks: each inline piece, and each line of a block, continued lines as one."""
    blocks = r"^```\w*\n(.*?)^```"
    for block in re.findall(blocks, text, re.DOTALL | re.MULTILINE):
        yield from block.replace("\\\n", " ").splitlines()
    yield from (" ".join(piece.split()) for piece in re.findall(r"`([^`]+)`", re.sub(blocks, "", text, flags=16 | 8)))


def commands() -> Iterator[tuple[str, str, list[str]]]:
    """Page, module and options of every Python command; the measurements are modules of ``performance``."""
    for page, text in TEXTS.items():
        for line in code(text):
            found = re.search(r"(?:python3?|torchrun .*) -m ((?:cac_core|cac_ros|performance)[\w.]*)(.*)", line)
            if found:
                words = shlex.split(found[2], comments=True)
                name = found[1]
                if name == "performance" and words and (ROOT / "performance" / f"{words[0]}.py").is_file():
                    name = f"performance.{words[0]}"
                yield page, name, [word.partition("=")[0] for word in words if word.startswith("--")]


def is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@cache
def names_in(path: Path) -> set[str]:
    """What a module defines or imports at its top."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    if is_module(name):
        return True
    module, _, attribute = name.rpartition(".")
    path = ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file.is_file() and attribute in names_in(file)


@cache
def helps() -> dict[str, str]:
    """The help of every command that a page names."""
    modules = sorted({name for _, name, _ in commands()})  # in one process, because they share slow imports
    environment = {**os.environ, "COLUMNS": "160", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", HELP_OF_ALL, *modules],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    texts: dict[str, str] = json.loads(done.stdout)
    return texts


@pytest.mark.parametrize("page", TEXTS)
def test_every_module_exists(page: str) -> None:
    named = re.findall(r"(?<![\w./])((?:cac_core|cac_ros|performance)(?:\.[A-Za-z_]\w*)+)(?!\w*/)", TEXTS[page])
    ends = (".py", ".md", ".rviz", ".yaml", ".run")
    assert [name for name in named if not exists(name) and not name.endswith(ends)] == []


@pytest.mark.parametrize("page", TEXTS)
def test_every_file_exists(page: str) -> None:
    interfaces = {f"cac_msgs/{path.stem}" for path in (ROOT / "cac_msgs").glob("*/*.[ms][sr][gv]")}
    interfaces |= {f"cac_msgs/{kind}/{name.partition('/')[2]}" for kind in ("msg", "srv") for name in interfaces}
    named = [piece for piece in code(TEXTS[page]) if re.fullmatch(rf"(?:{FOLDERS})/[\w./-]*", piece)]
    assert [name for name in named if name not in interfaces and not (ROOT / name).exists()] == []


@pytest.mark.slow
def test_every_command_is_a_module_that_runs() -> None:
    wanted = {name for _, name, _ in commands()}
    assert len(wanted) > 10
    assert {name: helps()[name] for name in wanted if "--help" not in helps()[name]} == {}


@pytest.mark.slow
def test_every_option_is_in_the_help_of_its_command() -> None:
    given = [(page, name, option) for page, name, options in commands() for option in options]
    assert len(given) > 50
    known = {name: set(re.findall(r"(?<![\w-])--[\w.-]*\w", text)) for name, text in helps().items()}
    assert [f"{page}: {name} {option}" for page, name, option in given if option not in known[name]] == []


def test_every_launch_file_has_the_arguments_that_the_pages_give_it() -> None:
    lines = [line for text in TEXTS.values() for line in code(text) if "ros2 launch " in line]
    assert len(lines) >= 5
    for line in lines:
        (name,) = re.findall(r"([a-z]+\.launch\.py)", line)
        launch = (ROOT / "launch" / name).read_text(encoding="utf-8")
        for argument in re.findall(r"(\w+):=", line):
            assert f'"{argument}"' in launch, f"{line}: {argument}"
