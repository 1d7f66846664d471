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


@dataclass(frozen=True)
class FewShotStudy:
    """Few photos, near unknowns: which recipe and which score is better, and how sure that is.

    Chooses at random which classes are known, trains on a few photos of each, and tests on other photos of them and on
    all photos of the other classes. Recipes and scores are compared in pairs, on the same splits and photos. Without
    --test, of each class the third of the photos that looks most different is tested on. Each finished network is one
    JSON file in the output folder: the same command goes on after an interruption.

    Attributes:
        root: photos, one folder per class.
        test: further photos of the same classes to test on.
        unknown: further photos that are always unknown.
        dataset: CIFAR10 or TinyImageNet in place of root: 50 images per class to train on and 50 to test on.
        data_root: folder that holds the datasets.
        known: how many classes are known; two thirds when not given.
        splits: how many choices of known classes.
        seeds: of the trainings.
        per_class: photos to train on, per class.
        recipes: a recipe's name, or a YAML file; the others are compared with the first.
        threads: processor threads to compute with; as many as torch chooses when not given.
        out: folder for networks and results.
    """

    root: Path | None = None
    test: Path | None = None
    unknown: Path | None = None
    dataset: Literal["CIFAR10", "TinyImageNet"] | None = None
    data_root: Path | None = None
    known: int | None = None
    splits: int = 3
    seeds: tuple[int, ...] = (0,)
    per_class: tuple[int, ...] = (10, 20, 45)
    recipes: tuple[str, ...] = ("photos",)
    threads: int | None = None
    out: Path = Path("benchmark_few_shot")
