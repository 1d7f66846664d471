# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The console scripts whose errors are sentences for the user."""

from typing import NoReturn

from cac_core.support.command import run


def replay() -> NoReturn:
    """``cac_replay``: the same as ``python -m cac_ros.replay``."""
    from cac_ros.replay.__main__ import main  # only now: a failing import is then reported as this command's error

    run(main)


def photos() -> NoReturn:
    """``cac_photos``: the same as ``python -m cac_ros.photos``."""
    from cac_ros.photos.__main__ import main

    run(main)


def teach() -> NoReturn:
    """``cac_teach``: the same as ``python -m cac_ros.teach``."""
    from cac_ros.teach.__main__ import main

    run(main)
