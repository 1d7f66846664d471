# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trainings killed at random moments lose no more than an epoch, and the temporary folder may lie on another disk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from test.repo.sources import ROOT

OTHER_DISK = Path("/dev/shm")
TRIES = 12


@pytest.mark.slow
@pytest.mark.timeout(590)
def test_a_killed_training_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    elsewhere = OTHER_DISK if OTHER_DISK.is_dir() else tmp_path
    temporary = elsewhere / f"cac_ros_{os.getpid()}"
    temporary.mkdir()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "test.core.trainer_kills", str(tmp_path / "out"), str(TRIES)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=580,
            check=False,
        )
    finally:
        subprocess.run(["rm", "-r", str(temporary)], check=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every state was whole" in done.stdout
    assert "0 files left in the temporary folder" in done.stdout
