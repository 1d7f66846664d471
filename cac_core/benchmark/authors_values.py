# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training values of the paper's authors for each dataset (section 4.4 and their code)."""

from dataclasses import dataclass

from cac_core.preprocessing import Interpolation

DIGITS = "digits"
"""Not of the paper: those that come with scikit-learn, in place of MNIST."""


@dataclass(frozen=True)
class DatasetValues:
    """Training values of the paper's authors for one dataset.

    Attributes:
        epochs: of the two stages.
        weight_decay: of SGD.
        image_size: S in pixels.
        channels: 1 or 3.
        flip: probability of a mirror image; calibration then also uses mirrored copies.
        rotation: in degrees, either way.
        scale_min: smallest area of a random crop.
        dropout: of whole channels.
        validation_share: of each class.
        interpolation: for images of another size.
    """

    epochs: tuple[int, int]
    weight_decay: float
    image_size: int = 32
    channels: int = 3
    flip: float = 0.5
    rotation: float = 0.0
    scale_min: float = 0.8
    dropout: float = 0.2
    validation_share: float = 0.2
    interpolation: Interpolation = "linear"


VALUES = {
    "MNIST": DatasetValues((35, 35), 5e-6, channels=1, flip=0.0, scale_min=0.7),
    "SVHN": DatasetValues((50, 25), 5e-6, flip=0.0, scale_min=0.7),
    "CIFAR10": DatasetValues((150, 50), 5e-6, rotation=10.0),
    "CIFAR100": DatasetValues((150, 50), 5e-4),
    "CIFAR+10": DatasetValues((150, 50), 5e-4),
    "CIFAR+50": DatasetValues((150, 50), 5e-4),
    "TinyImageNet": DatasetValues(
        (500, 300), 1e-3, image_size=64, rotation=20.0, scale_min=0.7, dropout=0.3, validation_share=0.1
    ),
    DIGITS: DatasetValues((35, 35), 5e-6, channels=1, flip=0.0, scale_min=0.7, interpolation="area"),
}

FOLDER_VALUES = DatasetValues((150, 50), 5e-4, image_size=64, rotation=10.0, interpolation="mipmap")
"""For a user's folder: as for CIFAR, at 64 pixels; other networks than the paper's get 224."""
