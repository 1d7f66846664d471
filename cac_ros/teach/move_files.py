# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Move one file so that it is never lost, never half, and never over another one."""

import contextlib
import errno
import filecmp
import os
import shutil
from pathlib import Path

_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
"""Another file system, or one without hard links."""


def free_path(target: Path, taken: set[Path]) -> Path:
    """The path, or one with a number behind its name if there is a file already or the path is taken."""
    path, number = target, 1
    while path in taken or os.path.lexists(path):
        number += 1
        path = target.with_name(f"{target.stem}_{number}{target.suffix}")
    taken.add(path)
    return path


def move_file(source: Path, target: Path) -> None:
    """Move a file to a path where nothing is.

    A kill leaves the file at one of the paths or, whole, at both; calling it again ends that.

    Raises:
        FileNotFoundError: the source is not there, nor is the target.
        FileExistsError: the target is another file.
        OSError: the disk is full, say; the source is as it was, and there is no target.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(target):
        _end_earlier_move(source, target)
        return
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _copy(source, target)
    try:
        source.unlink()
    except OSError:
        with contextlib.suppress(OSError):
            target.unlink()
        raise


def _end_earlier_move(source: Path, target: Path) -> None:
    if not source.exists():
        return
    if not (source.samefile(target) or filecmp.cmp(source, target, shallow=False)):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    source.unlink()


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name[:100]}.part")
    try:
        with source.open("rb") as old, part.open("wb") as new:
            shutil.copyfileobj(old, new)
            new.flush()
            os.fsync(new.fileno())
        part.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
