# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where results and reports are kept: below a folder or a URL. A name holds nothing or all of its content."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from cac_core.support.appending import append_whole
from cac_core.support.files import check_writable, write_atomically
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.remote import file_system, sentence_about


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

    def append(self, name: str, content: bytes) -> None:
        """Append to a file.

        Raises:
            CacError, OSError: it cannot be written.
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

    def append(self, name: str, content: bytes) -> None:
        """Append to a file."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        append_whole(path, content)


class RemoteStore:
    """A place behind a URL; object stores show a file when all of it is there. See `Store`."""

    def __init__(self, url: str) -> None:
        self.place = url.rstrip("/")
        self._system, self._root = file_system(self.place)

    def check(self) -> None:
        """Find out whether files can be written."""
        with sentence_about(self.place):
            self._system.makedirs(self._root, exist_ok=True)
            self._system.pipe_file(f"{self._root}/.writable", b"")
            self._system.rm_file(f"{self._root}/.writable")

    def names(self, folder: str) -> set[str]:
        """Names of all files below a folder."""
        with sentence_about(self.place):
            start = f"{self._root}/{folder}"
            found = self._system.find(start) if self._system.exists(start) else []
        return {folder + path.partition(start)[2] for path in found}

    def read(self, name: str) -> bytes:
        """The content of a file."""
        with sentence_about(f"{self.place}/{name}"):
            return bytes(self._system.cat_file(f"{self._root}/{name}"))

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        path = f"{self._root}/{name}"
        with sentence_about(f"{self.place}/{name}"):
            self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._system.pipe_file(path, content)

    def append(self, name: str, content: bytes) -> None:
        """Append to a file."""
        with sentence_about(f"{self.place}/{name}"):
            before = self.read(name) if self._system.exists(f"{self._root}/{name}") else b""
        self.write(name, before + content)


def result_name(key: str) -> str:
    """The name of a result. Folders stay small: 256 of them share the results."""
    return f"results/{key[:2]}/{key}.npz"
