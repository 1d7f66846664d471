# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How the networks of a benchmark are trained: by the paper's recipe, shorter ones, a strong one, one for digits."""

from dataclasses import dataclass, replace
from typing import Literal

from cac_core.benchmark.authors_values import FOLDER_VALUES, VALUES
from cac_core.support.errors import TrainingError
from cac_core.training.config import (
    AugmentConfig,
    DataConfig,
    LossConfig,
    ModelConfig,
    OptimiserConfig,
    PreprocessingConfig,
    ScheduleConfig,
    TrainConfig,
)

RecipeName = Literal["paper", "short", "small", "strong", "quick"]

NO_PATIENCE = 10**9
"""The authors train a fixed number of epochs; their rule only chooses the weights."""


@dataclass(frozen=True)
class Strong:
    """What the strong recipe adds besides RandAugment and averaged weights (Vaze et al., ICLR 2022).

    Attributes:
        label_smoothing: share of the target that is spread over all classes.
        cycles: of the cosine schedule with warm restarts.
    """

    label_smoothing: float = 0.1
    cycles: int = 3


@dataclass(frozen=True)
class Recipe:
    """A training configuration and what it does not hold.

    Attributes:
        config: for the training module.
        validation_share: of the training images of each class.
        mirrored_calibration: calibrate centres with mirrored copies too, as the authors do where training mirrors.
        strong: additions, or None.
    """

    config: TrainConfig
    validation_share: float
    mirrored_calibration: bool
    strong: Strong | None = None


def make_recipe(
    name: RecipeName,
    dataset: str,
    *,
    seed: int = 0,
    epochs: int | None = None,
    backbone: str = "paper",
    anchor_weight: float = 0.1,
    anchor_magnitude: float = 10.0,
    image_size: int | None = None,
    width: float | None = None,
) -> Recipe:
    """The recipe of one dataset.

    Args:
        name: ``paper`` (section 4.4, the authors' values), ``short`` (one cycle of 6 epochs), ``small`` (12 epochs at
            a quarter of the width), ``strong``, ``quick``.
        dataset: whose values.
        seed: of the training.
        epochs: another number of epochs; for ``paper`` divided between its stages as usual.
        backbone: another network.
        anchor_weight: λ.
        anchor_magnitude: α.
        image_size: another image size (a user's folder).
        width: another width of the paper's network, as a share of its filters.

    Raises:
        TrainingError: for a width of another network.
    """
    values = VALUES.get(dataset.partition("/")[0], FOLDER_VALUES)
    if values is FOLDER_VALUES and backbone != "paper":
        values = replace(values, image_size=224)
    if image_size:
        values = replace(values, image_size=image_size)
    config = TrainConfig(
        data=DataConfig(),
        preprocessing=PreprocessingConfig(values.image_size, values.channels, "crop", values.interpolation),
        model=ModelConfig(backbone, options={"dropout": values.dropout} if backbone == "paper" else {}),
        loss=LossConfig(anchor_weight, anchor_magnitude),
        augment=AugmentConfig(scale_min=values.scale_min, flip=values.flip, rotation=values.rotation),
        optimiser=OptimiserConfig("sgd", 0.01, 0.9, values.weight_decay, 128),
        schedule=ScheduleConfig("two_stage", *_stages(values.epochs, epochs), patience=NO_PATIENCE),
        seed=seed,
    )
    small = AugmentConfig(scale_min=1.0, flip=values.flip, rotation=10.0, shift=0.1, zoom=0.1)
    if name == "short":
        config.augment = small
        config.optimiser = OptimiserConfig("sgd", 0.05, 0.9, values.weight_decay, 128)
        config.schedule = ScheduleConfig("one_cycle", epochs or 6)
    elif name == "small":
        config.augment = small
        config.model = replace(
            config.model, options=config.model.options | ({"width": 0.25} if backbone == "paper" else {})
        )
        config.optimiser = OptimiserConfig("sgd", 0.05, 0.9, values.weight_decay, 128)
        config.schedule = ScheduleConfig("one_cycle", epochs or 12)
    elif name == "strong":
        config.augment = replace(small, rand_augment=6)
        config.optimiser = OptimiserConfig("sgd", 0.05, 0.9, 1e-4, 128, ema=0.999)
        config.schedule = ScheduleConfig("one_cycle", epochs or round(1.5 * sum(values.epochs)))
    elif name == "quick":
        config.augment = small
        config.model = ModelConfig(backbone, options={"width": 0.25, "dropout": 0.1} if backbone == "paper" else {})
        config.optimiser = OptimiserConfig("sgd", 0.05, 0.9, 5e-4, 64)
        config.schedule = ScheduleConfig("one_cycle", epochs or 10)
    if width:
        if backbone != "paper":
            raise TrainingError(f"--width belongs to the paper's network, not to {backbone}: leave it out.")
        config.model = replace(config.model, options={**config.model.options, "width": width})
    strong = Strong() if name == "strong" else None
    return Recipe(config, values.validation_share, values.flip > 0 and name != "quick", strong)


def _stages(usual: tuple[int, int], epochs: int | None) -> tuple[int, int]:
    if epochs is None:
        return usual
    first = max(1, round(epochs * usual[0] / sum(usual)))
    return first, max(0, epochs - first)
