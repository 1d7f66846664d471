# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The files by which a lesson and the page talk: both may end and start again at any time."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cac_core.support.files import UnwritableError, write_atomically

TASK, PROCESS, STATUS, RESULT, LOG = "task.json", "process.json", "status.json", "result.json", "log.txt"
START, TURN, ALIVE = "start.lock", "turn.lock", "alive.lock"

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file in one step; raises UnwritableError."""
    write_atomically(path, json.dumps(content, indent=1).encode() + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """A file that was written so; empty if there is none, or it is damaged."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def say_status(folder: Path, **values: Any) -> None:
    """Write where a lesson is; on a full disk the lesson goes on without."""
    with contextlib.suppress(UnwritableError):
        write_json(folder / STATUS, values)


def open_lock(path: Path) -> int:
    """A lock's file, open; made if it is not there."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


@contextmanager
def held(path: Path, wait: bool) -> Iterator[bool]:
    """Hold a lock that ends with this process; gives whether it is held.

    Args:
        path: of the lock's file, which is made.
        wait: until it is free.
    """
    handle = open_lock(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            got = True
        except BlockingIOError:
            got = False
        yield got
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Whether a living process holds a lock."""
    try:
        handle = open_lock(path)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two that look do not see each other
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
