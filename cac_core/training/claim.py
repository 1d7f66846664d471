# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Before a training: its output belongs to it alone, and everything that it will write can be written."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from cac_core.data.contradictions import SEEN
from cac_core.support.errors import TrainingError
from cac_core.support.files import check_writable, sentence_about
from cac_core.support.names import one_line
from cac_core.support.regular_files import UnreadableFileError, read_regular_file
from cac_core.training.config import CHECKPOINT, TrainConfig

CONFIGURATION = "config.json"
METRICS = "metrics.csv"
REPORT = "report.html"
LOCK = "lock"

_REST = 16_000_000  # bytes of report, curves and tables
_HOLDER = 500  # bytes of a lock's text that are shown


@contextlib.contextmanager
def claimed(config: TrainConfig, weights: int) -> Iterator[None]:
    """Hold the output of a training, which must be writable with room for all of it.

    The lock is a file in the run's folder. It ends with the process, whatever way that ends.

    Args:
        config: all settings.
        weights: numbers that the network learns.

    Raises:
        TrainingError: when another training holds the output.
        UnwritableError: when something cannot be written.
    """
    folder = config.run_folder
    check_writable(config.out)
    with sentence_about(folder):
        made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        with _locked(folder / LOCK, config.out):
            for name in (CONFIGURATION, METRICS, SEEN, REPORT, "tensorboard/events"):
                check_writable(folder / name)
            check_writable(folder / CHECKPOINT, bytes_needed(config, weights))
            yield
    finally:
        for each in made:
            with contextlib.suppress(OSError):  # something was written
                each.rmdir()


def bytes_needed(config: TrainConfig, weights: int) -> int:
    """About the most that a training writes at the same time, beside what lies there already [bytes].

    A new state is written before the earlier one goes. So is the model, with its graph.

    Args:
        config: all settings.
        weights: numbers that the network learns.
    """
    copies = 1 + (2 if config.optimiser.name == "adamw" else 1)
    copies += config.optimiser.ema > 0
    copies += config.schedule.kind == "two_stage"
    there = (config.run_folder / CHECKPOINT).is_file()
    return 4 * weights * max(copies * (1 if there else 2), (0 if there else copies) + 2) + _REST


@contextlib.contextmanager
def _locked(path: Path, out: Path) -> Iterator[None]:
    with sentence_about(path):
        handle = _open_locked(path, out)
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        text = f"process {os.getpid()} on {socket.gethostname()}, since {now}"
    try:
        with sentence_about(path):
            os.ftruncate(handle, 0)
            os.write(handle, text.encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # while it is held, so nobody else's is deleted
        os.close(handle)


def _open_locked(path: Path, out: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(path, handle):
                return handle
        except BlockingIOError as error:
            raise TrainingError(
                f"another training writes {one_line(str(out))} ({_holder(path)}): wait until it has ended, or give "
                "another --out."
            ) from error
        except OSError:  # a file system without locks
            return handle
        os.close(handle)  # its holder ended and deleted it before it was ours


def _is_there(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    try:
        text = read_regular_file(path, _HOLDER).decode("utf-8", "replace")
    except UnreadableFileError:
        text = ""
    return one_line(text) or "it has just begun"
