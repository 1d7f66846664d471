# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a file is: its first bytes tell it, its name is only a hint."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from cac_ros.bags.inflating import ZSTD_MAGIC
from cac_ros.bags.recovery import ros1, sqlite
from cac_ros.bags.recovery.mcap_records import MAGIC as MCAP_MAGIC

Kind = Literal["mcap", "sqlite3", "ros1", "zstd"]

_MAGIC: dict[bytes, Kind] = {MCAP_MAGIC: "mcap", sqlite.MAGIC: "sqlite3", ros1.MAGIC: "ros1", ZSTD_MAGIC: "zstd"}

_SUFFIXES = (".mcap", ".db3", ".bag")
_ADDED = (".zstd", ".zst", ".active", ".gz", ".bz2", ".xz", ".lz4", ".zip", ".7z", ".part", ".tmp")

_OTHERS: dict[bytes, str] = {
    b"\x1f\x8b": "packed with gzip; unpack it with `gunzip --keep`",
    b"BZh": "packed with bzip2; unpack it with `bunzip2 --keep`",
    b"\xfd7zXZ\x00": "packed with xz; unpack it with `unxz --keep`",
    b"\x04\x22\x4d\x18": "packed with lz4; unpack it with `lz4 -d`",
    b"PK\x03\x04": "a zip archive; unpack it with `unzip`",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it with `7z x`",
    b"version https://git-lfs": "only the place holder of Git LFS; get the file with `git lfs pull`",
    b"\x00\x05\x16\x07": "what a Mac keeps beside a file; give the file without `._` in its name",
}


def kind_of(path: Path) -> Kind | None:
    """What the first bytes say, None when they say nothing known.

    Raises:
        OSError: the file cannot be read.
    """
    first = first_bytes(path)
    return next((kind for magic, kind in _MAGIC.items() if first.startswith(magic)), None)


def first_bytes(path: Path) -> bytes:
    """As many bytes of a file as it takes to know it."""
    with path.open("rb") as file:
        return file.read(32)


def other_kind(path: Path) -> str | None:
    """What a file is that is no recording, and the way out, as the end of a sentence."""
    first = first_bytes(path)
    return next((f"is {what}" for magic, what in _OTHERS.items() if first.startswith(magic)), None)


def is_named_like_a_bag(path: Path) -> bool:
    """Whether the name says that it is a recording: `.mcap`, `.MCAP`, `.db3.zstd`, `.bag.active` and the like."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in _ADDED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in _SUFFIXES
