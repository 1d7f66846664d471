# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read a file that somebody named: a regular one up to a size, and never one that blocks or has no end."""

import os
import stat
from pathlib import Path

from cac_core.support.errors import CacError
from cac_core.support.names import one_line

_KINDS = {
    stat.S_IFDIR: "is a folder",
    stat.S_IFIFO: "is a named pipe, not a file",
    stat.S_IFSOCK: "is a socket, not a file",
    stat.S_IFCHR: "is a device, not a file",
    stat.S_IFBLK: "is a device, not a file",
}


class UnreadableFileError(CacError):
    """A file cannot be read; the message begins with its path and ends without a full stop, for advice to follow."""


def read_regular_file(path: str | Path, largest: int) -> bytes:
    """The content of a regular file. Pipes and devices are not opened for long enough to wait for anything.

    Args:
        path: of the file; links are followed.
        largest: most bytes that are read.

    Raises:
        UnreadableFileError: there is no such file, it is none, it is too large, or it may not be read.
    """
    shown = one_line(os.fspath(path))
    try:
        # Without O_NONBLOCK, opening a named pipe waits for whoever writes into it.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise UnreadableFileError(f"{shown} does not exist") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a null character or half a surrogate pair
        what = error.strerror if isinstance(error, OSError) else "this is no path"
        raise UnreadableFileError(f"{shown[:300]} cannot be read ({what})") from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableFileError(f"{shown} {_KINDS.get(stat.S_IFMT(found.st_mode), 'is no file')}")
        if found.st_size > largest:
            size = f"{found.st_size / 1e6:,.0f} MB, and at most {largest / 1e6:,.0f} MB are read"
            raise UnreadableFileError(f"{shown} is too large: {size}")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(found.st_size)
    except OSError as error:
        raise UnreadableFileError(f"{shown} cannot be read ({error.strerror})") from error
    finally:
        os.close(handle)


def no_file_because(path: str | Path) -> str:
    """Why a path is neither a regular file nor a folder, as the end of a sentence; empty if it is one.

    Nothing is opened. Links are followed; where nothing is at the end, the path is missing.
    """
    try:
        kind = stat.S_IFMT(Path(path).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
    except (OSError, ValueError) as error:
        return f"cannot be looked at ({getattr(error, 'strerror', None) or error})"
    return "" if kind in (stat.S_IFREG, stat.S_IFDIR) else _KINDS.get(kind, "is no file")
