# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the configuration to images in memory and the preprocessing that belongs to them."""

from dataclasses import dataclass, replace
from typing import Any

from cac_core.data import LabelledImages, joined, load_digits_trial, load_image_folder, load_unknown_folder
from cac_core.data.contradictions import known_among_unknown
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import DataError
from cac_core.support.names import one_line
from cac_core.training.config import TrainConfig
from cac_core.training.normalisation import pretrained_statistics, statistics
from cac_core.training.validation_split import Divided, divide


@dataclass(frozen=True)
class TrainingData:
    """What a training works on.

    Attributes:
        train: known images to train on.
        validation: known images for early stopping and thresholds.
        unknown: images of other things for reports, or None; neither trained on nor used for thresholds.
        preprocessing: with the mean and std to train with.
        summary: JSON-ready description that goes into the bundle.
        known_unknown: images of other things to choose thresholds with, or None; not trained on.
        train_unknown: images of other things to train with, or None.
        duplicates: likely duplicates among the known images, as pairs of paths.
    """

    train: LabelledImages
    validation: LabelledImages
    unknown: LabelledImages | None
    preprocessing: Preprocessing
    summary: dict[str, Any]
    known_unknown: LabelledImages | None = None
    train_unknown: LabelledImages | None = None
    duplicates: tuple[tuple[str, str], ...] = ()

    @property
    def all_to_train_on(self) -> LabelledImages:
        """The known images, then the unknown ones."""
        return self.train if self.train_unknown is None else joined(self.train, self.train_unknown)

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that was skipped or looks wrong."""
        others = [images.problems for images in (self.unknown, self.known_unknown) if images is not None]
        return sum(others, self.train.problems)


def load_training_data(config: TrainConfig) -> TrainingData:
    """Load and divide the images.

    Raises:
        DataError: when there is nothing to train or validate on.
    """
    p = config.preprocessing
    neutral = ((0.5,) * p.channels, (0.5,) * p.channels)  # resizing needs no mean; the real one comes from the images
    preprocessing = Preprocessing(config.image_size, p.channels, p.fit, p.interpolation, *neutral)
    known, unknown = (_digits if config.data.dataset == "digits" else _folder)(config, preprocessing)
    train, validation = known.train, known.validation
    folder = config.data.known_unknown
    known_unknown = load_unknown_folder(folder, preprocessing, train.class_names) if folder else None
    train_unknown = None
    if known_unknown is not None and config.loss.known_unknown_weight:
        problems = known_unknown.problems
        train_unknown, known_unknown, _, _ = divide(known_unknown, config)
        if len(known_unknown) == 0:
            raise DataError(
                f"{folder} has too few different photos to train with some and to judge thresholds with others: add "
                "photos, or set loss.known_unknown_weight to 0."
            )
        known_unknown = replace(known_unknown, problems=problems)
    contradictions = known_among_unknown([train, validation], [unknown, known_unknown, train_unknown])
    mean, std = pretrained_statistics(config) or statistics(train.images)
    preprocessing = replace(preprocessing, mean=p.mean or mean, std=p.std or std)
    summary = known.summary | {
        "train": train.counts(),
        "validation": validation.counts(),
        "unknown": len(unknown) if unknown else 0,
        "known_unknown": len(known_unknown) if known_unknown else 0,
        "train_unknown": len(train_unknown) if train_unknown else 0,
        **contradictions,
    }
    data = TrainingData(
        train, validation, unknown, preprocessing, summary, known_unknown, train_unknown, known.duplicates
    )
    return replace(data, summary={**summary, "problems": len(data.problems)})


def _digits(config: TrainConfig, preprocessing: Preprocessing) -> tuple[Divided, LabelledImages | None]:
    data = config.data
    trial = load_digits_trial(data.family, data.trial, preprocessing, validation_share=data.validation_share)
    summary = {"kind": "digits", "family": data.family, "trial": data.trial}
    return Divided(trial.train, trial.validation, (), summary), trial.validation_unknown


def _folder(config: TrainConfig, preprocessing: Preprocessing) -> tuple[Divided, LabelledImages | None]:
    data = config.data
    assert data.root is not None
    images = load_image_folder(data.root, preprocessing)
    unknown = load_unknown_folder(data.unknown, preprocessing, images.class_names) if data.unknown else None
    known = divide(images, config)
    if len(known.validation) == 0:
        raise DataError(f"every class in {data.root} has a single photo: add photos, so that some can be held out.")
    summary = {"kind": "folder", "name": one_line(data.root.resolve().name), **known.summary}
    return known._replace(summary=summary), unknown
