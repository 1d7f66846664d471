# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The README is short, and it says what the code and the other pages say."""

import ast
import re

from test.repo.sources import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_WORDS = 1000


def test_people_can_finish_it() -> None:
    assert len(README.split()) <= MOST_WORDS


def test_it_begins_with_a_sentence_and_a_picture() -> None:
    first, second = README.split("# cac_ros\n\n")[1].split("\n\n")[:2]
    assert re.fullmatch(r"\*\*[^.]+\.\*\*", first)
    assert re.fullmatch(r"!\[[^\]]+\]\(docs/images/debug_image\.png\)", second)


def test_the_consumer_has_ten_lines_and_reads_fields_that_exist() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len([line for line in code.splitlines() if line]) <= 10
    read = {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "answer"
    }
    message = (ROOT / "cac_msgs" / "msg" / "OpenSetClassification.msg").read_text(encoding="utf-8")
    assert "unknown" in read
    assert read <= set(re.findall(r"^\S+ ([a-z_]+)(?: \S+)?$", message, re.MULTILINE))


def test_every_figure_is_one_of_the_benchmarks() -> None:
    benchmarks = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\|[^|]+\|([^|]+)\|([^|]+)\|$", README.split("## Results")[1], re.MULTILINE)
    figures = [match for row in cells for cell in row for match in re.findall(r"^ ([\d.]+(?: ± [\d.]+)?)", cell)]
    assert len(figures) == 12
    assert [figure for figure in figures if f" {figure} " not in benchmarks.replace("*", "")] == []


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make ([a-z]+)`", README)) | set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE))
    assert targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
