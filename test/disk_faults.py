# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A disk that fails at a chosen step: the n-th opening, writing, syncing or renaming in a folder."""

import builtins
import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cac_core.support.errors import CacError

OPERATIONS = ("open", "write", "fsync", "rename")
ERRORS = (errno.ENOSPC, errno.EIO)


class Disk:
    """Counts the steps of one kind below a folder, and lets one of them fail."""

    def __init__(self, folder: Path, operation: str, number: int, error: int) -> None:
        self.folder = os.path.realpath(folder)
        self.operation, self.left, self.error = operation, number, error

    @property
    def failed(self) -> bool:
        return self.left <= 0

    def step(self, operation: str, where: object) -> None:
        if operation == self.operation and self._inside(where):
            self.left -= 1
            if self.left == 0:
                raise OSError(self.error, os.strerror(self.error), str(where))

    def _inside(self, where: object) -> bool:
        if isinstance(where, int):
            try:
                path = str(Path(f"/proc/self/fd/{where}").readlink())
            except OSError:
                return False
        elif isinstance(where, str | os.PathLike):
            path = os.path.realpath(where)
        else:
            return False
        return path == self.folder or path.startswith(f"{self.folder}/")


class FaultyFile:
    """A file of Python's own whose writing may fail."""

    def __init__(self, file: Any, disk: Disk) -> None:
        self._file, self._disk = file, disk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "FaultyFile":
        self._file.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._file.__exit__(*details)

    def write(self, content: Any) -> Any:
        self._disk.step("write", self._file.fileno())
        return self._file.write(content)


@contextmanager
def failing_disk(folder: Path, operation: str, number: int, error: int) -> Iterator[Disk]:
    """The number-th operation in this folder raises an OSError."""
    disk = Disk(folder, operation, number, error)

    def faulty(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(where: Any, *rest: Any, **named: Any) -> Any:
            disk.step(name, where)
            return real(where, *rest, **named)

        return step

    def opening(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(where: Any, *rest: Any, **named: Any) -> Any:
            inside = disk._inside(where) and not isinstance(where, int)
            if inside:
                disk.step("open", where)
            file = real(where, *rest, **named)
            return FaultyFile(file, disk) if inside else file

        return step

    with pytest.MonkeyPatch.context() as patch:
        for name, operation_name in (("open", "open"), ("write", "write"), ("fsync", "fsync")):
            patch.setattr(os, name, faulty(operation_name, getattr(os, name)))
        for name in ("rename", "replace"):
            patch.setattr(os, name, faulty("rename", getattr(os, name)))
        patch.setattr(io, "open", opening(io.open))
        patch.setattr(builtins, "open", opening(builtins.open))
        yield disk


def at_every_step(
    operation: str,
    folder: Path,
    prepare: Callable[[], object],
    action: Callable[[], object],
    check: Callable[[str], object],
) -> int:
    """Let each step of an action fail once, with each error.

    Args:
        operation: one of OPERATIONS.
        folder: where they count.
        prepare: makes what is there before, each time anew.
        action: what is tried.
        check: what must hold afterwards; gets the sentence of the error, empty if there was none.

    Returns:
        The number of steps that failed.
    """
    tries = 0
    for error in ERRORS:
        for number in range(1, 1000):
            prepare()
            sentence = ""
            with failing_disk(folder, operation, number, error) as disk:
                try:
                    action()
                except CacError as told:
                    sentence = str(told)
                    assert sentence.isprintable()
                    assert os.strerror(error) in sentence
            if not disk.failed:
                assert not sentence
                break
            check(sentence)
            tries += 1
    return tries
