# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every fault that docs/reliability.md lists has a test that exists."""

import ast
import re
from functools import cache

from test.repo.sources import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
FAULTS = PAGE.partition("## Faults\n")[2].partition("\n## ")[0].partition("\n### ")[2]
ROWS = [line for line in FAULTS.splitlines() if line.startswith("| ") and not line.startswith("| Fault |")]


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_are_at_least_thirty_faults() -> None:
    assert len(ROWS) >= 30


def test_every_fault_names_a_test_that_exists() -> None:
    wrong = []
    for row in ROWS:
        found = re.search(r"`(test/[\w/]+\.py)` `(test_\w+)` \|$", row)
        if not found or not (ROOT / found[1]).is_file() or found[2] not in functions(found[1]):
            wrong.append(row)
    assert wrong == []


def test_no_fault_is_listed_twice() -> None:
    faults = [row.split(" | ")[0] for row in ROWS]
    assert len(set(faults)) == len(faults)
