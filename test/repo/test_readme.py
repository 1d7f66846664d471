# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The README says what the code says."""

import re
from pathlib import Path

import pytest

from cac_ros import parameters

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_parameter_table_is_that_of_the_code() -> None:
    table = re.search(r"<!-- parameters: begin[^>]*-->\n(.*?)<!-- parameters: end -->", README, re.DOTALL)
    assert table is not None
    assert table[1] == parameters.markdown_text(), "put the output of python -m cac_ros.parameters --markdown there"


def test_the_message_table_names_every_field() -> None:
    text = (ROOT / "cac_msgs" / "msg" / "OpenSetClassification.msg").read_text(encoding="utf-8")
    fields = re.findall(r"^[a-z_/A-Z0-9]+(?:\[\])? ([a-z_]+)$", text, re.MULTILINE)
    table = README.split("## What the robot gets")[1].split("```")[0]
    assert len(fields) == 10
    assert [name for name in fields if f"`{name}`" not in table] == []
    reasons = re.findall(r"^uint8 ([A-Z_]+)=", text, re.MULTILINE)
    assert [name for name in reasons if f"`{name}`" not in table] == []


def test_every_link_to_a_file_leads_to_one() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("module", re.findall(r"python -m (cac_(?:core|ros)\.[a-z_.]+)", README))
def test_every_command_exists(module: str) -> None:
    path = ROOT / module.replace(".", "/")
    assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make ([a-z]+)`", README)) | set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE))
    assert targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
