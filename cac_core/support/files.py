# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write files so that a name never holds half of one, and find out before the work whether they can be written."""

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from cac_core.support.errors import CacError
from cac_core.support.names import one_line

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE, errno.EFBIG})
"""What a disk says that is full, broken, or was taken away."""

_UNFINISHED = ".part"
_OLD = ".old" + _UNFINISHED
_NAME = 50  # characters of a file's name in that of its unfinished one, which then is never too long
_NO_RESERVING = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENODEV, errno.ENOSYS}


class UnwritableError(CacError):
    """A file cannot be written; the message is a sentence that begins with its path."""


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a file so that its name holds either the old content or all of the new, even if power fails.

    Raises:
        UnwritableError: with the reason; the old content is still there.
    """
    write_together({Path(path): content})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write files that belong together, so that old and new ones are never mixed.

    All are written in full under other names first. Then the old ones are moved away and the new ones take their names.
    An error puts the old ones back. A kill within these few renames leaves some of the files missing, but never files
    of both sets. A single file is replaced in one step.

    Args:
        files: their paths and contents.

    Raises:
        UnwritableError: with the reason; the old files are still there.
    """
    with contextlib.ExitStack() as stack:
        parts: dict[Path, Path] = {}
        for target, content in files.items():
            with sentence_about(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                handle, part = stack.enter_context(_unfinished(target))
                _write(handle, content)
                parts[target] = part
        if len(parts) == 1:
            ((target, part),) = parts.items()
            with sentence_about(target):
                part.replace(target)
        else:
            _exchange(parts)
        for folder in {target.parent for target in parts}:
            with sentence_about(folder):
                _sync_folder(folder)


def check_writable(path: str | Path, size: int = 0) -> None:
    """Find out whether a file could be written now. Nothing is left behind.

    Args:
        path: of the file; what it holds stays.
        size: bytes that there must be room for.

    Raises:
        UnwritableError: with the reason.
    """
    target = Path(path)
    made: list[Path] = []
    try:
        with sentence_about(target, f" ({size / 1e6:,.0f} MB are needed)" if size else ""):
            for folder in reversed([each for each in target.parents if not each.exists()]):
                folder.mkdir(exist_ok=True)
                made.append(folder)
            with _unfinished(target) as (handle, _):
                _reserve(handle, size)
    finally:
        for folder in reversed(made):
            with contextlib.suppress(OSError):  # somebody uses it now
                folder.rmdir()


@contextlib.contextmanager
def sentence_about(path: Path, no_room: str = "") -> Iterator[None]:
    """Turn what the system says about a path that is written into a sentence.

    Args:
        path: the file or folder.
        no_room: what to add when the disk is full.

    Raises:
        UnwritableError: instead of an OSError.
    """
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a path with a null character or half a surrogate pair
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else "this is no path"
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason += no_room
        raise UnwritableError(f"{one_line(str(path))[:300]} cannot be written: {one_line(reason)}.") from error


@contextlib.contextmanager
def _unfinished(target: Path) -> Iterator[tuple[int, Path]]:
    """An open file beside the target, which is deleted at the end unless it was renamed.

    Its lock tells others that its writer lives; what a killed one left is deleted.
    """
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(target.stat().st_mode):
            kind = errno.EISDIR if target.is_dir() else errno.ENOTSUP
            raise OSError(kind, "it is a folder" if target.is_dir() else "it is not a regular file")
    prefix = f".{target.name[:_NAME]}."
    _delete_leftovers(target.parent, prefix)
    while True:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=prefix, suffix=_UNFINISHED)
        with contextlib.suppress(OSError):  # a file system without locks: then nobody deletes it either
            fcntl.flock(handle, fcntl.LOCK_EX)
        if Path(name).exists():
            break
        os.close(handle)  # taken for a leftover before it was locked
    try:
        yield handle, Path(name)
    finally:
        os.close(handle)
        with contextlib.suppress(OSError):
            Path(name).unlink(missing_ok=True)


def _delete_leftovers(folder: Path, prefix: str) -> None:
    with os.scandir(folder) as entries:
        found = [each.path for each in entries if each.name.startswith(prefix) and each.name.endswith(_UNFINISHED)]
    for path in found:
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Path(path).unlink()
            finally:
                os.close(handle)


def _write(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:  # a disk that is nearly full takes a part
        rest = rest[os.write(handle, rest) :]
    # mkstemp makes the file private; give it the permissions a plain open() would have.
    mask = os.umask(0)
    os.umask(mask)
    os.fchmod(handle, 0o666 & ~mask)
    os.fsync(handle)


def _exchange(parts: Mapping[Path, Path]) -> None:
    """Give all unfinished files their names, or none of them."""
    old = {target: part.with_name(part.name + _OLD) for target, part in parts.items() if target.exists()}
    moved: list[Path] = []
    try:
        for target, aside in old.items():
            with sentence_about(target):
                target.replace(aside)
        for target, part in parts.items():
            moved.append(target)
            with sentence_about(target):
                part.replace(target)
    except BaseException:
        for target in moved:
            with contextlib.suppress(OSError):
                target.unlink()
        for target, aside in old.items():
            with contextlib.suppress(OSError):
                aside.replace(target)
        raise
    for aside in old.values():
        with contextlib.suppress(OSError):
            aside.unlink()


def _reserve(handle: int, size: int) -> None:
    disk = os.fstatvfs(handle)
    if disk.f_blocks and size > disk.f_bavail * disk.f_frsize:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if size and hasattr(os, "posix_fallocate"):  # this finds quotas too
        try:
            os.posix_fallocate(handle, 0, size)
        except OSError as error:
            if error.errno not in _NO_RESERVING:
                raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system whose folders cannot be synced
            raise
    finally:
        os.close(handle)
