# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a name that somebody typed can be the name of a class and of its folder of photos."""

from cac_core.data.folder_contents import SYSTEM_NAMES
from cac_core.support.errors import DataError
from cac_core.support.names import name_problem, one_line, same_form

UNKNOWN = "unknown"
"""What labels call a thing that is none of the classes."""


def class_name(text: object) -> str:
    """The name in its one form.

    Raises:
        DataError: it cannot be a class or a folder of photos; the message is a sentence for the user.
    """
    name = same_form(text) if isinstance(text, str) else ""
    if problem := name_problem(name):
        raise DataError(f"The name {problem}.")
    shown = one_line(name)
    if name.lower() == UNKNOWN:
        raise DataError(f"{shown!r} is the answer for everything that is no class: choose another name.")
    if "/" in name or "\\" in name:
        raise DataError(f"{shown!r} holds a slash, and a folder cannot be called so: choose another name.")
    if name.startswith(".") or name.lower() in SYSTEM_NAMES:
        raise DataError(f"{shown!r} is a name for hidden files or for those of a system: choose another name.")
    return name
