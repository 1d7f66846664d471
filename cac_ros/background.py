# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Work that takes seconds, awaited by a service callback without blocking the executor."""

import threading
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

T = TypeVar("T")
_POLL = 0.002  # [s]


class Background(Generic[T]):
    """Runs ``work`` in a thread of its own from the moment it is made; ``await`` it in an rclpy callback.

    rclpy's executor resumes a waiting coroutine in every turn without a pause, which costs a whole core. So each turn
    waits here for up to 2 ms; in between the executor serves the other callbacks.

    Attributes:
        error: what ``work`` raised, once awaited.
        result: what it returned, once awaited without error.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self.result: T | None = None
        self.error: Exception | None = None
        self._work = work
        self._done = threading.Event()
        # A daemon, because a library that hangs while loading must not keep the process from ending.
        threading.Thread(target=self._run, name="background", daemon=True).start()

    def __await__(self) -> Generator[None, None, None]:
        """Wait for the end, whatever it is."""
        while not self._done.wait(_POLL):
            yield

    def _run(self) -> None:
        try:
            self.result = self._work()
        except Exception as error:  # noqa: BLE001 - handed to the one who awaits
            self.error = error
        finally:
            self._done.set()
