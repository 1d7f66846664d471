# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""torchrun: two processes learn about the same as one, and only the first writes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cac_core.bundle import load_bundle
from cac_core.train import main

ROOT = Path(__file__).parents[2]


def arguments(out: Path) -> list[str]:
    values = {
        "recipe": "paper",
        "data.dataset": "digits",
        "preprocessing.image_size": 16,
        "preprocessing.channels": 1,
        "model.options": "{width: 0.125}",
        "augment.scale_min": 1,
        "optimiser.lr": 0.1,
        "optimiser.batch_size": 64,
        "schedule.kind": "one_cycle",
        "schedule.epochs": 12,
        "device": "cpu",
        "precision": "float32",
        "out": out,
    }
    return [f"--{name}={value}" for name, value in values.items()]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_give_about_the_same_validation_metrics_as_one(tmp_path: Path) -> None:
    assert main(arguments(tmp_path / "one.cac")) == 0
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone"]
    command += ["-m", "cac_core.train", *arguments(tmp_path / "two.cac")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("accuracy on validation images") == 1
    one, two = load_bundle(tmp_path / "one.cac").training, load_bundle(tmp_path / "two.cac").training
    assert two["data"] == one["data"]
    assert one["validation"]["accuracy"] > 0.9
    assert two["validation"]["accuracy"] == pytest.approx(one["validation"]["accuracy"], abs=0.05)
    assert two["validation"]["auroc"] == pytest.approx(one["validation"]["auroc"], abs=0.06)
    assert two["last_epoch"]["val_anchor"] == pytest.approx(one["last_epoch"]["val_anchor"], rel=0.25)


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_an_error_under_torchrun_ends_every_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone"]
    command += ["-m", "cac_core.train", *arguments(tmp_path / "m.cac"), "--optimiser.lr=1e20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode != 0
    assert "not a finite number" in done.stderr
    assert not (tmp_path / "m.cac").exists()
