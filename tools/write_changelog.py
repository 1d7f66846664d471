# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""CHANGELOG.md in the form that bloom and ROS's index read: `python tools/write_changelog.py > CHANGELOG.rst`.

The form is that of REP 132: a heading for each version with its date, newest first, and lists below it. Run it before
`bloom-release`; the file is not kept, so that there is one changelog.
"""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
PACKAGE = "cac_ros"


def changelog_text(markdown: str, package: str = PACKAGE) -> str:
    """The changelog as reStructuredText.

    Args:
        markdown: in the form of Keep a Changelog.
        package: name of the ROS package.
    """
    title = f"Changelog for package {package}"
    lines = ["^" * len(title), title, "^" * len(title), ""]
    for part in re.split(r"^## ", markdown, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        version, _, date = heading.replace("[", "").replace("]", "").partition(" - ")
        text = "Forthcoming" if version == "Unreleased" else f"{version} ({date})"
        lines += [text, "-" * len(text), *_entries(body), ""]
    return "\n".join(lines)


def _entries(body: str) -> list[str]:
    entries: list[str] = []
    kind = ""
    for line in body.splitlines():
        if line.startswith("### "):
            kind = line.removeprefix("### ")
        elif line.startswith("- "):
            entries.append(f"* {kind}: {_inline(line[2:])}")
        elif line.startswith("  ") and entries:
            entries.append(f"  {_inline(line.strip())}")
    return entries


def _inline(text: str) -> str:
    """Markdown's links and code as reStructuredText has them; what has a meaning there only is escaped."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    parts = text.split("`")  # every second one is code
    escaped = [re.sub(r"[*_|\\]", lambda match: f"\\{match[0]}", part) for part in parts[::2]]
    code = [f"``{part}``" for part in parts[1::2]]
    return "".join(piece for pair in zip(escaped, [*code, ""], strict=False) for piece in pair)


if __name__ == "__main__":
    sys.stdout.write(changelog_text(CHANGELOG.read_text(encoding="utf-8")))
