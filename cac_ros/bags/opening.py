# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Find the files of a bag, and open each in the way that works."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from cac_ros.bags.bag_file import BagFile, DamagedFile, HealthyFile, NotIndexedError
from cac_ros.bags.message import BagError
from cac_ros.bags.recovery import recover

BAG_FILES = (".mcap", ".db3", ".bag")


@dataclass
class Findings:
    """What is wrong with a bag, in sentences, and whether messages are missing because of it."""

    sentences: list[str] = field(default_factory=list)
    lost: bool = False

    def add(self, sentence: str, *, lost: bool = True) -> None:
        """Note a sentence once; `lost` tells whether messages are missing because of what it says."""
        self.lost |= lost
        if sentence not in self.sentences:
            self.sentences.append(sentence)


def open_files(path: Path, findings: Findings) -> Iterator[BagFile]:
    """Open a bag.

    Args:
        path: a rosbag2 folder, or one file.
        findings: what is wrong with the bag is noted here.

    Yields:
        The whole folder when it is healthy, otherwise its files one by one.

    Raises:
        BagError: nothing there, not a bag, or nothing of it readable.
    """
    if not path.exists():
        raise BagError(f"There is no bag at {path}; check the path.")
    if path.is_file() and path.suffix not in BAG_FILES:
        raise BagError(f"{path} is not a bag: give a rosbag2 folder, or a .mcap, .db3 or ROS 1 .bag file.")
    for database in path.glob("*.db3") if path.is_dir() else [path]:
        _look_for_wal(database, findings)
    try:
        yield HealthyFile(path)
        return
    except Exception as error:  # noqa: BLE001 — damage makes the readers raise anything: assertions, struct errors, …
        problem = error
    if path.is_file():
        yield _read_what_is_left(path, problem, findings)
        return
    before = len(findings.sentences)
    readable = 0
    failures: list[BagError] = []
    for file in _files_of(path, findings):
        try:
            opened = _read_file(file, findings)
        except BagError as error:
            failures.append(error)
            continue
        readable += 1
        yield opened
    if not readable:
        raise failures[0]
    for failure in failures:
        findings.add(str(failure))
    if len(findings.sentences) == before and not isinstance(problem, NotIndexedError):
        findings.add(
            f"{path.name} could not be read as one recording ({problem}); its files were read one by one.", lost=False
        )


def _read_file(path: Path, findings: Findings) -> BagFile:
    try:
        return HealthyFile(path)
    except Exception as error:  # noqa: BLE001 — see open_files
        return _read_what_is_left(path, error, findings)


def _read_what_is_left(path: Path, problem: Exception, findings: Findings) -> BagFile:
    try:
        found = recover(path)
    except (ValueError, OSError, struct.error, IndexError) as error:
        raise BagError(f"Nothing of {path} can be read: {error}; copy or record the bag again.") from problem
    if found.cut is not None:
        count = len(found.entries)
        if not count:
            found.close()
            raise BagError(f"{path} is cut off before its first message; copy or record the bag again.")
        findings.add(f"{path.name} is cut off: {found.cut}. The {count:,} messages before that were read.")
    return DamagedFile(path, found)


def _look_for_wal(database: Path, findings: Findings) -> None:
    """A recorder that was killed may leave its last messages in SQLite's write-ahead log, which is not read here."""
    wal = database.with_name(database.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        findings.add(
            f"{wal.name} holds messages that were not read; run `sqlite3 {database.name} 'PRAGMA wal_checkpoint'` to "
            "add them to the bag."
        )


def _files_of(folder: Path, findings: Findings) -> list[Path]:
    """The recording's files in order: from metadata.yaml where it is readable, otherwise by name."""
    present = sorted((f for f in folder.iterdir() if f.suffix in BAG_FILES), key=_natural)
    listed: list[Path] = []
    try:
        content = YAML(typ="safe").load((folder / "metadata.yaml").read_text(encoding="utf-8"))
        listed = [folder / Path(name).name for name in content["rosbag2_bagfile_information"]["relative_file_paths"]]
    except FileNotFoundError:
        findings.add(f"{folder.name} has no metadata.yaml; its files were read without it.", lost=False)
    except (YAMLError, KeyError, TypeError, ValueError):
        findings.add(f"{folder.name}/metadata.yaml is damaged; the bag's files were read without it.", lost=False)
    missing = [file.name for file in listed if not file.exists()]
    if missing and present:
        findings.add(f"{folder.name} misses {', '.join(missing)}, which its metadata.yaml lists; the rest was read.")
    files = [file for file in listed if file.exists()] or present
    if not files:
        raise BagError(f"{folder} is not a bag: it holds no .mcap or .db3 file; give the folder that `ros2 bag` wrote.")
    return files


def _natural(path: Path) -> tuple[int, str]:
    """bag_2.mcap before bag_10.mcap."""
    tail = path.stem.rpartition("_")[2]
    return (int(tail) if tail.isdigit() else 0, path.name)
