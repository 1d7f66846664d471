# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One of the paper's datasets kept as image files: ``CIFAR10/train/airplane/0001.png``, one folder per class.

Many people keep CIFAR and SVHN like this. Sorted folders are the official class numbers. The files must be lossless
copies of the originals for results to compare; nothing here can tell.
"""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cac_core.data.decode import SUFFIXES, read_image
from cac_core.data.resizing import frames_to_images
from cac_core.preprocessing import Frame, Preprocessing
from cac_core.support.errors import DataError

SIDES = {"MNIST": 28, "SVHN": 32, "CIFAR10": 32, "CIFAR100": 32}
"""Side of the images [pixels] of the datasets that are read from class folders."""


def find_class_folders(name: str, root: Path, train: bool) -> Path | None:
    """The folder with the class folders of a part, ``ROOT/NAME/train`` or ``ROOT/NAME/test``; None if there is none."""
    folder = root / name / ("train" if train else "test")
    return folder if name in SIDES and folder.is_dir() else None


def read_class_folders(name: str, folder: Path, classes: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read every image below the class folders of one part.

    Args:
        name: of the dataset.
        folder: of the part.
        classes: how many class folders there must be.

    Returns:
        Images ``(M, H, W, C)`` in the order of sorted paths, and class numbers ``(M,)``.

    Raises:
        DataError: for another number of class folders, or for an image of another size or one that cannot be read.
    """
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(folders) != classes:
        raise DataError(f"{folder} has {len(folders)} class folders, but {name} has {classes} classes: copy it again.")
    files = [
        (path, label)
        for label, each in enumerate(folders)
        for path in sorted(each.iterdir())
        if path.suffix.lower() in SUFFIXES
    ]
    side, channels = SIDES[name], 1 if name == "MNIST" else 3
    frames = [partial(_read, path, side) for path, _ in files]
    as_is = Preprocessing(image_size=side, channels=channels, mean=(0.0,) * channels, std=(1.0,) * channels)
    images, failures = frames_to_images(frames, as_is, f"reading {name}", len(files))
    for (path, _), failure in zip(files, failures, strict=True):
        if failure is not None:
            raise DataError(f"{path} cannot be read ({failure}): copy {name} again.")
    return images, np.array([label for _, label in files], dtype=np.int64)


def _read(path: Path, side: int) -> Frame:
    frame = read_image(path)
    height, width = frame.pixels.shape[:2]
    if (height, width) != (side, side):
        raise OSError(f"it has {width}x{height} pixels instead of {side}x{side}")
    return frame
