# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where results and reports are kept: below a folder. A name holds nothing or all of its content."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from cac_core.support.files import check_writable, write_atomically
from cac_ros.fleet.errors import FleetError


class Store(Protocol):
    """Files by name; a name is a relative path with slashes."""

    place: str

    def check(self) -> None:
        """Find out whether files can be written.

        Raises:
            CacError: they cannot.
        """

    def names(self, folder: str) -> set[str]:
        """Names of all files below a folder; none where it is missing."""

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            FleetError: it cannot be read.
        """

    def write(self, name: str, content: bytes) -> None:
        """Write a file.

        Raises:
            CacError: it cannot be written.
        """


class LocalStore:
    """A folder of this machine, or one that looks like it. See `Store`."""

    def __init__(self, folder: Path) -> None:
        self.place = str(folder)
        self._folder = folder

    def check(self) -> None:
        """Find out whether files can be written."""
        if self._folder.exists() and not self._folder.is_dir():
            raise FleetError(f"--out {self._folder} is a file; give a folder, it is created when missing.")
        check_writable(self._folder / "report.html", 16_000_000)

    def names(self, folder: str) -> set[str]:
        """Names of all files below a folder."""
        start = self._folder / folder
        found = (path for path in start.rglob("*") if not path.name.startswith("."))
        return {path.relative_to(self._folder).as_posix() for path in found if path.is_file()}

    def read(self, name: str) -> bytes:
        """The content of a file."""
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise FleetError(f"{self._folder / name} cannot be read: {error.strerror}.") from error

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        write_atomically(self._folder / name, content)


def result_name(key: str) -> str:
    """The name of a result. Folders stay small: 256 of them share the results."""
    return f"results/{key[:2]}/{key}.npz"
