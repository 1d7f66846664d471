# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Processes that are killed at random moments.

The process that calls this imports what is tried and computes nothing: its children then start at once.
"""

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable


def run_to_the_end(action: Callable[[], object]) -> float:
    """Run an action in a child; returns how long it took [s].

    Counted from when the child is there until the action is done. The fork and the end of a large process can each take
    longer than the action, and a kill at these moments interrupts nothing.
    """
    reading, writing = os.pipe()

    def tell() -> None:
        action()
        os.write(writing, b".")

    child = _child(tell)
    begin = time.monotonic()
    os.close(writing)
    os.read(reading, 1)  # ends without a byte where the child fails
    seconds = time.monotonic() - begin
    os.close(reading)
    _, status = os.waitpid(child, 0)
    assert status == 0, "the child failed, see above"
    return seconds


def run_and_kill(action: Callable[[], object], longest: float, chance: random.Random) -> bool:
    """Run an action in a child and kill it at a random moment; returns whether it was still running.

    Args:
        action: what the child does.
        longest: the latest moment [s].
        chance: gives the moment.
    """
    child = _child(action)
    time.sleep(chance.uniform(0.0, longest))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, "the child failed, see above"
    return status != 0


def _child(action: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        action()
        status = 0
    except BaseException:  # noqa: BLE001 - the child must not return into the program of its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)
