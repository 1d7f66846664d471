# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the images of a benchmark come from: the paper's datasets, the digits, or a user's folder."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import torch

from cac_core.benchmark.authors_values import DIGITS
from cac_core.benchmark.folder_splits import folder_classes, read_folder_splits
from cac_core.data import ClassSplit, LabelledImages, class_split, digit_picture, stratified_split
from cac_core.data.datasets import form_of, read_dataset
from cac_core.data.digits import SPLIT_SEED
from cac_core.data.labelled import load_image_folder
from cac_core.data.resizing import frames_to_images
from cac_core.inference_equations import UNKNOWN
from cac_core.preprocessing import ColourOrder, Frame, Preprocessing
from cac_core.support.errors import DataError

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

    def forms(self, dataset: str) -> dict[str, str]:
        """How the files of each of the paper's datasets lie that a trial takes images from."""
        if self.data_root is None or dataset in (self.folder_name, DIGITS):
            return {}
        names = ("CIFAR10", "CIFAR100") if dataset.startswith("CIFAR+") else (dataset,)
        return {name: form_of(name, self.data_root, train=name != "CIFAR100") for name in names}

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


def official_part(
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
