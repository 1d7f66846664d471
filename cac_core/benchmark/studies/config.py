# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What can be set about each study; the texts are its help."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class PhotosStudy:
    """CAC beside cross-entropy on your own photos.

    Trains the same network with the same recipe, once with the CAC loss and once with cross-entropy, for every seed,
    and prints accuracy and AUROC of each score on test photos that nobody trained on or chose anything with.
    Finished networks stay in the output folder: the same command goes on after an interruption.

    Attributes:
        root: training photos, one folder per class.
        test: test photos, one folder per class.
        unknown: test photos of other things.
        recipe: how to train: a recipe's name, or a YAML file.
        seeds: of the trainings.
        losses: cac, cross_entropy.
        threads: processor threads to compute with; as many as torch chooses when not given.
        out: folder for networks and results.
    """

    root: Path
    test: Path
    unknown: Path
    recipe: str = "photos"
    seeds: tuple[int, ...] = (0, 1, 2)
    losses: tuple[Literal["cac", "cross_entropy"], ...] = ("cac", "cross_entropy")
    threads: int | None = None
    out: Path = Path("benchmark_photos")


@dataclass(frozen=True)
class DigitsStudy:
    """Open-set trials on real handwritten digits.

    Trains every trial of a split family with a recipe, evaluates on held-out digits, and prints AUROC, accuracy and CCR
    with mean and standard deviation over the trials, beside two other scores of the same networks.

    Attributes:
        recipe: how to train: a recipe's name, or a YAML file.
        family: split family, neal2018 or cac2020.
        trials: which trials.
        seed: seed of the trainings.
        json: also write the figures to this file.
    """

    recipe: str = "digits"
    family: str = "neal2018"
    trials: tuple[int, ...] = (0, 1, 2, 3, 4)
    seed: int = 0
    json: Path | None = None
