# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the repository consists of, for the tests that read it."""

import ast
import importlib.util
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def repository_files() -> list[Path]:
    """Every file that is, or is about to be, committed."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listing.returncode == 0:
        paths = [ROOT / line for line in listing.stdout.splitlines()]
    else:  # an unpacked archive
        skipped = {".venv", ".setup", "build", "install", "log", "__pycache__", "demo_output"}
        paths = [path for path in ROOT.rglob("*") if not skipped & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in paths if path.is_file())


def documented_topics(node: str) -> dict[str, set[str]]:
    """Types of the topics and services of a node by full name, from the table of docs/node.md."""
    text = (ROOT / "docs" / "node.md").read_text(encoding="utf-8")
    table = text.split("| Topic, service | Type | |\n|---|---|---|\n")[1].split("\n\n")[0]
    found: dict[str, set[str]] = {}
    for row in table.splitlines():
        names, kinds = (re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[1:3])
        for name, kind in zip(names, kinds * len(names) if len(kinds) == 1 else kinds, strict=True):
            full = name.replace("~", node) if name.startswith("~") else f"/{name.lstrip('/')}"
            found.setdefault(full, set()).add(kind)
    return found


def imported_packages(folder: Path) -> dict[str, set[str]]:
    """Top-level packages that the Python files below a folder import, anywhere in the file, and which files do."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        for name in _imports(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(name.split(".")[0], set()).add(path.relative_to(ROOT).as_posix())
    return found


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def tool(name: str) -> ModuleType:
    """A script of tools/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
