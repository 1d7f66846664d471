# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a path is something that can be read to its end: a pipe never answers, a device never ends."""

import stat
from pathlib import Path

_STRANGERS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def no_file_because(path: str | Path) -> str:
    """Why a path is neither a regular file nor a folder, as the end of a sentence; empty if it is one.

    Nothing is opened. Links are followed; one that leads nowhere is `missing`.
    """
    try:
        mode = Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
    except (OSError, ValueError) as error:
        return f"cannot be looked at ({getattr(error, 'strerror', None) or error})"
    for is_kind, name in _STRANGERS:
        if is_kind(mode):
            return f"is {name}, no file"
    return ""
