# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The name of a test is the promise that it checks, short enough to be read at a glance."""

import ast

from test.repo.sources import ROOT

LONGEST = 69


def test_names_of_tests_are_shorter_than_70_characters() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {node.name} ({len(node.name)})"
        for path in sorted((ROOT / "test").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and len(node.name) > LONGEST
    ]
    assert not long
