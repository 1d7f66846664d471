# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Work that takes seconds, in a thread of its own: awaited without blocking the executor, or given up."""

import threading
from collections.abc import Callable, Generator
from functools import partial
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")
_POLL = 0.002  # [s]


class Background(Generic[T]):
    """Runs ``work`` in a thread of its own from the moment it is made; ``await`` it in an rclpy callback.

    rclpy's executor resumes a waiting coroutine in every turn without a pause, which costs a whole core. So each turn
    waits here for up to 2 ms; in between the executor serves the other callbacks.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._outcome: Callable[[], T]
        self._done = threading.Event()
        self._ending = threading.Lock()
        # A daemon, because a library that hangs while loading must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="background", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether its thread is still at work; also after it was given up."""
        return self._thread.is_alive()

    def __await__(self) -> Generator[None, None, T]:
        """Wait for the end; gives what ``work`` returned, or raises what it raised."""
        while not self._done.wait(_POLL):
            yield
        return self._outcome()

    def wait(self, goes_on: Callable[[], bool]) -> T | None:
        """Like ``await``, outside of a coroutine; None when ``goes_on`` is no longer true."""
        while not self._done.wait(_POLL):
            if not goes_on():
                return None
        return self._outcome()

    def give_up(self, error: Exception) -> None:
        """Raise ``error`` where it is awaited; the thread is left behind, and what it still returns is forgotten."""
        self._end(partial(_raise, error))

    def _run(self) -> None:
        try:
            result = self._work()
            self._end(lambda: result)
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            self._end(partial(_raise, error))

    def _end(self, outcome: Callable[[], T]) -> None:
        with self._ending:
            if not self._done.is_set():
                self._outcome = outcome
                self._done.set()


def _raise(error: BaseException) -> NoReturn:
    raise error
