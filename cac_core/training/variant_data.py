# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The photos of a model's training once more, divided as they were then, to write a variant of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from cac_core.bundle import ModelBundle
from cac_core.support.errors import DataError
from cac_core.support.names import listed
from cac_core.training.config import DataConfig, ModelConfig, PreprocessingConfig, TrainConfig
from cac_core.training.sources import TrainingData, load_training_data

_DATA = ("dataset", "validation_share", "validation", "family", "trial")
"""Settings of a training that decide which photos were validated on; the seed comes to them."""


def load_variant_data(
    bundle: ModelBundle, root: Path | None, unknown: Path | None = None, known_unknown: Path | None = None
) -> tuple[TrainingData, list[str]]:
    """Load and divide the photos.

    Args:
        bundle: the model.
        root: the folder that it was trained with; the digits need none.
        unknown: photos of other things.
        known_unknown: the photos by which false_accept chose the threshold.

    Returns:
        The images with the bundle's preprocessing, and doubts about them, one sentence each.

    Raises:
        DataError: no folder was given, or its classes are not those of the model.
    """
    earlier: dict[str, Any] = bundle.training.get("config", {})
    settings = {name: value for name, value in earlier.get("data", {}).items() if name in _DATA}
    digits = settings.get("dataset") == "digits"
    if root is None and not digits:
        raise DataError(
            "a variant gets centres and thresholds of its own, which need photos: give --data.root FOLDER, the folder "
            "that the model was trained with"
        )
    p = bundle.preprocessing
    config = TrainConfig(
        data=DataConfig(
            **settings,
            root=None if digits else root,
            unknown=None if digits else unknown,
            known_unknown=None if digits else known_unknown,
        ),
        preprocessing=PreprocessingConfig(p.image_size, p.channels, p.fit, p.interpolation, p.mean, p.std),
        model=ModelConfig(bundle.backbone.name),
        seed=int(earlier.get("seed", 0)),
    )
    data = load_training_data(config)
    names = data.train.class_names
    if names != bundle.class_names:
        raise DataError(
            f"the model knows {listed(bundle.class_names)}, and the photos show {listed(names)}: give the folder that "
            "the model was trained with"
        )
    return replace(data, preprocessing=p), _doubts(bundle, data)


def _doubts(bundle: ModelBundle, data: TrainingData) -> list[str]:
    then: dict[str, Any] = bundle.training.get("data", {})
    now = {"train": data.train.counts(), "validation": data.validation.counts()}
    if now == {name: then.get(name) for name in now}:
        return []
    return [
        "these are not the photos of the training, or they were divided otherwise: the model may have learnt from some "
        "that now choose the threshold, and the threshold may then reject too many known objects"
    ]
