# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a scan of a damaged bag file gives, and the tools that every kind of file needs."""

from __future__ import annotations

import bz2
import mmap
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import lz4.frame
import zstandard


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
    """What a scan found. `cut` says where reading ended early, None when the file was complete after all."""

    channels: dict[int, Channel] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    cut: str | None = None
    fetch: Callable[[tuple[int, ...]], bytes] = lambda _: b""
    close: Callable[[], None] = lambda: None


def inflate(data: bytes, compression: str) -> bytes:
    """Decompress as much of `data` as there is; a block cut off in its middle gives its first part.

    Raises:
        ValueError: unknown compression, or damaged data.
    """
    try:
        if compression in ("", "none"):
            return data
        if compression == "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
        if compression == "lz4":
            return bytes(lz4.frame.LZ4FrameDecompressor().decompress(data))
        if compression == "bz2":
            return bz2.BZ2Decompressor().decompress(data)
    except (zstandard.ZstdError, RuntimeError, OSError) as error:
        raise ValueError(f"damaged {compression} block: {error}") from error
    raise ValueError(f"unknown compression {compression!r}")


def map_file(path: Path) -> mmap.mmap:
    """The bytes of a file, read from the disk where they are looked at."""
    with path.open("rb") as file:
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
