# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photos of handwritten digits, and a small model that knows five of them: what the tests of the page teach with."""

import fcntl
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from cac_core.bundle import load_bundle
from cac_core.data.digits import digit_picture
from cac_core.training import (
    AugmentConfig,
    DataConfig,
    ModelConfig,
    OptimiserConfig,
    PreprocessingConfig,
    ScheduleConfig,
    TrainConfig,
    train,
)

KNOWN = (0, 1, 2, 4, 5)
NEW = 7


def indices(digit: int) -> NDArray[np.int64]:
    """Where a digit stands in scikit-learn's data set."""
    return np.flatnonzero(load_digits().target == digit)


def frame(index: int) -> NDArray[np.uint8]:
    """A digit before a camera: BGR ``(120, 160, 3)``."""
    small = cv2.resize(digit_picture(int(index)), (120, 120), interpolation=cv2.INTER_AREA)
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[:, 20:140] = small[..., None]
    return picture


def write_photos(root: Path, digits: Sequence[int] = KNOWN, count: int = 24) -> None:
    """One folder for each digit."""
    for digit in digits:
        folder = root / str(digit)
        folder.mkdir(parents=True, exist_ok=True)
        for number, index in enumerate(indices(digit)[:count]):
            cv2.imwrite(str(folder / f"{number:03d}.png"), frame(index))


def write_harvest(root: Path, digit: int = NEW, start: int = 0, count: int = 25) -> list[Path]:
    """Pictures of one digit, as the node names them, without an index."""
    root.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, index in enumerate(indices(digit)[start : start + count]):
        paths.append(root / f"20260131T1200{number:02d}.{digit:06d}_near-1.jpg")
        cv2.imwrite(str(paths[-1]), frame(index))
    return paths


def write_model(photos: Path, out: Path, width: float = 1 / 8, epochs: int = 12) -> Path:
    """A model of the folders of photos, with its graph, so that the page finds features without PyTorch."""
    if not out.exists():
        train(
            TrainConfig(
                out=out,
                data=DataConfig(root=photos, validation_share=0.25),
                preprocessing=PreprocessingConfig(image_size=32, channels=1),
                model=ModelConfig(backbone="paper", options={"width": width}),
                augment=AugmentConfig(shift=0.05, zoom=0.1, rotation=10.0),
                optimiser=OptimiserConfig(lr=0.1, batch_size=32),
                schedule=ScheduleConfig("one_cycle", epochs=epochs),
                device="cpu",
                threads=1,
                report=False,
            )
        )
    assert load_bundle(out).graph
    return out


def shared_place(cache: Path) -> Path:
    """Photos and a model that all test files of this run share, whichever makes them first.

    Args:
        cache: the folder that all processes of this run share.
    """
    place = cache / "five_digits"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "photos").exists():
            write_photos(place / "photos")
        write_model(place / "photos", place / "five.cac")
    return place
