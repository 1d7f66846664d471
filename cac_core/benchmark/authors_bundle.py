# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A checkpoint of the paper's authors as a bundle.

With the dataset's images the centres are calibrated and thresholds chosen on the known training images of the split,
as the authors' evaluation does. The normalisation is theirs too: mean and standard deviation of the known training
images as they are stored, before any resize.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from cac_core import equations
from cac_core.backbones.paper_network import PaperNetwork
from cac_core.backbones.spec import BackboneSpec
from cac_core.benchmark.authors_checkpoint import AuthorsCheckpoint, CheckpointError
from cac_core.bundle import ModelBundle
from cac_core.centres import CalibratedCentres, calibrate_centres
from cac_core.data import ClassSplit
from cac_core.model import weights
from cac_core.preprocessing import Preprocessing
from cac_core.thresholds import GRID_STEPS, Thresholds, fit_thresholds

LEAST_ACCURACY = 0.5
"""Below it a checkpoint and a split hardly belong together; the authors' networks reach 0.6 and more."""

DROPOUT = {"TinyImageNet": 0.3}

STATISTICS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "MNIST": ((0.1307,), (0.3081,)),
    "SVHN": ((0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970)),
    "CIFAR10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "CIFAR+10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "CIFAR+50": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "TinyImageNet": ((0.4802, 0.4481, 0.3975), (0.2770, 0.2691, 0.2821)),
}
"""Mean and standard deviation of whole datasets, for an import without their images."""


def make_imported_bundle(
    checkpoint: AuthorsCheckpoint,
    split: ClassSplit,
    *,
    data_root: Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    known_kept: float = 0.95,
    name: str = "authors",
) -> tuple[ModelBundle, list[str]]:
    """A bundle of a checkpoint, and what should be said about it.

    Args:
        checkpoint: what was read.
        split: which classes its outputs mean.
        data_root: folder of the dataset, to calibrate on its known training images.
        mean: normalisation per channel in units of [0, 1]; of the known training images before the resize, or of the
            whole dataset without them, when not given.
        std: like mean.
        known_kept: share of known validation images that the threshold keeps.
        name: of the bundle.

    Raises:
        CheckpointError: when checkpoint and split do not fit.
        DataError: when images are missing.
    """
    n = len(split.known)
    if checkpoint.centres.shape[0] != n:
        raise CheckpointError(
            f"the checkpoint has {checkpoint.centres.shape[0]} classes, but {split.family}/{split.trial} of "
            f"{split.dataset} has {n} known ones: choose its own --dataset and --split."
        )
    channels = 1 if split.dataset == "MNIST" else 3
    if checkpoint.channels != channels:
        raise CheckpointError(f"the checkpoint takes {checkpoint.channels} channel(s), {split.dataset} has {channels}.")
    usual = STATISTICS[split.dataset]
    # The authors resize with a bilinear filter.
    preprocessing = Preprocessing(
        checkpoint.image_size, channels, "crop", "linear", tuple(mean or usual[0]), tuple(std or usual[1])
    )
    network = PaperNetwork(n, checkpoint.image_size, channels)
    network.load_state_dict(checkpoint.state)
    network.eval()
    notes = []
    right: float | None = None
    if data_root is None:
        calibrated = CalibratedCentres(checkpoint.centres, torch.zeros(n, dtype=torch.long))
        nothing = np.zeros((n, GRID_STEPS + 1), dtype=np.float32)
        thresholds = Thresholds(nothing[0], nothing, known_kept, np.zeros(n, dtype=np.int64))
        notes.append(
            "without --data-root the centres are those of the file and every threshold is 0, so that everything is "
            "unknown until a threshold is set; the normalisation is that of the whole dataset unless given"
        )
        notes.append(
            f"nothing in the file says which classes its outputs mean: {split.family}/{split.trial} was taken, classes "
            f"{' '.join(str(c) for c in split.known)}; give --split if it is another"
        )
    else:
        preprocessing, calibrated, thresholds, right = _calibrate(
            network, checkpoint, split, preprocessing, data_root, known_kept, mean, std
        )
        if right < LEAST_ACCURACY:
            notes.append(
                f"only {right:.1%} of the known validation images are classified correctly: the checkpoint is probably "
                f"of another split than {split.family}/{split.trial}; give its own with --split"
            )
    magnitude = float(checkpoint.centres.diagonal().mean())
    bundle = ModelBundle(
        class_names=tuple(str(c) for c in split.known),
        backbone=BackboneSpec(
            "paper", n, checkpoint.image_size, channels, {"dropout": DROPOUT.get(split.dataset, 0.2)}
        ),
        preprocessing=preprocessing,
        state=weights(network),
        centres=calibrated.centres.numpy(),
        centre_counts=calibrated.counts.numpy(),
        thresholds=thresholds,
        anchor_magnitude=magnitude,
        anchor_weight=0.1,
        training={
            "imported": "checkpoint of the paper's authors",
            "dataset": split.dataset,
            "split": f"{split.family}/{split.trial}",
            "calibrated": data_root is not None,
            "validation_accuracy": right,
        },
        name=name,
    )
    return bundle, notes


def _calibrate(
    network: nn.Module,
    checkpoint: AuthorsCheckpoint,
    split: ClassSplit,
    preprocessing: Preprocessing,
    data_root: Path,
    known_kept: float,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> tuple[Preprocessing, CalibratedCentres, Thresholds, float]:
    """Preprocessing with the normalisation, calibrated centres, thresholds, and the validation accuracy."""
    from cac_core.benchmark.authors_values import VALUES
    from cac_core.benchmark.trial_source import TrialSource
    from cac_core.benchmark.trials import TrialSpec, load_trial, sets_of
    from cac_core.data.datasets import read_dataset
    from cac_core.metrics import accuracy
    from cac_core.training.logits import compute_logits
    from cac_core.training.normalisation import statistics

    values = VALUES[split.dataset]
    trial = load_trial(TrialSpec(split), preprocessing, TrialSource(data_root), values.validation_share)
    stored, _ = read_dataset(sets_of(split.dataset)[0], data_root, True, split.known)
    own_mean, own_std = statistics(torch.from_numpy(stored))
    preprocessing = replace(preprocessing, mean=tuple(mean or own_mean), std=tuple(std or own_std))
    train = trial.train
    if values.flip > 0:  # the authors calibrate on mirrored copies too where training mirrors
        train = train.with_mirrored()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.to(device)
    logits = compute_logits(network, train, preprocessing, device)
    calibrated = calibrate_centres(logits, train.labels, checkpoint.centres)
    held_out = compute_logits(network, trial.validation, preprocessing, device)
    gamma = equations.rejection_scores(equations.distances(held_out, calibrated.centres))
    right = accuracy(gamma.argmin(dim=1), trial.validation.labels)
    return preprocessing, calibrated, fit_thresholds(gamma, trial.validation.labels, known_kept), right
