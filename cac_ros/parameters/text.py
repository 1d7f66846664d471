# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The table as text: ``config/classifier.yaml`` and the overview in the documentation. No ROS in this file."""

import json
import re
import textwrap

from cac_ros.parameters.node_parameters import TABLE


def yaml_text() -> str:
    """The whole text of ``config/classifier.yaml``: every parameter with its default, described."""
    # REUSE-IgnoreStart
    lines = [
        "# SPDX-FileCopyrightText: 2026 cac_ros contributors",
        "# SPDX-License-Identifier: Apache-2.0",
        "#",
        "# Every parameter of the classifier node with its default.",
        "# Written by `python -m cac_ros.parameters` from cac_ros/parameters/node_parameters.py.",
        "/**:",
        "  ros__parameters:",
    ]
    # REUSE-IgnoreEnd
    for spec in TABLE:
        notes = [spec.description]
        if spec.constraint:
            notes.append(f"Allowed: {spec.constraint}.")
        notes.append(f"Can be changed {spec.changes}{f': {spec.fixed}' if spec.fixed else ''}.")
        lines += [f"    # {line}" for line in textwrap.wrap(" ".join(notes), 110)]
        lines.append(f"    {spec.name}: {json.dumps(spec.default)}")
    return "\n".join(lines) + "\n"


def markdown_text() -> str:
    """An overview of all parameters: the table of ``docs/parameters.md``, where each has a section of its own."""
    lines = ["| Parameter | Type | Default | Allowed | Can be changed | What it is |", "|---|---|---|---|---|---|"]
    for spec in TABLE:
        name = f"[`{spec.name}`](#{spec.name})"
        cells = [name, spec.type_name, f"`{json.dumps(spec.default)}`", spec.constraint or "any"]
        cells += [spec.changes, first_sentence(spec.description)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def first_sentence(text: str) -> str:
    """A text up to its first full stop that ends a sentence."""
    return re.split(r"(?<=\.) ", text, maxsplit=1)[0]
