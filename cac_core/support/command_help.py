# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The text of ``--help``: one example, what the command does, its options with their defaults."""

import shutil
import textwrap
from collections.abc import Mapping
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from docstring_parser import parse as parse_docstring

from cac_core.support.command_words import Names
from cac_core.support.options import NONE_SHOWN, Option

_INDENT = 26
_WIDEST = 110
_NARROW = 72
"""Below this width a text stands under the name of its option, not beside it."""


def help_text(example: str, kind: type, names: Names, notes: str = "") -> str:
    """The whole text.

    Args:
        example: a command line that works.
        kind: the dataclass of the options; the first paragraphs of its docstring say what the command does.
        names: every option.
        notes: further text for the end, printed as it is.
    """
    width = max(20, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns))
    about = parse_docstring(kind.__doc__ or "")
    paragraphs = [text for text in (about.short_description, about.long_description) if text]
    parts = [f"example: {example}", *(textwrap.fill(" ".join(text.split()), width) for text in paragraphs)]
    sections = {"": ["options:"]}
    for option in names.options.values():
        if option.group:
            sections[option.name] = [f"{option.name}: {option.text}"]
        elif option.text:
            lines = _entry(option, option.name in names.positional, width)
            sections[option.name.rpartition(".")[0]] += lines
    listed = ["\n".join(lines) for lines in sections.values()]
    return "\n\n".join([*parts, *listed, *([notes.strip("\n")] if notes else [])]) + "\n"


def _entry(option: Option, positional: bool, width: int) -> list[str]:
    head = f"  {option.name.upper()}" if positional else f"  {option.spelling} {option.placeholder()}".rstrip()
    text = option.text.rstrip(".") + _default(option.default)
    indent = _INDENT if width >= _NARROW else 6
    lines = textwrap.wrap(text.replace("``", ""), width - indent, break_on_hyphens=False) or [""]
    first = [f"{head:<{indent}}{lines.pop(0)}"] if len(head) < indent - 1 else [head]
    return first + [" " * indent + line for line in lines]


def _default(value: Any) -> str:
    """The default in brackets; nothing where the text itself says what happens."""
    if value is MISSING:
        return " (needed)"
    if value is NONE_SHOWN or value is None or value is False or value in ((), [], {}):
        return ""
    return f" (default: {_plain(value)})"


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(_plain(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float | str | Path) else repr(value)
