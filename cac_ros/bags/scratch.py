# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Copies of files that cannot be read as they lie there: compressed ones, and databases with a log to take over.

The bag itself is never changed.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from types import TracebackType

from cac_core.support import console
from cac_core.support.limits import BAG_UNPACKED_BYTES
from cac_ros.bags.inflating import zstd_pieces
from cac_ros.bags.message import BagError

_SPARE = 1 << 28  # [bytes] that stay free on the disk
_SIDES = ("-wal", "-journal")


class Scratch:
    """A folder for copies, made when it is needed and removed at the end; use it in a `with` statement."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def unpacked(self, path: Path) -> Path:
        """A file without its zstd compression; where the compressed file is cut off, what is before the cut.

        Raises:
            BagError: it does not fit on the disk, or is larger than a file may be.
        """
        copy = self._place(path)
        room = self._room(copy.parent)
        size = 0
        with console.activity(f"unpacking {path.name}"), path.open("rb") as source, copy.open("wb") as target:
            for piece in zstd_pieces(source):
                size += len(piece)
                if size > BAG_UNPACKED_BYTES:
                    raise BagError(
                        f"{path} becomes larger than {BAG_UNPACKED_BYTES / 2**30:.0f} GiB when it is unpacked; "
                        "if that is right, unpack it with `zstd -d --keep`."
                    )
                if size > room:
                    raise self._no_room(path, size)
                target.write(piece)
        return copy

    def taken_over(self, path: Path) -> Path:
        """A copy of a database into which SQLite has taken over the log beside it.

        Raises:
            BagError: there is no room for the copy.
            sqlite3.Error: SQLite cannot use the log.
        """
        copy = self._place(path)
        sides = [side for side in _SIDES if log_of(path, side) is not None]
        size = sum(path.with_name(path.name + side).stat().st_size for side in ("", *sides))
        if 2 * size > self._room(copy.parent):
            raise self._no_room(path, 2 * size)
        with console.activity(f"taking over the log of {path.name}"):
            for side in (*sides, ""):
                shutil.copyfile(path.with_name(path.name + side), copy.with_name(copy.name + side))
            with closing(sqlite3.connect(copy)) as database:
                database.execute("SELECT COUNT(*) FROM sqlite_master").fetchall()
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                database.execute("PRAGMA journal_mode=DELETE").fetchall()
        return copy

    def _place(self, path: Path) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="cac_bag_")
        self._count += 1
        return Path(self._folder.name) / f"{self._count}"

    @staticmethod
    def _room(folder: Path) -> int:
        return shutil.disk_usage(folder).free - _SPARE

    def _no_room(self, path: Path, size: int) -> BagError:
        return BagError(
            f"{path} needs a copy of {size / 2**30:.1f} GiB or more, which does not fit into {tempfile.gettempdir()}; "
            "set TMPDIR to a folder on a larger disk."
        )


def log_of(path: Path, side: str = "-wal") -> Path | None:
    """The write-ahead log (or `-journal`) that lies beside a database; None where there is none with content."""
    log = path.with_name(path.name + side)
    return log if log.is_file() and log.stat().st_size else None


def has_log(path: Path) -> bool:
    """Whether a database lies beside a log of any kind, and must not be read without it."""
    return any(log_of(path, side) is not None for side in _SIDES)
