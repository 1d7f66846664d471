# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Killed workers and drivers change no figure."""

import random
from pathlib import Path

import pytest

from test.ros.fleet_kills import kill_fleets


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_workers_and_drivers_change_no_figure(tmp_path: Path) -> None:
    assert sum(kill_fleets(tmp_path, 2, random.Random(0), recordings=6)) == 2
