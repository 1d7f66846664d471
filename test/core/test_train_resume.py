# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A training that is killed goes on where it was and ends with the same file as an unbroken one."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from cac_core.support.errors import TrainingError
from cac_core.training import ScheduleConfig, TrainConfig
from cac_core.training.finishing import TrainingResult
from test.core.trainings import tiny_config, train

ROOT = Path(__file__).parents[2]
TWO_STAGES = ScheduleConfig(epochs=2, second_epochs=2, patience=2)
ONE_CYCLE = ScheduleConfig(kind="one_cycle", epochs=4)

KILLED = """
import os, signal, sys
from pathlib import Path
from pytorch_lightning import Callback
from cac_core.training import train
from test.core.test_train_resume import SCHEDULES
from test.core.trainings import tiny_config

class Kill(Callback):
    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if (trainer.current_epoch, batch_idx) == (int(sys.argv[3]), 2):
            os.kill(os.getpid(), signal.SIGKILL)

train(tiny_config(Path(sys.argv[1]), schedule=SCHEDULES[sys.argv[2]]), [Kill()])
"""

KILLED_WHILE_SAVING = """
import os, signal, sys
from pathlib import Path
from cac_core.training import finishing, train
from test.core.test_train_resume import SCHEDULES
from test.core.trainings import tiny_config

finishing.save_bundle = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
train(tiny_config(Path(sys.argv[1]), schedule=SCHEDULES[sys.argv[2]]))
"""

SCHEDULES = {"two_stage": TWO_STAGES, "one_cycle": ONE_CYCLE}


def run_until_killed(code: str, *arguments: object) -> None:
    """The same number of threads as this process, because sums depend on it."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TrainingResult]:
    """The file each schedule gives without interruption."""
    folder = tmp_path_factory.mktemp("unbroken")
    return {name: train(tiny_config(folder / name / "m.cac", schedule=s)) for name, s in SCHEDULES.items()}


# Epochs count from 0: the kill comes in the middle of the second, third or fourth.
@pytest.mark.slow
@pytest.mark.parametrize(("schedule", "epoch"), [("two_stage", 1), ("two_stage", 3), ("one_cycle", 2)])
def test_killed_in_the_middle_of_an_epoch(
    tmp_path: Path, unbroken: dict[str, TrainingResult], schedule: str, epoch: int
) -> None:
    config = tiny_config(tmp_path / "m.cac", schedule=SCHEDULES[schedule])
    run_until_killed(KILLED, config.out, schedule, epoch)
    assert not config.out.exists()
    assert (config.run_folder / "last.ckpt").is_file()
    result = train(config)
    expected = unbroken[schedule]
    assert result.history == expected.history
    assert result.bundle.checksum == expected.bundle.checksum
    assert len((config.run_folder / "metrics.csv").read_text().splitlines()) == 1 + len(expected.history)


INTERRUPTED = """
import os, signal, sys
from pytorch_lightning import Callback
from cac_core import train
from cac_core.support import command
from cac_core.training.run import train as run

class Interrupt(Callback):
    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if trainer.current_epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)

train.train = lambda config: run(config, [Interrupt()])
command.run(lambda: train.main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_exits_with_130(tmp_path: Path) -> None:
    options = ["--recipe", "paper", "--data.dataset", "digits"]
    options += ["--preprocessing.channels", "1", "--preprocessing.image_size", "16"]
    options += ["--model.options", "{width: 0.06}", "--out", str(tmp_path / "m.cac")]
    command = [sys.executable, "-c", INTERRUPTED, *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 130, done.stderr
    assert "the same command goes on" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_killed_after_the_last_epoch(tmp_path: Path, unbroken: dict[str, TrainingResult]) -> None:
    config = tiny_config(tmp_path / "m.cac", schedule=TWO_STAGES)
    run_until_killed(KILLED_WHILE_SAVING, config.out, "two_stage")
    result = train(config)
    assert result.history == unbroken["two_stage"].history  # not one epoch more
    assert result.bundle.checksum == unbroken["two_stage"].bundle.checksum


def interrupted(config: TrainConfig) -> None:
    """The traces of a run that stopped after its second epoch, made without a second process."""
    from pytorch_lightning import Callback

    class Stop(Callback):
        def on_train_epoch_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
            if trainer.current_epoch == 2:
                raise RuntimeError("stopped by the test")

    with pytest.raises(RuntimeError, match="stopped by the test"):
        train(config, [Stop()])


def test_another_configuration_does_not_continue_a_run_and_is_told_why(tmp_path: Path) -> None:
    config = tiny_config(tmp_path / "m.cac")
    interrupted(config)
    state = (config.run_folder / "last.ckpt").read_bytes()
    other = tiny_config(tmp_path / "m.cac", known_kept=0.9)
    other.optimiser.lr = 0.01
    with pytest.raises(TrainingError, match=r"another known_kept, optimiser\.lr: .*--resume false"):
        train(other)
    assert (config.run_folder / "last.ckpt").read_bytes() == state  # nothing was lost


def test_resume_false_starts_again(tmp_path: Path) -> None:
    config = tiny_config(tmp_path / "m.cac", schedule=ONE_CYCLE)
    interrupted(config)
    result = train(replace(config, seed=4, resume=False))
    assert len(result.history) == 4
    assert json.loads((config.run_folder / "config.json").read_text())["seed"] == 4


def test_a_finished_run_is_not_resumed(tmp_path: Path, unbroken: dict[str, TrainingResult]) -> None:
    config = tiny_config(tmp_path / "m.cac", schedule=ONE_CYCLE)
    first = train(config)
    assert train(config).bundle.checksum == first.bundle.checksum == unbroken["one_cycle"].bundle.checksum


def test_a_damaged_state_is_refused_with_a_sentence(tmp_path: Path) -> None:
    config = tiny_config(tmp_path / "m.cac")
    interrupted(config)
    checkpoint = config.run_folder / "last.ckpt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="--resume false"):
        train(config)
