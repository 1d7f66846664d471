# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Long work is never silent: who has said nothing for a while says what it does.

One thread watches when something was written last. Work is named by :func:`doing`; the innermost one speaks.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cac_core.support.streams import Stream

FIRST = 4.0
"""Silence after which a work says its first line [s]; five seconds are promised."""

NEXT = 25.0
"""Silence before each further line [s]; thirty seconds are promised."""

_lock = threading.Lock()


class _Work:
    """Something that goes on."""

    def __init__(self, text: Callable[[], str], say: Callable[[str], None]) -> None:
        self.text = text
        self.say = say
        self.began = time.monotonic()
        self.spoke = False


_work: list[_Work] = []
_watcher: threading.Thread | None = None


@contextmanager
def doing(text: str | Callable[[], str], say: Callable[[str], None]) -> Iterator[None]:
    """Name what goes on inside; it is said if nothing else is for :data:`FIRST` seconds, then every :data:`NEXT`.

    Args:
        text: what goes on, or what gives it (with how far it is).
        say: prints a line.
    """
    global _watcher
    work = _Work(text if callable(text) else lambda: text, say)
    with _lock:
        _work.append(work)
        if _watcher is None and os.environ.get("RANK", "0") == "0":  # of the processes of torchrun, one speaks
            _watcher = threading.Thread(target=_watch, name="pulse", daemon=True)
            _watcher.start()
    try:
        yield
    finally:
        with _lock:
            _work.remove(work)


def _watch() -> None:
    """Speak for the innermost work until there is none."""
    global _watcher
    while True:
        time.sleep(min(FIRST, NEXT) / 8)
        with _lock:
            if not _work:
                _watcher = None
                return
            work = _work[-1]
        now = time.monotonic()
        if now - max(Stream.written, work.began) >= (NEXT if work.spoke else FIRST):
            work.spoke = True
            work.say(f"{work.text()}, {now - work.began:.0f} s")
