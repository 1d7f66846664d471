# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far the work is: recordings done, frames a second over all, time left, failures so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from cac_core.support import console


class Progress:
    """A bar on a terminal, and a line now and then elsewhere. Use it in a `with` statement."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._clock = total, clock
        self._done = self._failed = self._frames = 0
        self._begin = clock()
        self._bar = console.progress_bar(self.line)
        self._task = self._bar.add_task("results", total=total)

    def __enter__(self) -> Progress:
        self._bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.__exit__(kind, error, trace)

    def add(self, frames: int, failed: bool) -> None:
        """Count a recording that is done."""
        self._done += 1
        self._failed += failed
        self._frames += frames
        self._bar.update(self._task, advance=1, description=self._figures())

    def line(self) -> str:
        """How far it is, in words."""
        return f"{self._done:,} of {self._total:,} {self._figures()}"

    def _figures(self) -> str:
        seconds = max(self._clock() - self._begin, 1e-9)
        failed = f", {self._failed:,} failed" if self._failed else ""
        left = ""
        if self._done:
            left = f", {_duration(seconds / self._done * (self._total - self._done))} left"
        return f"results, {self._frames / seconds:,.0f} frames/s{failed}{left}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
