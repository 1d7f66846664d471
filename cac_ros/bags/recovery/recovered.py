# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a scan of a damaged bag file gives, and the tools that every kind of file needs."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class Channel(NamedTuple):
    """A topic as the file describes it; `encoding` is "cdr" or "ros1"."""

    topic: str
    msgtype: str
    encoding: str


class Entry(NamedTuple):
    """One complete message: when it was recorded (ns), on which channel, and where its bytes are."""

    time_ns: int
    channel: int
    place: tuple[int, ...]


@dataclass
class Recovered:
    """What a scan found.

    Attributes:
        channels: topics by their number.
        entries: the complete messages in the order of the file.
        cut: where reading ended early; None when the file has its end.
        damage: what is wrong before that; None when nothing is.
        missing: how many messages are lost to it, in words; empty when none is, or the file does not tell.
        fetch: gives the bytes of a message.
        close: closes the file.
    """

    channels: dict[int, Channel] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    cut: str | None = None
    damage: str | None = None
    missing: str = ""
    fetch: Callable[[tuple[int, ...]], bytes] = lambda _: b""
    close: Callable[[], None] = lambda: None


def map_file(path: Path) -> mmap.mmap:
    """The bytes of a file, read from the disk where they are looked at.

    Raises:
        ValueError: the file is empty.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise ValueError("it is empty")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def fetcher(block: Callable[[int], bytes], data: mmap.mmap) -> Callable[[tuple[int, ...]], bytes]:
    """Bytes at (offset, size) of the file, or at (block, offset, size) of a decompressed block; two blocks are kept."""
    cached = lru_cache(maxsize=2)(block)

    def fetch(place: tuple[int, ...]) -> bytes:
        if len(place) == 2:
            offset, size = place
            return data[offset : offset + size]
        start, offset, size = place
        return cached(start)[offset : offset + size]

    return fetch


def ros2_name(msgtype: str) -> str:
    """ROS 1 says sensor_msgs/Image where ROS 2 says sensor_msgs/msg/Image."""
    package, _, name = msgtype.partition("/")
    return msgtype if "/" in name or not name else f"{package}/msg/{name}"
