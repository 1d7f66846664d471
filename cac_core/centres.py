# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Calibration of the class centres after training (section 3.1.2)."""

import warnings
from typing import NamedTuple

import torch
from torch import Tensor

from cac_core import equations


class CalibratedCentres(NamedTuple):
    """Centres ``(N, D)`` float32 and, per class, how many training images they are the mean of ``(N,)`` int64."""

    centres: Tensor
    counts: Tensor


def calibrate_centres(logits: Tensor, labels: Tensor, centres: Tensor) -> CalibratedCentres:
    """Mean logits of the correctly classified training images.

    "Correct" means nearest to its own centre among the centres used in training, which equals the argmax of the logits
    only for anchors of equal length. A class with no correct image keeps its anchor, with a warning, because the mean
    of nothing is NaN and one NaN centre makes every rejection score NaN.

    Args:
        logits: ``(M, D)`` of the training images, without augmentation.
        labels: ``(M,)`` in 0..N-1.
        centres: ``(N, D)`` used in training.
    """
    num_classes = centres.shape[0]
    finite = torch.isfinite(logits).all(dim=-1)
    correct = finite & (equations.distances(logits, centres).argmin(dim=-1) == labels)
    kept_labels = labels[correct]
    counts = torch.bincount(kept_labels, minlength=num_classes)
    sums = torch.zeros(centres.shape, dtype=torch.float64, device=logits.device)
    sums.index_add_(0, kept_labels, logits[correct].double())
    means = sums / counts.clamp(min=1).unsqueeze(-1)
    empty = counts == 0
    calibrated = torch.where(empty.unsqueeze(-1), centres.to(means), means).float()
    if bool(empty.any()):
        warnings.warn(
            f"no training image of class index {torch.nonzero(empty).flatten().tolist()} was classified correctly: "
            "its centre stays at the anchor; train longer or check its labels",
            stacklevel=2,
        )
    return CalibratedCentres(calibrated, counts)
