# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One trial of a benchmark: which images train, validate and test (section 4.1)."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cac_core.benchmark.trial_source import TrialSource, official_part
from cac_core.data import ClassSplit, LabelledImages, relabel, stratified_split
from cac_core.data.digits import SPLIT_SEED
from cac_core.inference_equations import UNKNOWN
from cac_core.preprocessing import Preprocessing


@dataclass(frozen=True)
class Trial:
    """Images of one trial; the three parts share none.

    Attributes:
        train: known images to train and calibrate on.
        validation: known images that choose the weights.
        test: known and unknown (-1) images.
        groups: for each test image which of several unknown sets it belongs to ``(T,)``; 0 for known ones.
        known_unknown: images labelled -1 of classes that are neither known nor in the test, for losses that want them.
    """

    train: LabelledImages
    validation: LabelledImages
    test: LabelledImages
    groups: Tensor
    known_unknown: LabelledImages | None = None


@dataclass(frozen=True)
class TrialSpec:
    """Names one trial: a split, and for Table 3 what else takes part.

    Attributes:
        split: known and unknown classes.
        unknown_sets: further datasets as unknown test images, each with its class numbers (none = all).
        known_unknown: a dataset and its class numbers, whose training images are known unknowns.
    """

    split: ClassSplit
    unknown_sets: tuple[tuple[str, tuple[int, ...]], ...] = ()
    known_unknown: tuple[str, tuple[int, ...]] | None = None


def load_trial(spec: TrialSpec, preprocessing: Preprocessing, source: TrialSource, validation_share: float) -> Trial:
    """Load the images of one trial.

    Args:
        spec: which.
        preprocessing: resizes the images; its mean and std do not matter here.
        source: where they lie.
        validation_share: of the training images of each class.

    Raises:
        DataError: for images that are missing or damaged, or a class that the dataset does not have.
    """
    split = spec.split
    known_set, unknown_set = sets_of(split.dataset)
    arguments = (preprocessing, source)
    if known_set == unknown_set:
        train = official_part(known_set, True, split.known, *arguments)
        test = [official_part(known_set, False, split.known + split.unknown, *arguments)]
        test_splits = [split]
    else:
        train = official_part(known_set, True, split.known, *arguments)
        test = [
            official_part(known_set, False, split.known, *arguments),
            official_part(unknown_set, False, split.unknown, *arguments),
        ]
        test_splits = [replace(split, unknown=()), replace(split, known=())]
    images, labels = _relabelled(train, replace(split, unknown=()))
    names = tuple(train.class_names[i] for i in split.known)
    tests = [_relabelled(part, s) for part, s in zip(test, test_splits, strict=True)]
    groups = [(t[1] == UNKNOWN).long() for t in tests]
    for number, (name, classes) in enumerate(spec.unknown_sets, start=2):
        extra = official_part(name, False, classes, *arguments)
        chosen = torch.isin(extra.labels, torch.tensor(classes)) if classes else torch.ones(len(extra)).bool()
        tests.append((extra.images[chosen], torch.full((int(chosen.sum()),), UNKNOWN)))
        groups.append(torch.full((int(chosen.sum()),), number))
    first, second = stratified_split(labels, validation_share, SPLIT_SEED)
    return Trial(
        train=_labelled(images[first], labels[first], names),
        validation=_labelled(images[second], labels[second], names),
        test=_labelled(torch.cat([t[0] for t in tests]), torch.cat([t[1] for t in tests]), names),
        groups=torch.cat(groups),
        known_unknown=_known_unknown(spec, names, *arguments),
    )


def _known_unknown(
    spec: TrialSpec, names: tuple[str, ...], preprocessing: Preprocessing, source: TrialSource
) -> LabelledImages | None:
    if spec.known_unknown is None:
        return None
    name, classes = spec.known_unknown
    part = official_part(name, True, classes, preprocessing, source)
    chosen = torch.isin(part.labels, torch.tensor(classes))
    return _labelled(part.images[chosen], torch.full((int(chosen.sum()),), UNKNOWN), names)


def _relabelled(part: LabelledImages, split: ClassSplit) -> tuple[Tensor, Tensor]:
    positions, labels = relabel(part.labels, split)
    return part.images[positions], labels


def _labelled(images: Tensor, labels: Tensor, names: tuple[str, ...]) -> LabelledImages:
    # Contiguous, because the images of a network on the GPU are copied there whole.
    return LabelledImages(images.contiguous(), labels, names, ("",) * len(labels))


def sets_of(dataset: str) -> tuple[str, str]:
    """The dataset that known and the one that unknown classes come from."""
    return ("CIFAR10", "CIFAR100") if dataset.startswith("CIFAR+") else (dataset, dataset)
