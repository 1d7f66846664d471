# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole runs on the poorest console: ASCII, no language, 40 columns, no home, no cache, no output, elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from test.core.commands import POOR
from test.repo.sources import ROOT

TRAIN = "train --recipe digits --model.options.width 0.0625 --schedule.epochs 1 --graph false --out a/m.cac"
RUNS = (TRAIN, "evaluate a/m.cac --data.dataset digits --engine torch")
FURTHER = ("export a/m.cac --format onnx", "upgrade a/m.cac --out a/n.cac")


def started(words: str, folder: Path, output: str) -> "subprocess.CompletedProcess[bytes]":
    """One command with its output kept, closed, or given to a reader that goes away."""
    start = [sys.executable, "-m", *(f"cac_core.{words}".split())]
    shell = {"kept": 'exec "$@"', "closed": 'exec "$@" >&-', "unread": '"$@" | true'}[output]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **POOR}
    return subprocess.run(
        ["sh", "-c", shell, "sh", *start], cwd=folder, env=environment,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("output", ["kept", "closed", "unread"])
def test_a_model_from_training_to_export(tmp_path: Path, output: str) -> None:
    for words in (*RUNS, *FURTHER) if output == "kept" else RUNS:
        done = started(words, tmp_path, output)
        assert done.returncode == 0, done.stderr.decode()
        assert b"Traceback" not in done.stderr
        done.stdout.decode("ascii")
    made = {"m.cac", "m.cac.evaluation", *(("m.onnx", "n.cac") if output == "kept" else ())}
    assert made <= {path.name for path in (tmp_path / "a").iterdir()}
