# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which module of the repository imports which, read from the source without running it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from test.repo.sources import ROOT

PACKAGES = ("cac_core", "cac_ros")


class Arrow(NamedTuple):
    """One import between two modules of the repository.

    Attributes:
        source: the importing module.
        target: the imported module.
        at_start: whether it is imported as soon as the source is; false inside a function or for type checking only.
    """

    source: str
    target: str
    at_start: bool


def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def arrows() -> list[Arrow]:
    """All imports between modules of the product, also those inside of functions."""
    known = modules()
    found: list[Arrow] = []
    for source, path in known.items():
        for name, at_start in _imported(ast.parse(path.read_text(encoding="utf-8"))):
            target = name if name in known else name.rpartition(".")[0]
            if target in known and target != source:
                found.append(Arrow(source, target, at_start))
    return found


def loads(module: str) -> set[str]:
    """Top-level names of everything that importing a module loads, directly or through modules of the product."""
    known, names, waiting, seen = modules(), set[str](), [module], set[str]()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        waiting += [parent for parent in _parents(current) if parent in known]
        for name, at_start in _imported(ast.parse(known[current].read_text(encoding="utf-8"))):
            if at_start:
                names.add(name.split(".")[0])
                waiting += [each for each in (name, name.rpartition(".")[0]) if each in known]
    return names


def room(module: str) -> str:
    """The part of a package that a module belongs to: ``cac_core.engines.common`` lies in ``cac_core.engines``."""
    return ".".join(module.split(".")[:2])


def circles() -> list[list[str]]:
    """Modules that import each other in a circle, one list for each circle."""
    edges: dict[str, set[str]] = {}
    for arrow in arrows():
        edges.setdefault(arrow.source, set()).add(arrow.target)
    found: list[list[str]] = []
    done: set[str] = set()

    def visit(module: str, way: list[str]) -> None:
        if module in way:
            found.append([*way[way.index(module) :], module])
        elif module not in done:
            for target in sorted(edges.get(module, ())):
                visit(target, [*way, module])
            done.add(module)

    for module in sorted(edges):
        visit(module, [])
    return found


def _parents(module: str) -> Iterator[str]:
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


def _imported(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Dotted names that a file imports, and whether it does so as soon as it is imported itself."""
    yield from _walk(tree.body, True)


def _walk(body: list[ast.stmt], at_start: bool) -> Iterator[tuple[str, bool]]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_start) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", at_start) for alias in node.names)
        else:
            inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or _for_types_only(node)
            for field in ("body", "orelse", "finalbody"):
                yield from _walk(getattr(node, field, []), at_start and not inside)
            for handler in getattr(node, "handlers", []):
                yield from _walk(handler.body, at_start and not inside)


def _for_types_only(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
