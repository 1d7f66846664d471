# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Workers as processes of this machine.

A worker whose driver is gone ends at once.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from cac_core.support.errors import CacError
from cac_ros.fleet.crew import News
from cac_ros.fleet.task import Settings, Task

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_SPAWN = multiprocessing.get_context("spawn")  # a fork would copy threads' locks, and CUDA does not survive it


_KILLED = 10.0
"""How long the end of a killed worker is waited for [s]: one that reads from a dead network disk cannot end."""


class LocalCrew:
    """See `cac_ros.fleet.crew.Crew`."""

    def __init__(self, size: int, settings: Settings) -> None:
        self.size = size
        self._settings = settings
        self._workers: list[tuple[BaseProcess, Connection]] = [self._start() for _ in range(size)]

    def give(self, worker: int, task: Task) -> None:
        """Give a task to a worker."""
        with contextlib.suppress(OSError):  # it died; `wait` tells
            self._workers[worker][1].send(task)

    def wait(self, seconds: float) -> Sequence[News]:
        """What happened."""
        numbers = {pipe: number for number, (_, pipe) in enumerate(self._workers)}
        news = []
        for pipe in multiprocessing.connection.wait(list(numbers), seconds):
            assert isinstance(pipe, Connection)
            try:
                fatal, outcome = pipe.recv()
                news.append(News(numbers[pipe], outcome, fatal=fatal))
            except (EOFError, OSError):
                news.append(News(numbers[pipe], died=True))
        return news

    def replace(self, worker: int) -> None:
        """End a worker and start another."""
        self._end(worker)
        self._workers[worker] = self._start()

    def close(self) -> None:
        """End all."""
        for number in range(self.size):
            self._end(number)

    def _start(self) -> tuple[BaseProcess, Connection]:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_work, args=(theirs, self._settings), name="fleet worker", daemon=True)
        with _environment({name: str(self._settings.threads) for name in _THREADS}):
            process.start()
        theirs.close()
        return process, ours

    def _end(self, worker: int) -> None:
        process, pipe = self._workers[worker]
        pipe.close()
        process.kill()
        process.join(_KILLED)


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Libraries read these when they are loaded, and a new process inherits them."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _end_with_the_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)


def _work(pipe: Connection, settings: Settings) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the driver ends us
    threading.Thread(target=_end_with_the_driver, name="watch the driver", daemon=True).start()
    from cac_ros.fleet.evaluator import Evaluator

    evaluator = Evaluator(settings)
    try:
        evaluator.prepare(0)
    except CacError as error:
        pipe.send((str(error), None))
        return
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the driver is gone
        pipe.send(("", None))
        while True:
            pipe.send(("", evaluator.run(pipe.recv())))
