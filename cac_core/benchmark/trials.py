# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One trial of a benchmark: which images train, validate and test (section 4.1)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import torch
from torch import Tensor

from cac_core.benchmark.folder_splits import folder_classes, read_folder_splits
from cac_core.data import ClassSplit, LabelledImages, class_split, digit_picture, relabel, stratified_split
from cac_core.data.datasets import read_dataset
from cac_core.data.digits import SPLIT_SEED
from cac_core.data.folders import frames_to_images, load_image_folder
from cac_core.decision import UNKNOWN
from cac_core.preprocessing import ColourOrder, Frame, Preprocessing
from cac_core.support.errors import DataError

DIGITS = "digits"
DIGITS_TEST_SHARE = 0.25
FOLDER_TEST_SHARE = 0.25


@dataclass(frozen=True)
class TrialSource:
    """Where images come from.

    Attributes:
        data_root: folder of the paper's datasets.
        download: fetch what is missing.
        folder: a user's labelled image folder; its name is the name of the dataset.
        splits: its splits, in the format of the paper's with class names instead of numbers.
    """

    data_root: Path | None = None
    download: bool = False
    folder: Path | None = None
    splits: Path | None = None

    @property
    def folder_name(self) -> str | None:
        """The dataset's name of the user's folder."""
        return self.folder.resolve().name if self.folder else None

    def fingerprint(self, dataset: str) -> str | None:
        """Digest of the names and sizes of a user's images, which may change; None for the paper's datasets."""
        return self._listing if dataset == self.folder_name else None

    @cached_property
    def _listing(self) -> str | None:
        if self.folder is None:
            return None
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        listed = [(path.relative_to(self.folder).as_posix(), path.stat().st_size) for path in files]
        return hashlib.blake2b(repr(listed).encode(), digest_size=8).hexdigest()

    def split(self, dataset: str, family: str, trial: int) -> ClassSplit:
        """A split by name; of the user's folder, numbers are positions of the sorted class folders.

        Raises:
            DataError: for a dataset, family or trial that does not exist.
        """
        if self.folder is not None and dataset == self.folder_name:
            return read_folder_splits(self.folder, self.splits, family, trial)
        if dataset == DIGITS:
            return replace(class_split(family, "MNIST", trial), dataset=DIGITS)
        return class_split(family, dataset, trial)


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
    known_set, unknown_set = _sets(split.dataset)
    arguments = (preprocessing, source)
    if known_set == unknown_set:
        train = _part(known_set, True, split.known, *arguments)
        test = [_part(known_set, False, split.known + split.unknown, *arguments)]
        test_splits = [split]
    else:
        train = _part(known_set, True, split.known, *arguments)
        test = [
            _part(known_set, False, split.known, *arguments),
            _part(unknown_set, False, split.unknown, *arguments),
        ]
        test_splits = [replace(split, unknown=()), replace(split, known=())]
    images, labels = _relabelled(train, replace(split, unknown=()))
    names = tuple(train.class_names[i] for i in split.known)
    tests = [_relabelled(part, s) for part, s in zip(test, test_splits, strict=True)]
    groups = [(t[1] == UNKNOWN).long() for t in tests]
    for number, (name, classes) in enumerate(spec.unknown_sets, start=2):
        extra = _part(name, False, classes, *arguments)
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
    part = _part(name, True, classes, preprocessing, source)
    chosen = torch.isin(part.labels, torch.tensor(classes))
    return _labelled(part.images[chosen], torch.full((int(chosen.sum()),), UNKNOWN), names)


def _relabelled(part: LabelledImages, split: ClassSplit) -> tuple[Tensor, Tensor]:
    positions, labels = relabel(part.labels, split)
    return part.images[positions], labels


def _labelled(images: Tensor, labels: Tensor, names: tuple[str, ...]) -> LabelledImages:
    # Contiguous, because the images of a network on the GPU are copied there whole.
    return LabelledImages(images.contiguous(), labels, names, ("",) * len(labels))


def _sets(dataset: str) -> tuple[str, str]:
    """The dataset that known and the one that unknown classes come from."""
    return ("CIFAR10", "CIFAR100") if dataset.startswith("CIFAR+") else (dataset, dataset)


def _part(
    dataset: str, train: bool, classes: Sequence[int], preprocessing: Preprocessing, source: TrialSource
) -> LabelledImages:
    """Resized images of one official part with their original class numbers."""
    if source.folder is not None and dataset == source.folder_name:
        return _folder(source.folder, train, preprocessing)
    if dataset == DIGITS:
        return _digits(train, preprocessing)
    if source.data_root is None:
        raise DataError(f"{dataset} needs --data-root, the folder that holds it.")
    if dataset == "TinyImageNet":  # too large to decode whole and to keep
        return _arrays(dataset, source.data_root, train, tuple(classes), source.download, preprocessing)
    return _kept_arrays(dataset, source.data_root, train, None, source.download, preprocessing)


def _arrays(
    dataset: str, root: Path, train: bool, classes: tuple[int, ...] | None, download: bool, preprocessing: Preprocessing
) -> LabelledImages:
    images, labels = read_dataset(dataset, root, train, classes, download)
    size = preprocessing.image_size
    if images.shape[1:3] == (size, size) and images.shape[-1] == preprocessing.channels:
        resized = torch.from_numpy(images)
    else:
        grey = images.shape[-1] == 1
        order: ColourOrder = "grey" if grey else "rgb"
        jobs = [partial(Frame, image[..., 0] if grey else image, order) for image in images]
        resized = torch.from_numpy(frames_to_images(jobs, preprocessing, f"resizing {dataset}", len(images))[0])
    names = tuple(str(i) for i in range(200))
    return LabelledImages(resized, torch.from_numpy(labels).long(), names, ("",) * len(labels))


_kept_arrays = lru_cache(maxsize=5)(_arrays)


@lru_cache(maxsize=4)
def _digits(train: bool, preprocessing: Preprocessing) -> LabelledImages:
    from sklearn.datasets import load_digits

    labels = torch.from_numpy(load_digits().target).long()
    rest, test = stratified_split(labels, DIGITS_TEST_SHARE, SPLIT_SEED)
    chosen = rest if train else test
    jobs = [partial(_digit, i) for i in chosen.tolist()]
    images, _ = frames_to_images(jobs, preprocessing, "reading digits", len(jobs))
    return LabelledImages(torch.from_numpy(images), labels[chosen], tuple("0123456789"), ("",) * len(jobs))


def _digit(index: int) -> Frame:
    return Frame(digit_picture(index), "grey")


@lru_cache(maxsize=4)
def _folder(folder: Path, train: bool, preprocessing: Preprocessing) -> LabelledImages:
    """A user's folder: its own train/ and test/ if it has both, else a part of each class is held out."""
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        names = folder_classes(folder)
        loaded = load_image_folder(folder / ("train" if train else "test"), preprocessing, names)
        return loaded.subset(torch.nonzero(loaded.labels != UNKNOWN).flatten())
    everything = _whole_folder(folder, preprocessing)
    first, second = stratified_split(everything.labels, FOLDER_TEST_SHARE, SPLIT_SEED)
    return everything.subset(first if train else second)


@lru_cache(maxsize=1)
def _whole_folder(folder: Path, preprocessing: Preprocessing) -> LabelledImages:
    return load_image_folder(folder, preprocessing)
