# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which classes are known, which photos are trained on and which are tested on; a split is a folder of links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cac_core.data.folder_contents import LeftOut, class_folders, existing_folder, image_files
from cac_core.support.errors import DataError

LOOKS = 3
"""Groups of looks in each class; one of them is held out."""

Photos = dict[str, list[Path]]


@dataclass(frozen=True)
class Split:
    """One choice; a class name stands before its photos.

    Attributes:
        number: of the choice of classes.
        train: photos of the known classes to train on.
        test: other photos of the known classes.
        unknown: photos of all other classes.
    """

    number: int
    train: Photos
    test: Photos
    unknown: Photos


def photos_of(root: Path) -> Photos:
    """The photos of each class folder, by name."""
    left_out = LeftOut()
    folders = class_folders(existing_folder(root), left_out)
    return {name: [file for folder in same for file in image_files(folder, left_out)] for name, same in folders.items()}


def choose(number: int, classes: Sequence[str], known: int) -> tuple[str, ...]:
    """Names of the known classes of one split: a random choice, the same for everybody.

    Raises:
        DataError: too few classes to have known and unknown ones.
    """
    if not 2 <= known < len(classes):
        raise DataError(
            f"--known must be 2 to {len(classes) - 1} of the {len(classes)} classes, not {known}: the rest is unknown."
        )
    return tuple(sorted(np.random.default_rng(number).permutation(sorted(classes))[:known].tolist()))


def split_of(number: int, known: Sequence[str], train: Photos, test: Photos, per_class: int, others: Photos) -> Split:
    """Draw the photos to train on.

    Args:
        number: of the choice.
        known: classes.
        train: photos to draw from, by class.
        test: photos to test on, by class.
        per_class: how many to train on; all where there are fewer.
        others: photos of all classes, of which those of no known class are unknown; and further unknown photos.
    """
    generator = np.random.default_rng(number)
    drawn = {}
    for name in known:
        order = generator.permutation(len(train[name]))[:per_class]
        drawn[name] = [train[name][i] for i in sorted(order)]
    unknown = {name: files for name, files in others.items() if name not in known}
    return Split(number, drawn, {name: test[name] for name in known}, unknown)


def without_a_look(photos: Photos, features: Mapping[Path, NDArray[np.float32]]) -> tuple[Photos, Photos]:
    """Photos to train on, and photos that look different: of three groups of each class, the one that differs most.

    A class's photos are often neighbours that show one shelf. Held out at random, they make everything look good.

    Args:
        photos: by class.
        features: of a network that saw none of them.
    """
    from sklearn.cluster import KMeans

    train: Photos = {}
    held_out: Photos = {}
    for name, files in photos.items():
        x = np.stack([features[file] for file in files])
        groups = np.zeros(len(files), np.int64)
        if len(files) >= 2 * LOOKS:
            groups = KMeans(LOOKS, n_init=4, random_state=0).fit(x).labels_
        away = [_away(x, groups == group) for group in range(LOOKS)]
        out = groups == int(np.argmax(away)) if max(away) > 0 else np.arange(len(files)) >= (2 * len(files) + 2) // 3
        train[name] = [file for file, left in zip(files, out, strict=True) if not left]
        held_out[name] = [file for file, left in zip(files, out, strict=True) if left]
    return train, held_out


def write_links(split: Split, folder: Path) -> None:
    """Make a split as folders ``train``, ``test`` and ``unknown``, with links to the photos."""
    for part, photos in (("train", split.train), ("test", split.test), ("unknown", split.unknown)):
        for name, files in photos.items():
            parents = sorted({file.parent for file in files})
            for file in files:  # with their own names, which tell what is a series
                place = folder / part / name / str(parents.index(file.parent))
                place.mkdir(parents=True, exist_ok=True)
                (place / file.name).symlink_to(file.resolve())


def _away(x: NDArray[np.float32], own: NDArray[np.bool_]) -> float:
    """How far the mean of some photos is from that of the others; 0 if they are too few or too many to hold out."""
    if not len(own) / 6 <= own.sum() <= len(own) / 2:
        return 0.0
    return float(np.linalg.norm(x[own].mean(0) - x[~own].mean(0)))
