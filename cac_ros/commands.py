# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The console scripts whose errors are sentences for the user."""

from typing import NoReturn

from cac_core.support.console import run_command


def replay() -> NoReturn:
    """``replay``: the same as ``python -m cac_ros.replay``."""
    from cac_ros.replay.run import main  # only now, so that a failing import is reported by the command that needs it

    run_command(main)
