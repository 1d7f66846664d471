# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The photos of an extension: all of the new classes, a few of each old one to rehearse."""

from dataclasses import replace
from pathlib import Path

import torch

from cac_core.bundle import ModelBundle
from cac_core.bundle.checks import class_names_problem
from cac_core.data import LabelledImages, class_folder_names, joined, load_image_folder
from cac_core.support.errors import DataError
from cac_core.support.names import by_form, listed, one_line, same_form
from cac_core.training.config import TrainConfig
from cac_core.training.extension_config import ExtendData
from cac_core.training.sources import TrainingData
from cac_core.training.validation_split import Divided, divide, merged


def load_extension_data(config: ExtendData, bundle: ModelBundle, training: TrainConfig) -> TrainingData:
    """Load and divide the photos; the new classes come after those of the bundle.

    Args:
        config: both folders.
        bundle: the model with its classes and preprocessing.
        training: how photos are divided.

    Raises:
        DataError: when the folders do not fit the model, or a class has too few photos.
    """
    add, rehearsal = config.add, config.rehearsal
    assert add is not None
    assert rehearsal is not None
    added = _new_class_names(add, rehearsal, bundle)
    names = (*bundle.class_names, *added)
    old = _divided(rehearsal, bundle.class_names, names, bundle, training)
    few = replace(_few_of_each(old.train, config.rehearsal_per_class), problems=old.train.problems)
    new = _divided(add, added, names, bundle, training)
    train, validation = joined(few, new.train), joined(old.validation, new.validation)
    summary = {
        "kind": "extension",
        "name": one_line(add.resolve().name),
        "added": list(added),
        "train": train.counts(),
        "validation": validation.counts(),
        "unknown": 0,
        "problems": len(train.problems),
        **merged([old.summary, new.summary]),
    }
    duplicates = old.duplicates + new.duplicates
    return TrainingData(train, validation, None, bundle.preprocessing, summary, duplicates=duplicates)


def _new_class_names(add: Path, rehearsal: Path, bundle: ModelBundle) -> tuple[str, ...]:
    """Names of the new classes.

    Raises:
        DataError: when the model knows one of them, or its own classes are not those of the other folder.
    """
    added, rehearsed = class_folder_names(add), class_folder_names(rehearsal)
    known = by_form(bundle.class_names)
    twice = [name for name in added if name in known]
    if twice:
        raise DataError(
            f"the model knows {listed(twice)} already: give the folder in {add} another name, or put its photos to "
            "the others of that class and train anew."
        )
    foreign = [name for name in rehearsed if name not in known]
    if foreign:
        raise DataError(
            f"{rehearsal} has the folder {foreign[0]!r}, which is no class of the model: move new classes to {add} and "
            "leave only known ones there."
        )
    missing = [name for name in bundle.class_names if same_form(name) not in rehearsed]
    if missing:
        raise DataError(
            f"{rehearsal} has no photos of {listed(missing)}, which the model knows and would forget: add a folder "
            "of photos for each."
        )
    if problem := class_names_problem((*bundle.class_names, *added)):  # said now, and not when the model is written
        raise DataError(f"{one_line(str(add))} cannot be learnt: {problem}. Rename its folder.")
    return added


def _divided(
    folder: Path, wanted: tuple[str, ...], names: tuple[str, ...], bundle: ModelBundle, training: TrainConfig
) -> Divided:
    """What :func:`divide` makes of a folder that holds only some of the classes."""
    images = load_image_folder(folder, bundle.preprocessing, names)
    counts = images.counts()
    few = [name for name in wanted if counts[name] < 2]
    if few:
        raise DataError(
            f"{folder} has fewer than two readable photos of {listed(few)}: one is needed to learn from and "
            "another to check with."
        )
    problems = tuple(p for p in images.problems if not p.startswith("no image of the known class"))
    return divide(replace(images, problems=problems), training)


def _few_of_each(images: LabelledImages, most: int) -> LabelledImages:
    """At most this many of each class, evenly spread over its files: neighbours in a folder look alike."""
    chosen = []
    for label in torch.unique(images.labels).tolist():
        own = torch.nonzero(images.labels == label).flatten()
        chosen.append(own[torch.linspace(0, len(own) - 1, min(most, len(own))).round().long()])
    return images.subset(torch.cat(chosen))
