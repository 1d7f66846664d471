# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's figures, as it prints them. Values compare only on the same split family."""

from typing import NamedTuple


class PaperValue(NamedTuple):
    """A value of the paper.

    Attributes:
        mean: AUROC in percent, unless its table measures something else.
        std: over trials; None where not reported.
        family: the splits it was computed on; ``not stated`` where the paper does not say.
    """

    mean: float
    std: float | None
    family: str

    def __str__(self) -> str:
        spread = "" if self.std is None else f" ± {self.std:g}"
        return f"{self.mean:g}{spread} ({self.family})"


DATASETS = ("MNIST", "SVHN", "CIFAR10", "CIFAR+10", "CIFAR+50", "TinyImageNet")

_TABLE1: dict[str, tuple[tuple[float, float | None] | None, ...]] = {
    "Softmax": ((97.8, 0.6), (88.6, 1.4), (67.7, 3.8), (81.6, None), (80.5, None), (57.7, None)),
    "OSRCI": ((98.8, 0.4), (91.0, 1.0), (69.9, 3.8), (83.8, None), (82.7, None), (58.6, None)),
    "C2AE": (None, (89.2, 1.3), (71.1, 0.8), (81.0, 0.5), (80.3, 0.0), (58.1, 1.9)),
    "GFROR": (None, (93.5, 1.8), (80.7, 3.9), (92.8, 0.2), (92.6, 0.0), (60.8, 1.7)),
    "OpenMax": ((98.1, 0.5), (89.4, 1.3), (69.5, 4.4), (81.7, None), (79.6, None), (57.6, None)),
    "G-OpenMax": ((98.4, 0.5), (89.6, 1.7), (67.5, 4.4), (82.7, None), (81.9, None), (58.0, None)),
    "CROSR": ((99.1, 0.4), (89.9, 1.8), None, None, None, (58.9, None)),
    "CAC": ((99.1, 0.5), (94.1, 0.7), (80.1, 3.0), (87.7, 1.2), (87.0, 0.0), (76.0, 1.5)),
}

_TABLE2 = {
    "cross_entropy": (0.414, 0.700, 0.946, 0.899, 0.889, 0.984),
    "cac": (0.324, 0.573, 0.868, 0.766, 0.751, 0.913),
}
_TABLE4 = {
    "center": (98.8, 94.1, 78.6, 85.4, 86.3, 76.5),
    "tuplet": (95.7, 83.3, 73.9, 84.4, 83.7, 71.7),
    "anchor": (97.9, 88.8, 75.1, 80.4, 81.6, 74.9),
    "cac": (98.7, 94.2, 80.3, 86.3, 87.2, 77.2),
}
_TABLE5 = {
    "center_learnt": (98.5, 93.7, 76.3, 83.1, 84.8, 73.8),
    "center": _TABLE4["center"],
    "cac_learnt": (98.7, 94.6, 79.1, 85.6, 86.5, 76.4),
    "cac": _TABLE4["cac"],
}
TABLE3: dict[tuple[str, str], tuple[float, float | None, float]] = {
    ("SVHN", "Softmax"): (46.0, None, 64.7),
    ("SVHN", "Objectosphere"): (54.5, None, 70.1),
    ("SVHN", "CAC"): (68.3, 78.5, 82.6),
    ("CIFAR100", "Softmax"): (23.4, None, 51.4),
    ("CIFAR100", "Objectosphere"): (43.3, None, 66.5),
    ("CIFAR100", "CAC"): (32.5, 63.8, 73.8),
}
"""CCR in percent at an FPR of 1, 5 and 10 %, by unknown dataset and method."""


def table1(method: str, dataset: str) -> PaperValue | None:
    """AUROC of Table 1."""
    values = _TABLE1.get(method)
    value = values[DATASETS.index(dataset)] if values and dataset in DATASETS else None
    return PaperValue(value[0], value[1], "neal2018") if value else None


def table2(loss: str, dataset: str) -> PaperValue | None:
    """Bhattacharyya coefficient of Table 2."""
    return PaperValue(_TABLE2[loss][DATASETS.index(dataset)], None, "not stated") if dataset in DATASETS else None


def table4(loss: str, dataset: str) -> PaperValue | None:
    """AUROC of Table 4; the family is inferred."""
    return PaperValue(_TABLE4[loss][DATASETS.index(dataset)], None, "cac2020") if dataset in DATASETS else None


def table5(loss: str, dataset: str) -> PaperValue | None:
    """AUROC of Table 5; the family is inferred."""
    return PaperValue(_TABLE5[loss][DATASETS.index(dataset)], None, "cac2020") if dataset in DATASETS else None
