# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A moving average of the weights is what it says, and a killed training does not lose it."""

from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning import Callback
from torch import Tensor

from cac_core.support.errors import TrainingError
from cac_core.training import OptimiserConfig, ScheduleConfig
from cac_core.training.checks import check
from cac_core.training.module import CACModule
from test.core.trainings import tiny_config, train

SETTINGS = OptimiserConfig(lr=0.05, batch_size=128, ema=0.9)
ONE_CYCLE = ScheduleConfig("one_cycle", epochs=3)


class Weights(Callback):
    """Notes the weights after every step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Tensor]] = []

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, CACModule)
        self.steps.append({k: v.detach().clone() for k, v in pl_module.backbone.state_dict().items()})


class Stop(Callback):
    """Fails in the middle of the last epoch."""

    def on_train_batch_start(
        self, trainer: pl.Trainer, module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        if (trainer.current_epoch, batch_idx) == (2, 1):
            raise RuntimeError("stopped")


def test_the_model_holds_the_average_of_the_steps(tmp_path: Path) -> None:
    noted = Weights()
    result = train(tiny_config(tmp_path / "m.cac", optimiser=SETTINGS, schedule=ONE_CYCLE), [noted])
    for name, array in result.bundle.state.items():
        value = torch.tensor(array)
        if not value.is_floating_point():
            assert torch.equal(value, noted.steps[-1][name])
            continue
        expected = noted.steps[0][name].double()
        for k, step in enumerate(noted.steps[1:], start=1):
            decay = min(0.9, (1 + k) / (10 + k))
            expected = decay * expected + (1 - decay) * step[name].double()
        torch.testing.assert_close(value.double(), expected, atol=1e-5, rtol=1e-4)


def test_a_training_that_was_stopped_ends_with_the_same_model(tmp_path: Path) -> None:
    whole = train(tiny_config(tmp_path / "a" / "m.cac", optimiser=SETTINGS, schedule=ONE_CYCLE))
    config = tiny_config(tmp_path / "b" / "m.cac", optimiser=SETTINGS, schedule=ONE_CYCLE)
    with pytest.raises(RuntimeError, match="stopped"):
        train(config, [Stop()])
    assert train(config).bundle.checksum == whole.bundle.checksum


def test_it_is_off_by_default_and_belongs_to_one_cycle(tmp_path: Path) -> None:
    assert OptimiserConfig().ema == 0.0
    with pytest.raises(TrainingError, match=r"optimiser\.ema averages"):
        check(tiny_config(tmp_path / "m.cac", optimiser=SETTINGS))
    with pytest.raises(TrainingError, match=r"optimiser\.ema must"):
        check(tiny_config(tmp_path / "m.cac", optimiser=OptimiserConfig(ema=1.0), schedule=ONE_CYCLE))
