# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Say the same thing only once in a while, and how often it was kept quiet."""

import threading
import time
from collections.abc import Callable, Hashable


class LogThrottle:
    """Decides which of many alike sentences is logged. rclpy's throttling goes by the line of code, not the text.

    Args:
        period: least time between two sentences of one kind [s].
        clock: seconds, never going back.
    """

    def __init__(self, period: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._period = period
        self._clock = clock
        self._lock = threading.Lock()
        self._last: dict[Hashable, float] = {}
        self._quiet: dict[Hashable, int] = {}

    def __call__(self, kind: Hashable, sentence: str) -> str:
        """The sentence to log now, with the number of those kept quiet before it; empty if this one is kept quiet."""
        with self._lock:
            now = self._clock()
            if kind in self._last and now - self._last[kind] < self._period:
                self._quiet[kind] = self._quiet.get(kind, 0) + 1
                return ""
            self._last[kind] = now
            quiet = self._quiet.pop(kind, 0)
        return f"{sentence} ({quiet} more like this before)" if quiet else sentence
