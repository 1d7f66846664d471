# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The class splits of the paper's experiments, by name.

Two families exist and their results are not comparable: ``neal2018`` are the splits of the benchmark protocol
(Neal et al., ECCV 2018; the paper's Table 1), ``cac2020`` the paper's authors' own. In CIFAR+10 and CIFAR+50 the
known classes are those of CIFAR10 and the unknown ones those of CIFAR100.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import torch
from torch import Tensor

from cac_core.inference_equations import UNKNOWN
from cac_core.support.errors import DataError


@dataclass(frozen=True)
class ClassSplit:
    """Original class numbers that are known and unknown, in sorted order.

    Attributes:
        family: ``neal2018`` or ``cac2020``.
        dataset: as in the paper: MNIST, SVHN, CIFAR10, CIFAR+10, CIFAR+50, TinyImageNet.
        trial: 0 to 4.
        known: original class numbers that become 0..N-1.
        unknown: original class numbers that become -1.
    """

    family: str
    dataset: str
    trial: int
    known: tuple[int, ...]
    unknown: tuple[int, ...]


def class_split(family: str, dataset: str, trial: int) -> ClassSplit:
    """One split by name.

    Raises:
        DataError: for a family, dataset or trial that does not exist; names those that do.
    """
    families = _read()
    if family not in families:
        raise DataError(f"there is no split family {family!r}; choose {' or '.join(families)}.")
    datasets = families[family]
    if dataset not in datasets:
        raise DataError(f"{family} has no splits of {dataset!r}; choose one of {', '.join(datasets)}.")
    trials = datasets[dataset]
    if not 0 <= trial < len(trials):
        raise DataError(f"{family} {dataset} has no trial {trial}; choose 0 to {len(trials) - 1}.")
    chosen = trials[trial]
    return ClassSplit(family, dataset, trial, tuple(sorted(chosen["known"])), tuple(sorted(chosen["unknown"])))


def relabel(labels: Tensor, split: ClassSplit) -> tuple[Tensor, Tensor]:
    """Map original class numbers to 0..N-1 in sorted order of the known classes, and to -1 for the unknown ones.

    Args:
        labels: int64 ``(M,)``, original class numbers of one dataset.
        split: which of them are known and unknown.

    Returns:
        Positions ``(K,)`` of the images that belong to the split, and their new labels ``(K,)``.
    """
    size = max(int(labels.max()) if len(labels) else 0, *split.known, *split.unknown) + 1
    absent = UNKNOWN - 1
    table = torch.full((size,), absent, dtype=torch.int64)
    table[list(split.unknown)] = UNKNOWN
    table[list(split.known)] = torch.arange(len(split.known))
    mapped = table[labels]
    positions = torch.nonzero(mapped != absent).flatten()
    return positions, mapped[positions]


@cache
def _read() -> dict[str, dict[str, list[dict[str, Any]]]]:
    text = resources.files("cac_core.data").joinpath("splits.json").read_text(encoding="utf-8")
    families: dict[str, dict[str, list[dict[str, Any]]]] = json.loads(text)
    return families
