# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the configuration to images in memory and the preprocessing that belongs to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cac_core.backbones.build import ALIASES
from cac_core.data import (
    LabelledImages,
    duplicate_groups,
    find_duplicates,
    last_split,
    load_digits_trial,
    load_image_folder,
    load_unknown_folder,
    stratified_split,
)
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import DataError
from cac_core.training.config import TrainConfig

FEW_PHOTOS_OF_A_CLASS = 15
MOST_NAMED = 50
"""Pairs of likely duplicates that are listed by name."""

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


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
    """

    train: LabelledImages
    validation: LabelledImages
    unknown: LabelledImages | None
    preprocessing: Preprocessing
    summary: dict[str, Any]
    known_unknown: LabelledImages | None = None
    train_unknown: LabelledImages | None = None

    @property
    def learnt(self) -> LabelledImages:
        """Everything to train on: the known images, then the unknown ones."""
        more = self.train_unknown
        if more is None:
            return self.train
        return replace(
            self.train,
            images=torch.cat([self.train.images, more.images]),
            labels=torch.cat([self.train.labels, more.labels]),
            paths=self.train.paths + more.paths,
        )

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
    if config.data.dataset == "digits":
        train, validation, unknown, summary = _digits(config, preprocessing)
    else:
        train, validation, unknown, summary = _folder(config, preprocessing)
    folder = config.data.known_unknown
    known_unknown = load_unknown_folder(folder, preprocessing, train.class_names) if folder else None
    train_unknown = None
    if known_unknown is not None and config.loss.known_unknown_weight:
        problems = known_unknown.problems
        train_unknown, known_unknown, _ = divide(known_unknown, config)
        if len(known_unknown) == 0:
            raise DataError(
                f"{folder} has too few different photos to train with some and to judge thresholds with others: add "
                "photos, or set loss.known_unknown_weight to 0."
            )
        known_unknown = replace(known_unknown, problems=problems)
    mean, std = pretrained_statistics(config) or statistics(train.images)
    preprocessing = replace(preprocessing, mean=p.mean or mean, std=p.std or std)
    summary |= {
        "train": train.counts(),
        "validation": validation.counts(),
        "unknown": len(unknown) if unknown else 0,
        "known_unknown": len(known_unknown) if known_unknown else 0,
        "train_unknown": len(train_unknown) if train_unknown else 0,
    }
    data = TrainingData(train, validation, unknown, preprocessing, summary, known_unknown, train_unknown)
    return replace(data, summary={**summary, "problems": len(data.problems)})


def statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and std per channel of uint8 ``(M, S, S, C)``, in units of [0, 1]."""
    means, stds = [], []
    for channel in range(images.shape[-1]):
        # Counting values is exact and needs no floating-point copy of the images.
        counts = images[..., channel].flatten().bincount(minlength=256).double()
        values = counts.new_tensor(range(256)) / 255.0
        mean = float((counts * values).sum() / counts.sum())
        variance = float((counts * (values - mean) ** 2).sum() / counts.sum())
        means.append(mean)
        stds.append(max(variance**0.5, 1.0 / 255.0))  # images of one value must not divide by zero
    return tuple(means), tuple(stds)


def pretrained_statistics(config: TrainConfig) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and std that pretrained weights expect; None when training from scratch or on grey images."""
    name = ALIASES.get(config.model.backbone, config.model.backbone)
    if not config.model.pretrained or name == "paper" or config.preprocessing.channels != 3:
        return None
    from torchvision import models

    if name in models.list_models(module=models):
        return IMAGENET
    import timm

    pretrained = timm.get_pretrained_cfg(name.removeprefix("timm/"), allow_unregistered=True)
    return (tuple(pretrained.mean), tuple(pretrained.std)) if pretrained else IMAGENET


def _digits(
    config: TrainConfig, preprocessing: Preprocessing
) -> tuple[LabelledImages, LabelledImages, LabelledImages | None, dict[str, Any]]:
    data = config.data
    trial = load_digits_trial(data.family, data.trial, preprocessing, validation_share=data.validation_share)
    summary = {"kind": "digits", "family": data.family, "trial": data.trial}
    return trial.train, trial.validation, trial.validation_unknown, summary


def _folder(
    config: TrainConfig, preprocessing: Preprocessing
) -> tuple[LabelledImages, LabelledImages, LabelledImages | None, dict[str, Any]]:
    data = config.data
    assert data.root is not None
    images = load_image_folder(data.root, preprocessing)
    unknown = load_unknown_folder(data.unknown, preprocessing, images.class_names) if data.unknown else None
    train, validation, more = divide(images, config)
    if len(validation) == 0:
        raise DataError(f"every class in {data.root} has a single photo: add photos, so that some can be held out.")
    return train, validation, unknown, {"kind": "folder", "name": data.root.resolve().name, **more}


def divide(images: LabelledImages, config: TrainConfig) -> tuple[LabelledImages, LabelledImages, dict[str, Any]]:
    """Images to train on (they keep the problems), images to validate on, and what the summary says about it."""
    pairs = find_duplicates(images.images)
    groups = duplicate_groups(pairs, len(images)) if len(pairs) else None
    share = config.data.validation_share
    if config.data.validation == "last":
        first, second = last_split(images.labels, images.paths, share, groups)
    else:
        first, second = stratified_split(images.labels, share, config.seed, groups)
    counts = images.counts()
    wrong = images.labels[pairs[:, 0]] != images.labels[pairs[:, 1]]
    # Those that contradict each other first: they are mistakes, the others only repetitions.
    order = torch.argsort((~wrong).to(torch.int8), stable=True)
    # Class and file name: the summary travels with the model and says nothing of the machine it comes from.
    names = ["/".join(Path(path).parts[-2:]) for path in images.paths]
    named = [[names[i], names[j]] for i, j in pairs[order[:MOST_NAMED]].tolist()]
    summary = {
        "duplicates": {"pairs": len(pairs), "across_classes": int(wrong.sum()), "named": named},
        "few_photos": [name for name, count in counts.items() if 0 < count < FEW_PHOTOS_OF_A_CLASS],
    }
    return replace(images.subset(first), problems=images.problems), images.subset(second), summary


def hygiene(summary: Mapping[str, Any]) -> list[str]:
    """What the summary of the data warns about, one sentence each."""
    notes = []
    found = summary.get("duplicates", {"pairs": 0})
    if found["pairs"]:
        first, second = found["named"][0]
        pairs = "1 pair" if found["pairs"] == 1 else f"{found['pairs']} pairs"
        wrong = found["across_classes"]
        labels = f", {wrong} of them in different classes: correct these labels" if wrong else ""
        notes.append(
            f"{pairs} of photos likely show the same picture{labels} (first: {first} and {second}); the "
            "same picture is never both trained on and validated on"
        )
    few = summary.get("few_photos", [])
    if few:
        notes.append(f"fewer than {FEW_PHOTOS_OF_A_CLASS} photos of {', '.join(few)}: add photos of these classes")
    return notes


def merged(summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The summaries of several :func:`divide` in one; pictures of one folder are not compared with another's."""
    found = [summary["duplicates"] for summary in summaries]
    duplicates = {key: sum(part[key] for part in found) for key in ("pairs", "across_classes")}
    named = [pair for part in found for pair in part["named"]]
    few = [name for summary in summaries for name in summary["few_photos"]]
    return {"duplicates": {**duplicates, "named": named[:MOST_NAMED]}, "few_photos": few}
