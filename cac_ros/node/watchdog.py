# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Notices within 2 s that the engine hangs, however rarely the node reports; and ends the process where that helps."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from cac_ros.node.diagnostics import STALL_LIMIT, hanging

EXIT_HANGS = 75
"""Status of a process that ended because its engine hung: EX_TEMPFAIL, try again."""

RESTART_AFTER = 5.0
"""With on_hang: restart, an engine may work on one frame for so long [s]."""

_PERIOD = 0.25  # [s]; with STALL_LIMIT, less than 2 s from the start of a hang to its report
_PATIENCE = 5.0  # [s]; how long the clean end of a process with a hanging engine may take


class Watchdog:
    """Looks at the engine four times a second, in the executor's thread.

    Args:
        node: for the timer.
        hang: gives whether a frame is in the decoder and not yet in the engine, and how long it has been in either [s].
        tell: called once when the engine hangs.
        restarts: gives whether the process is to end then.
        end: called when it is to end; gets the reason as a sentence.
    """

    def __init__(
        self,
        node: Node,
        hang: Callable[[], tuple[bool, float]],
        tell: Callable[[], None],
        restarts: Callable[[], bool],
        end: Callable[[str], None],
    ) -> None:
        self._hang = hang
        self._tell = tell
        self._restarts = restarts
        self._end = end
        self._told = False
        # Steady time: use_sim_time must not stop it.
        node.create_timer(_PERIOD, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _look(self) -> None:
        decoding, seconds = self._hang()
        if seconds <= STALL_LIMIT:
            self._told = False
            return
        if not self._told:
            self._told = True
            self._tell()
        if seconds > RESTART_AFTER and self._restarts():
            end_in_any_case()
            self._end(
                f"{hanging(decoding, seconds)} The process ends with status {EXIT_HANGS}, so that it is started again "
                "(on_hang: restart)."
            )


def end_in_any_case() -> None:
    """End the process after a while even if its clean end hangs, too."""
    timer = threading.Timer(_PATIENCE, os._exit, [EXIT_HANGS])
    timer.daemon = True
    timer.start()
