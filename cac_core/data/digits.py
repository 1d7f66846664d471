# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Open-set trials on the real handwritten digits that come with scikit-learn.

1,797 digits of 8x8 pixels (the test part of UCI "Optical Recognition of Handwritten Digits"): small enough to train on
in seconds, and no download. They stand in for MNIST under its class splits.
"""

from dataclasses import dataclass
from functools import cache, partial

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from cac_core.data.class_splits import ClassSplit, class_split, relabel
from cac_core.data.held_out import stratified_split
from cac_core.data.labelled import LabelledImages
from cac_core.data.resizing import frames_to_images
from cac_core.inference_equations import UNKNOWN
from cac_core.preprocessing import Frame, Preprocessing

PICTURE_SIZE = 480
"""Side of a digit as a camera would see it, in pixels."""

SPLIT_SEED = 0
"""Which digits are held out never depends on the seed of a training."""


@dataclass(frozen=True)
class DigitsTrial:
    """One trial. ``train``, ``validation`` and ``test`` share no image.

    Attributes:
        split: which digits are known.
        train: known digits to train on.
        validation: known digits for early stopping and thresholds.
        validation_unknown: unknown digits (-1) for reports while tuning; neither trained on nor in the test part.
        test: held-out digits, known and unknown (-1).
        test_indices: position of each test image in scikit-learn's data set, for :func:`digit_picture`.
        test_digits: what each test image shows, 0 to 9.
    """

    split: ClassSplit
    train: LabelledImages
    validation: LabelledImages
    validation_unknown: LabelledImages
    test: LabelledImages
    test_indices: NDArray[np.int64]
    test_digits: NDArray[np.int64]


def load_digits_trial(
    family: str = "neal2018",
    trial: int = 0,
    preprocessing: Preprocessing | None = None,
    *,
    validation_share: float = 0.2,
    test_share: float = 0.25,
) -> DigitsTrial:
    """One trial of the family's MNIST splits on scikit-learn's digits.

    Args:
        family: ``neal2018`` or ``cac2020``.
        trial: 0 to 4.
        preprocessing: resizes the pictures; 32x32 grey without it.
        validation_share: of what is left after the test part, per class.
        test_share: of each of the ten classes.

    Raises:
        DataError: for a family or trial that does not exist.
    """
    split = class_split(family, "MNIST", trial)
    preprocessing = preprocessing or Preprocessing(32, channels=1, mean=(0.5,), std=(0.5,))
    _, digits = _digits()
    all_digits = torch.from_numpy(digits)
    rest, test = stratified_split(all_digits, test_share, SPLIT_SEED)
    first, second = stratified_split(all_digits[rest], validation_share, SPLIT_SEED)
    _, labels = relabel(all_digits, split)  # a split of all ten digits keeps every position
    known = labels != UNKNOWN
    train, validation, other = rest[first], rest[second], rest[~known[rest]]
    everything = _images(preprocessing)
    names = tuple(str(digit) for digit in split.known)
    paths = tuple(f"digits/{i:04d}" for i in range(len(digits)))
    whole = LabelledImages(everything, labels, names, paths)
    return DigitsTrial(
        split=split,
        train=whole.subset(train[known[train]]),
        validation=whole.subset(validation[known[validation]]),
        validation_unknown=whole.subset(other),
        test=whole.subset(test),
        test_indices=test.numpy(),
        test_digits=digits[test.numpy()],
    )


def digit_picture(index: int) -> NDArray[np.uint8]:
    """A digit as a camera would see it: uint8 ``(480, 480)``, white on black, with a margin.

    The same picture is resized for training, so a camera frame that shows it is nothing new to the network.

    Args:
        index: position in scikit-learn's data set, 0 to 1796.
    """
    pixels, _ = _digits()
    with_margin = np.pad(pixels[index], 1)
    size = (PICTURE_SIZE, PICTURE_SIZE)
    return np.asarray(cv2.resize(with_margin, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


@cache
def _images(preprocessing: Preprocessing) -> torch.Tensor:
    total = len(_digits()[0])
    jobs = [partial(_digit_frame, i) for i in range(total)]
    images, _ = frames_to_images(jobs, preprocessing, "reading digits", total)
    return torch.from_numpy(images)


def _digit_frame(index: int) -> Frame:
    return Frame(digit_picture(index), "grey")


@cache
def _digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pixels uint8 ``(1797, 8, 8)`` and digits ``(1797,)``."""
    from sklearn.datasets import load_digits  # half a second, and only digits need it

    data = load_digits()
    return np.round(data.images * (255.0 / 16.0)).astype(np.uint8), data.target.astype(np.int64)
