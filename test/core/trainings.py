# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trainings that take a second."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback

from cac_core import training
from cac_core.training import (
    AugmentConfig,
    DataConfig,
    ModelConfig,
    OptimiserConfig,
    PreprocessingConfig,
    ScheduleConfig,
    TrainConfig,
)
from cac_core.training.finishing import TrainingResult


def train(config: TrainConfig, callbacks: Sequence[Callback] = ()) -> TrainingResult:
    """Train in one process: only the further processes of a distributed training have no result."""
    result = training.train(config, callbacks)
    assert result is not None
    return result


def tiny_config(out: Path, **changes: Any) -> TrainConfig:
    """A few epochs on digits of 16 pixels with a sliver of the paper's network, on the CPU."""
    config = TrainConfig(
        out=out,
        data=DataConfig(dataset="digits"),
        preprocessing=PreprocessingConfig(image_size=16, channels=1),
        model=ModelConfig(backbone="paper", options={"width": 1 / 16}),
        augment=AugmentConfig(scale_min=0.8, noise=0.05),
        optimiser=OptimiserConfig(lr=0.05, batch_size=128),
        schedule=ScheduleConfig(epochs=3, second_epochs=2, patience=3),
        device="cpu",
        graph=False,  # writing it takes longer than the training
    )
    return replace(config, **changes)


def photo_config(root: Path, out: Path, **changes: Any) -> TrainConfig:
    """The same on a folder of small photos."""
    return tiny_config(
        out,
        **{
            "data": DataConfig(root=root, validation_share=0.25),
            "preprocessing": PreprocessingConfig(image_size=16),
            "optimiser": OptimiserConfig(lr=0.02, batch_size=16),
            **changes,
        },
    )
