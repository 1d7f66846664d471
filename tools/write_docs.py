# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write docs/parameters.md and docs/messages.md from the code: `python tools/write_docs.py`.

A test compares them, so the documentation cannot say something else than the code.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cac_ros import parameters  # noqa: E402 - found through the line above

HEADER = """\
<!-- SPDX-FileCopyrightText: 2026 cac_ros contributors -->
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by tools/write_docs.py; not to be edited by hand. -->
"""


class Line(NamedTuple):
    """One field or constant of an interface, with what is said of it."""

    type: str
    name: str
    value: str
    default: str
    meaning: str


def parameters_page() -> str:
    """Every parameter of the node, one section each."""
    parts = [
        HEADER + "# Parameters\n",
        "Set one parameter with `--ros-args -p NAME:=VALUE`. Set all of them with `--ros-args --params-file FILE`; "
        "`config/classifier.yaml` is such a file and holds the defaults.\n",
        "`ros2 param set /cac_classifier NAME VALUE` changes a parameter of a running node. Some can be changed "
        "always. The new value holds from the next frame on. Others are read when the node is configured. They can be "
        "changed while the node is unconfigured: `ros2 lifecycle set /cac_classifier deactivate`, then `cleanup`. The "
        "node rejects every other change, and says why.\n",
        "The table below, the sections and `config/classifier.yaml` are made from "
        "`cac_ros/parameters/node_parameters.py`.\n",
        parameters.markdown_text(),
    ]
    for row in parameters.TABLE:
        parts += [f"## `{row.name}`\n", f"{row.description}\n"]
        facts = [f"- {row.type_name}, default `{json.dumps(row.default)}`"]
        if row.constraint:
            facts.append(f"- allowed: {row.constraint}")
        facts.append(f"- can be changed {row.changes}{f': {row.fixed}' if row.fixed else ''}")
        parts.append("\n".join(facts) + "\n")
    return "\n".join(parts)


def messages_page() -> str:
    """Every message and service, from the comments of its file."""
    parts = [HEADER + "# Messages and services\n", "All of them are in the package `cac_msgs`. It needs no PyTorch.\n"]
    for path in sorted((ROOT / "cac_msgs").glob("*/*.[ms][sr][gv]")):
        parts.append(f"## `cac_msgs/{path.parent.name}/{path.stem}`\n")
        request, *response = path.read_text(encoding="utf-8").split("\n---\n")
        parts.append(_part(request, "Request" if response else ""))
        if response:
            parts.append(_part(response[0], "Response"))
    return "\n".join(parts)


def _part(text: str, title: str) -> str:
    about, lines = _read(text)
    parts = [f"{about}\n"] if about else []
    if title:
        parts.append(f"{title}:\n")
    for heading, wanted in (("Constant", True), ("Field", False)):
        rows = [line for line in lines if bool(line.value) == wanted]
        if rows:
            table = [f"| {heading} | Type | Meaning |", "|---|---|---|"]
            for row in rows:
                name = f"`{row.name}` = {row.value}" if row.value else f"`{row.name}`"
                name += f" (default `{row.default}`)" if row.default else ""
                table.append(f"| {name} | `{row.type}` | {row.meaning} |")
            parts.append("\n".join(table) + "\n")
    return "\n".join(parts)


def _read(text: str) -> tuple[str, list[Line]]:
    """What a file says of the whole, and its lines with the comments above or behind them."""
    about, lines = "", []
    for block in _blocks(text):
        comment = " ".join(line.lstrip("# ") for line in block if line.startswith("#"))
        rest = [line for line in block if not line.startswith("#")]
        if not rest and not lines and "SPDX" not in comment:
            about = f"{about} {comment}".strip()
        for line in rest:
            found = re.match(r"(\S+)\s+(\w+)(?:=(\S+)|\s+([^#\s]+))?\s*(?:#\s*(.*))?$", line)
            assert found is not None, line
            kind, name, value, default, behind = found.groups()
            lines.append(Line(kind, name, value or "", default or "", (behind or comment).replace("|", "\\|")))
    return about, lines


def _blocks(text: str) -> Iterator[list[str]]:
    for block in re.split(r"\n\s*\n", text.strip()):
        yield block.splitlines()


PAGES = {"parameters.md": parameters_page, "messages.md": messages_page}


def main() -> int:
    """Write the pages."""
    for name, page in PAGES.items():
        (ROOT / "docs" / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
