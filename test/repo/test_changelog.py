# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The changelog that bloom reads: made from CHANGELOG.md, and read here by the parser that bloom uses."""

from pathlib import Path

import pytest

from test.repo.sources import ROOT, tool
from test.repo.test_package import CHANGES

MARKDOWN = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_bloom_reads_every_version_and_its_date(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    parser = pytest.importorskip("catkin_pkg.changelog", reason="catkin_pkg is not installed")
    file = tmp_path / "CHANGELOG.rst"
    file.write_text(tool("write_changelog").changelog_text(MARKDOWN), encoding="utf-8")
    read = parser.get_changelog_from_path(str(file), "cac_ros")
    versions = [(version, date.strftime("%Y-%m-%d")) for version, date, _ in read.foreach_version(reverse=True)]
    assert sorted(versions, reverse=True) == CHANGES
    assert capfd.readouterr().err == "", "the reader of reStructuredText has nothing to complain about"


def test_marks_of_markdown_become_those_of_restructuredtext() -> None:
    text = tool("write_changelog").changelog_text(
        "# Changelog\n\n## [1.0.0] - 2026-01-02\n\n### Added\n\n- `a_b*` and [c_](d.md), | and *e*.\n  More.\n", "x"
    )
    assert text.splitlines()[4:] == [
        "1.0.0 (2026-01-02)",
        "-" * 18,
        r"* Added: ``a_b*`` and c\_, \| and \*e\*.",
        "  More.",
    ]
