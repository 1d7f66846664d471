# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names of classes and files: their one form, what is allowed in them, and how text of unknown origin is shown."""

import unicodedata
from collections.abc import Sequence

from cac_core.support.errors import DataError
from cac_core.support.limits import NAME_BYTES

MOST_LISTED = 10
"""Names that a sentence lists; of three hundred it counts the rest."""

_JOINERS = "\u200c\u200d"  # invisible, but part of the spelling of several languages
_UNSHOWN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control and format characters, half pairs, line and paragraph separators


def same_form(name: str) -> str:
    """The one form in which names are compared and kept, wherever they come from: folders, labels, topics, options.

    Unicode NFC, because a Mac writes ``ä`` as two characters and Linux as one; no blanks around it, because nobody sees
    them. Upper and lower case stay different.
    """
    return unicodedata.normalize("NFC", name).strip()


def by_form(names: Sequence[str]) -> dict[str, int]:
    """Where the class of each name stands, by the one form of its name.

    Raises:
        DataError: two have one form. A model of an earlier version can know ``cup`` and ``cup `` with a blank: no
            folder and no label can say which of them it means.
    """
    index: dict[str, int] = {}
    for i, name in enumerate(names):
        first = index.setdefault(same_form(name), i)
        if first != i:
            raise DataError(
                f"the model has the classes {names[first]!r} and {name!r}, and their names differ only in blanks or in "
                "Unicode form: photos and labels cannot be told apart. Train it anew with other names."
            )
    return index


def name_problem(name: object) -> str:
    """Why something cannot be the name of a class or a model, as the end of a sentence; empty if it can.

    A name is one line of text that can be written as UTF-8 and shown: no control characters, no half surrogate pairs.
    """
    if not isinstance(name, str):
        return f"is no text but {type(name).__name__}"
    if not name.strip():
        return "is empty"
    if len(name) > NAME_BYTES or len(name.encode("utf-8", "surrogatepass")) > NAME_BYTES:
        return f"is longer than {NAME_BYTES} bytes ({one_line(name[:20])}…)"
    if any(_is_unshown(character) for character in name):
        return f"holds a character that cannot be shown ({one_line(name)})"
    return ""


def one_line(text: str) -> str:
    """Text of unknown origin as one line that can be shown: a line break becomes a backslash and an n, and so on.

    A name that holds a line break cannot write a line of its own into a log.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(character) if _is_unshown(character) else character for character in text)


def listed(names: Sequence[str], most: int = MOST_LISTED) -> str:
    """Names for a sentence, with commas: the first few, and how many more there are."""
    shown = ", ".join(map(one_line, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def several_lines(text: str) -> str:
    """Like :func:`one_line` for a traceback: lines stay lines, but every line after the first is indented."""
    return "\n    ".join(one_line(line) for line in text.splitlines())


def _is_unshown(character: str) -> bool:
    return unicodedata.category(character) in _UNSHOWN and character not in _JOINERS


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
