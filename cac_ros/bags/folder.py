# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which files of a folder belong to the recording."""

from __future__ import annotations

from pathlib import Path

from cac_core.support.regular_files import no_file_because
from cac_ros.bags.findings import Findings
from cac_ros.bags.kinds import is_named_like_a_bag, kind_of
from cac_ros.bags.message import BagError


def files_of(folder: Path, findings: Findings) -> list[Path]:
    """The recording's files in order of their number: every file that is named or begins like one.

    Raises:
        BagError: there is none, or the folder cannot be read.
    """
    try:
        entries = sorted(folder.iterdir(), key=_natural)
    except OSError as error:
        raise BagError(f"{folder} cannot be read ({error.strerror}); check that the folder is yours.") from error
    files = [entry for entry in entries if _belongs(entry, findings)]
    if not files:
        inside = sorted(entry.name for entry in entries if entry.is_dir() and _holds_a_bag(entry))
        offer = f"; did you mean {folder / inside[0]}?" if inside else "; give the folder that `ros2 bag` wrote."
        raise BagError(f"{folder} is not a bag: it holds no .mcap or .db3 file{offer}")
    return files


def _belongs(entry: Path, findings: Findings) -> bool:
    if entry.is_dir():
        return False
    named = is_named_like_a_bag(entry)
    if reason := no_file_because(entry):
        if named:
            findings.add(f"{entry.name} {reason}; it was not read.", lost=reason == "is missing")
        return False
    try:
        known = kind_of(entry) is not None
    except OSError:
        return named  # opening it tells why
    if entry.name.startswith("."):  # what a Mac, or a copy that is not finished, leaves
        if known:
            findings.add(f"{entry.name} is a hidden file; it was not read.", lost=False)
        return False
    return named or known


def _holds_a_bag(folder: Path) -> bool:
    try:
        return any(is_named_like_a_bag(entry) and entry.is_file() for entry in folder.iterdir())
    except OSError:
        return False


def _natural(path: Path) -> tuple[int, str]:
    """bag_2.mcap before bag_10.mcap."""
    tail = path.name.partition(".")[0].rpartition("_")[2]
    return (int(tail) if tail.isdecimal() and len(tail) < 10 else 0, path.name)
