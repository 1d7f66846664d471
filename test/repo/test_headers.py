# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every source file says who owns it and under which licence."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from test.repo.sources import ROOT, repository_files

SOURCES = {
    ".py", ".msg", ".srv", ".xml", ".yaml", ".yml", ".toml", ".cfg", ".txt", ".html", ".css", ".js", ".j2", ".rviz",
    ".md", ".cff",
}  # fmt: skip
NAMES = {"Makefile", "Dockerfile", "CMakeLists.txt", ".ci/run"}
# REUSE-IgnoreStart
OWNER = "SPDX-FileCopyrightText: 2026 cac_ros contributors"
LICENCE = "SPDX-License-Identifier: Apache-2.0"
# REUSE-IgnoreEnd


def is_source(path: Path) -> bool:
    if path.parent.name == "LICENSES":
        return False
    return path.suffix in SOURCES or path.name in NAMES or path.relative_to(ROOT).as_posix() in NAMES


def test_every_source_file_has_the_header() -> None:
    sources = [path for path in repository_files() if is_source(path)]
    assert len(sources) > 50
    bare = []
    for path in sources:
        head = "".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:6])
        if OWNER not in head or LICENCE not in head:
            bare.append(path.relative_to(ROOT).as_posix())
    assert bare == []


def test_the_licence_is_there_in_full() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert (ROOT / "LICENSES" / "Apache-2.0.txt").read_text(encoding="utf-8") == text, "reuse reads this copy"


def test_reuse_knows_the_licence_of_every_file() -> None:
    reuse = shutil.which("reuse", path=sysconfig.get_path("scripts"))
    if reuse is None:
        pytest.skip("reuse is not installed")
    done = subprocess.run([reuse, "lint", "--quiet"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, "run: make lint"
