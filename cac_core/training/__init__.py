# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training: from labelled images to a bundle. ``train(TrainConfig(...))`` does all of it; ``extend`` adds classes.

The configuration is importable without torch's training stack; Lightning and kornia are loaded by ``train``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cac_core.training.checks import check
from cac_core.training.config import (
    CHECKPOINT,
    AugmentConfig,
    DataConfig,
    LossConfig,
    ModelConfig,
    OptimiserConfig,
    PreprocessingConfig,
    ScheduleConfig,
    TrainConfig,
    load_recipe,
)
from cac_core.training.extension_config import ExtendConfig, ExtendData, check_extension

if TYPE_CHECKING:
    from pytorch_lightning import Callback

    from cac_core.training.extension import Extension
    from cac_core.training.finishing import TrainingResult

__all__ = [
    "CHECKPOINT",
    "AugmentConfig",
    "DataConfig",
    "ExtendConfig",
    "ExtendData",
    "LossConfig",
    "ModelConfig",
    "OptimiserConfig",
    "PreprocessingConfig",
    "ScheduleConfig",
    "TrainConfig",
    "extend",
    "load_recipe",
    "train",
]


def train(config: TrainConfig, callbacks: Sequence[Callback] = ()) -> TrainingResult | None:
    """Check the configuration, train, calibrate and save a bundle; see :func:`cac_core.training.run.train`."""
    check(config)  # before anything slow is imported
    from cac_core.training.run import train as run

    return run(config, callbacks)


def extend(config: ExtendConfig) -> Extension:
    """Check the configuration, teach a model further classes; see :func:`cac_core.training.extension.extend`."""
    check_extension(config)
    from cac_core.training.extension import extend as run

    return run(config)
