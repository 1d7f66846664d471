# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Find the files of a bag, and open each in the way that works."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import ExitStack
from pathlib import Path

from cac_core.support import console
from cac_core.support.regular_files import no_file_because
from cac_ros.bags.bag_file import BagFile, ScannedFile
from cac_ros.bags.findings import Findings
from cac_ros.bags.folder import files_of
from cac_ros.bags.kinds import is_named_like_a_bag, kind_of, other_kind
from cac_ros.bags.mcap_index import IndexedMcap
from cac_ros.bags.message import BagError, added_up
from cac_ros.bags.metadata import compare, read_metadata
from cac_ros.bags.recovery import recover
from cac_ros.bags.ros1_file import Ros1File
from cac_ros.bags.scratch import Scratch, has_log, log_of
from cac_ros.bags.sqlite_file import DamagedDatabaseError, SqliteFile


def open_files(path: Path, findings: Findings, stack: ExitStack) -> list[BagFile]:
    """Open a bag.

    Args:
        path: a rosbag2 folder, or one file.
        findings: what is wrong with the bag is noted here.
        stack: closes the files, and removes copies of them.

    Returns:
        Its files, each once.

    Raises:
        BagError: nothing there, not a bag, or nothing of it readable.
    """
    if reason := no_file_because(path):
        if reason == "is missing":
            raise BagError(f"There is no bag at {path}; check the path.")
        raise BagError(f"{path} {reason}; give a rosbag2 folder, or a .mcap, .db3 or ROS 1 .bag file.")
    opener = _Opener(findings, stack, stack.enter_context(Scratch()))
    if not path.is_dir():
        return [opener.open(path)]
    metadata = read_metadata(path, findings)
    files: list[BagFile] = []
    read: list[Path] = []
    failures: list[BagError] = []
    listed = metadata.files if metadata is not None else ()
    # Of two formats of one recording the one that metadata.yaml lists comes first.
    for place in sorted(files_of(path, findings), key=lambda place: place.name not in listed):
        try:
            file = opener.open(place)
        except BagError as error:
            failures.append(error)
            read.append(place)
            continue
        if (twin := next((other for other in files if _same(file, other)), None)) is not None:
            findings.add(f"{file.name} holds the same messages as {twin.name}; they were counted once.", lost=False)
            continue
        files.append(file)
        read.append(place)
    if not files:
        raise failures[0]
    for failure in failures:
        findings.add(str(failure))
    if metadata is not None:
        topics = added_up(topic for file in files for topic in file.topics)
        compare(metadata, path, read, topics.values(), findings)
    return files


class _Opener:
    """Opens one file after the other."""

    def __init__(self, findings: Findings, stack: ExitStack, scratch: Scratch) -> None:
        self._findings = findings
        self._stack = stack
        self._scratch = scratch

    def open(self, path: Path) -> BagFile:
        """Open a file of a bag.

        Raises:
            BagError: it is none, or nothing of it is readable.
        """
        try:
            file = self._open(path)
        except OSError as error:
            raise BagError(f"{path} cannot be read ({error.strerror}); check that the file is yours.") from error
        self._stack.callback(file.close)
        return file

    def _open(self, path: Path) -> BagFile:
        place = path
        kind = kind_of(path)
        if kind == "zstd":
            place = self._scratch.unpacked(path)
            kind = kind_of(place)
        elif has_log(path) and kind in ("sqlite3", None):
            place = self._with_log(path)
            kind = kind_of(place)
        if kind is None or kind == "zstd":
            raise _no_bag(path)
        with console.activity(f"opening {path.name}"):
            try:
                if kind == "mcap":
                    return IndexedMcap(place, path.name)
                if kind == "sqlite3":
                    return SqliteFile(place, path.name)
                return Ros1File(place, path.name)
            except Exception as error:  # noqa: BLE001 — damage makes readers raise anything: assertions, struct errors
                return self._read_what_is_left(path, place, error)

    def _with_log(self, path: Path) -> Path:
        """A copy with the log that SQLite left beside the file, or the file itself where the log is of no use."""
        log = log_of(path) or log_of(path, "-journal")
        try:
            return self._scratch.taken_over(path)
        except sqlite3.Error as error:
            self._findings.add(
                f"{path.name} was read without {log.name if log else 'its log'}, which SQLite cannot use ({error}). "
                "Keep both files: the log may hold messages."
            )
            return path

    def _read_what_is_left(self, path: Path, place: Path, problem: Exception) -> BagFile:
        try:
            found = recover(place)
        except (ValueError, OSError, struct.error, IndexError) as error:
            raise BagError(f"Nothing of {path} can be read: {error}; copy it once more from where it was.") from problem
        count = len(found.entries)
        if found.cut is not None:
            if not count:
                found.close()
                raise BagError(f"{path} is cut off before its first message; copy it once more from where it was.")
            self._findings.add(f"{path.name} is cut off: {found.cut}. The {count:,} messages before that were read.")
        elif isinstance(problem, DamagedDatabaseError):
            self._findings.add(
                f"{path.name} is damaged ({problem}). Messages read: {count:,}, missing: {found.missing or 'none'}.",
                lost=bool(found.missing),
            )
        if found.damage is not None:
            self._findings.add(f"{path.name} is damaged ({found.damage}). {count:,} messages were read.")
        return ScannedFile(path.name, found)


def _no_bag(path: Path) -> BagError:
    if what := other_kind(path):
        return BagError(f"{path} {what}.")
    if is_named_like_a_bag(path):
        size = path.stat().st_size
        what = "it does not start like an mcap, sqlite3 or ROS 1 bag" if size else "it is empty"
        return BagError(f"Nothing of {path} can be read: {what}; copy it once more from where it was.")
    return BagError(f"{path} is not a bag: give a rosbag2 folder, or a .mcap, .db3 or ROS 1 .bag file.")


def _same(file: BagFile, other: BagFile) -> bool:
    """Whether two files hold the same messages, as the two formats of one recording do."""
    if file.start_ns is None or (file.start_ns, file.end_ns) != (other.start_ns, other.end_ns):
        return False
    return _counts(file) == _counts(other)


def _counts(file: BagFile) -> dict[str, int]:
    return {topic.name: topic.count for topic in file.topics if topic.count}
