# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's datasets as uint8 arrays, through torchvision where it can read them.

Each reader gives images ``(M, H, W, C)`` and original class numbers ``(M,)``. What is missing or damaged is said with
the folder that was looked in and the file that is wanted.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cac_core.data.class_folders import find_class_folders, read_class_folders
from cac_core.data.tiny_imagenet import read_tiny_imagenet
from cac_core.support.errors import DataError

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]

CLASSES = {"MNIST": 10, "SVHN": 10, "CIFAR10": 10, "CIFAR100": 100, "TinyImageNet": 200}
"""Number of classes of each dataset."""


def read_dataset(
    name: str, root: str | Path, train: bool, classes: Sequence[int] | None = None, download: bool = False
) -> Arrays:
    """Read the official training or test part of a dataset.

    Args:
        name: MNIST, SVHN, CIFAR10, CIFAR100 or TinyImageNet.
        root: the folder that holds the datasets, in torchvision's layout or as image files in class folders
            (``CIFAR10/train/airplane/…``); TinyImageNet as its official zip or folder.
        train: the training part, else the test part (for TinyImageNet the official validation part).
        classes: only images of these class numbers; all when not given.
        download: fetch what is missing from the internet (TinyImageNet has to be fetched by hand).

    Raises:
        DataError: for an unknown name, a missing file, a damaged file, or labels that the dataset does not have.
    """
    root = Path(root).expanduser()
    if name not in CLASSES:
        raise DataError(f"there is no dataset {name!r}; choose one of {', '.join(CLASSES)}.")
    wrong = [c for c in classes or () if not 0 <= c < CLASSES[name]]
    if wrong:
        raise DataError(f"{name} has the classes 0 to {CLASSES[name] - 1}, not {wrong[0]}: correct the splits.")
    if name == "TinyImageNet":
        return read_tiny_imagenet(root, train, classes)
    folder = root / "SVHN" if name == "SVHN" and (root / "SVHN").is_dir() else root
    official = all((folder / file).is_file() for file in _files(name, train))
    if not official and (class_folders := find_class_folders(name, root, train)):
        return _only(*read_class_folders(name, class_folders, CLASSES[name]), classes)
    if not download:
        for file in _files(name, train):
            if not (folder / file).is_file():
                part = f"{name}/{'train' if train else 'test'}"
                raise DataError(
                    f"{name} is not in {folder}: {file} is missing, and so is {part} with one folder per class; give "
                    "the folder that holds it with --data-root, or add --download where there is internet."
                )
    try:
        images, labels = _READERS[name](folder, train, download)
    except (RuntimeError, ValueError, AssertionError, OSError, EOFError, KeyError) as error:
        raise DataError(
            f"{name} in {folder} cannot be read ({_reason(error)}): copy or download {', '.join(_files(name, train))} "
            "again."
        ) from error
    if len(images) != len(labels):
        raise DataError(f"{name} in {folder} has {len(images)} images but {len(labels)} labels: copy it again.")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < CLASSES[name]:
        raise DataError(f"{name} in {folder} has the label {int(labels.max())}, which it cannot have: copy it again.")
    return _only(images, labels, classes)


def form_of(name: str, root: Path, train: bool) -> str:
    """How a part lies below a root: ``official files`` or ``class folders``."""
    if name == "TinyImageNet" or all((root / file).is_file() for file in _files(name, train)):
        return "official files"
    return "class folders" if find_class_folders(name, root, train) else "official files"


def _only(images: NDArray[np.uint8], labels: NDArray[np.int64], classes: Sequence[int] | None) -> Arrays:
    if classes is None:
        return images, labels
    chosen = np.isin(labels, np.asarray(classes))
    return images[chosen], labels[chosen]


def _files(name: str, train: bool) -> tuple[str, ...]:
    """The files that a part consists of, below the root."""
    if name == "MNIST":
        part = "train" if train else "t10k"
        return (f"MNIST/raw/{part}-images-idx3-ubyte", f"MNIST/raw/{part}-labels-idx1-ubyte")
    if name == "SVHN":
        return ("train_32x32.mat" if train else "test_32x32.mat",)
    if name == "CIFAR10":
        parts = [f"data_batch_{i}" for i in range(1, 6)] if train else ["test_batch"]
        return tuple(f"cifar-10-batches-py/{part}" for part in [*parts, "batches.meta"])
    return tuple(f"cifar-100-python/{part}" for part in ("train" if train else "test", "meta"))


def _mnist(root: Path, train: bool, download: bool) -> Arrays:
    from torchvision.datasets import MNIST
    from torchvision.datasets.mnist import read_image_file, read_label_file

    if download:
        MNIST(str(root), train=train, download=True)
    # Only the part that is asked for: torchvision's class demands all four files.
    images, labels = (root / file for file in _files("MNIST", train))
    return read_image_file(str(images)).numpy()[..., np.newaxis], read_label_file(str(labels)).numpy()


def _svhn(root: Path, train: bool, download: bool) -> Arrays:
    from torchvision.datasets import SVHN

    data = SVHN(str(root), split="train" if train else "test", download=download)
    return np.ascontiguousarray(data.data.transpose(0, 2, 3, 1)), data.labels.reshape(-1)


def _cifar(kind: str) -> Callable[[Path, bool, bool], Arrays]:
    def read(root: Path, train: bool, download: bool) -> Arrays:
        from torchvision import datasets

        data = getattr(datasets, kind)(str(root), train=train, download=download)
        return data.data, np.asarray(data.targets, dtype=np.int64)

    return read


_READERS: dict[str, Callable[[Path, bool, bool], Arrays]] = {
    "MNIST": _mnist,
    "SVHN": _svhn,
    "CIFAR10": _cifar("CIFAR10"),
    "CIFAR100": _cifar("CIFAR100"),
}


def _reason(error: Exception) -> str:
    text = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    if text.startswith("Dataset") and "corrupted" in text:
        return "its checksum is wrong"
    return text
