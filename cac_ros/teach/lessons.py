# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start a lesson, watch it, cancel it. A lesson that another program of the page started is found too."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cac_core.support.errors import CacError
from cac_core.support.files import sentence_about
from cac_core.support.names import one_line
from cac_ros.teach.history import read_history
from cac_ros.teach.lesson_files import (
    ALIVE,
    FAILED,
    LOG,
    PROCESS,
    RESULT,
    RUNNING,
    START,
    STATUS,
    TASK,
    TURN,
    WAITING,
    held,
    is_held,
    open_lock,
    read_json,
    write_json,
)
from cac_ros.teach.places import Places
from cac_ros.teach.plan import Plan

_TAIL = 6_000  # bytes of the log that are shown
_EPOCH = re.compile(r"epoch (\d+)\D.*?of (?:at most )?(\d+)(?: epochs)?|epoch (\d+) of (\d+)")
_PATIENCE = 10.0  # [s]


class BusyError(CacError):
    """Somebody teaches already."""


@dataclass(frozen=True)
class LessonState:
    """Where the newest lesson is.

    Attributes:
        state: none, waiting, running, done, failed or cancelled.
        kind: extend or train.
        new: the new classes.
        seconds: since it began, until its end.
        share: how far it is, in [0, 1]; None if nobody knows.
        step: the newest line of its log.
        log: its last lines.
        problem: why it failed, as a sentence.
        result: the comparison, once it is done.
    """

    state: str
    kind: str = ""
    new: tuple[str, ...] = ()
    seconds: float = 0.0
    share: float | None = None
    step: str = ""
    log: str = ""
    problem: str = ""
    result: dict[str, Any] | None = None

    @property
    def going_on(self) -> bool:
        """Whether it has not ended."""
        return self.state in (WAITING, RUNNING)


class Lessons:
    """The lessons of one page.

    Args:
        places: where everything lies.
        device: auto, cpu or cuda:N.
        threads: processor threads to compute with; None = as many as PyTorch chooses.
    """

    def __init__(self, places: Places, device: str = "auto", threads: int | None = None) -> None:
        self._places = places
        self._device, self._threads = device, threads
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, plan: Plan, model: Path) -> None:
        """Start to teach.

        Args:
            plan: what to do.
            model: the model file to start from.

        Raises:
            BusyError: a lesson goes on; its end is waited for.
            UnwritableError: the disk is full, say.
        """
        state = self._places.state
        with held(state / START, wait=True):  # of two pages that start at once, the second finds the first
            self._start(plan, model, self._places.lesson, state)

    def _start(self, plan: Plan, model: Path, folder: Path, state: Path) -> None:
        if self.state().going_on or is_held(state / TURN):
            raise BusyError("A teaching goes on. Wait for its end, or cancel it.")
        with sentence_about(folder):
            self._places.models.mkdir(parents=True, exist_ok=True)
            folder.mkdir(parents=True, exist_ok=True)
            for name in (STATUS, RESULT, LOG):
                (folder / name).unlink(missing_ok=True)
        task = {
            "kind": plan.kind, "new": list(plan.new), "model": str(model), "out": str(self._next_path(model)),
            "photos": str(self._places.photos), "other": str(self._places.other), "state": str(state),
            "device": self._device, "threads": self._threads,
        }  # fmt: skip
        write_json(folder / TASK, task)
        write_json(
            folder / STATUS, {"state": WAITING, "kind": plan.kind, "new": list(plan.new), "started": time.time()}
        )
        with sentence_about(folder), (folder / LOG).open("wb") as log, passed_on(folder / ALIVE) as alive:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cac_ros.teach.lesson", str(folder)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._places.state,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": _python_path()},
                start_new_session=True,  # it outlives this program
                pass_fds=(alive,),  # a lock that ends with it
            )  # fmt: skip
            write_json(folder / PROCESS, {"pid": self._process.pid})

    def cancel(self) -> None:
        """Ask the lesson to end and leave everything as it was; waits for that a little."""
        folder = self._places.lesson
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        elif is_held(folder / ALIVE) and (pid := read_json(folder / PROCESS).get("pid")):
            os.kill(int(pid), signal.SIGTERM)  # it lives: nobody else has its lock
        end = time.monotonic() + _PATIENCE
        while self.state().going_on and time.monotonic() < end:
            time.sleep(0.05)

    def state(self) -> LessonState:
        """Where the newest lesson is."""
        folder = self._places.lesson
        status = read_json(folder / STATUS)
        if not status:
            return LessonState("none")
        state, problem = str(status.get("state")), str(status.get("problem", ""))
        if self._process is not None:
            self._process.poll()  # or its end stays a zombie
        if state in (WAITING, RUNNING) and not is_held(folder / ALIVE):
            status = read_json(folder / STATUS)  # it may have ended between the two looks
            state, problem = str(status.get("state")), str(status.get("problem", ""))
            if state in (WAITING, RUNNING):
                state, problem = FAILED, "The teaching ended without a word. Its log may say why."
        log = _tail(folder / LOG)
        seconds = float(status.get("ended", time.time())) - float(status.get("started", 0.0))
        share = _share(log)
        if share is None and state == RUNNING:
            share = self._expected_share(str(status.get("kind")), seconds)
        result = read_json(folder / RESULT) or None
        lines = [line for line in log.splitlines() if line.strip()]
        return LessonState(
            state, str(status.get("kind", "")), tuple(status.get("new", ())), seconds, share, one_line(lines[-1])
            if lines else "", log, one_line(problem), result if state == "done" else None,
        )  # fmt: skip

    def _expected_share(self, kind: str, seconds: float) -> float | None:
        """By the time that the last lesson of the kind took; None before there was one."""
        earlier = [each.get("seconds") for each in read_history(self._places.state) if each.get("kind") == kind]
        return min(0.95, seconds / float(earlier[-1])) if earlier and earlier[-1] else None

    def _next_path(self, model: Path) -> Path:
        """The first free name: shop.cac, shop_2.cac, shop_3.cac."""
        stem = re.sub(r"_\d+$", "", model.stem)
        number = 2
        while (path := self._places.models / f"{stem}_{number}.cac").exists():
            number += 1
        return path


@contextmanager
def passed_on(path: Path) -> Iterator[int]:
    """Hold a lock that is passed on: it stays held while the child has the file open that this gives."""
    handle = open_lock(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _share(log: str) -> float | None:
    found = list(_EPOCH.finditer(log))
    if not found:
        return None
    numbers = [int(each) for each in found[-1].groups() if each]
    return min(1.0, numbers[0] / numbers[1]) if numbers[1] else None


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(one_line(line) for line in text.splitlines())


def _python_path() -> str:
    import cac_ros

    root = str(Path(cac_ros.__file__).parents[1])
    return os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
