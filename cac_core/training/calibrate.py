# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From a trained network to a calibrated bundle (sections 3.1.2 and 3.2), and its figures on validation images."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from cac_core import equations
from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle
from cac_core.centres import calibrate_centres
from cac_core.inference_equations import UNKNOWN
from cac_core.metrics import OpenSetMetrics, open_set_metrics
from cac_core.model import weights
from cac_core.support.errors import TrainingError
from cac_core.support.names import listed
from cac_core.thresholds import GRID_STEPS, Thresholds, fit_thresholds
from cac_core.training.choices import Choice, share_for_rate, table_of_choices
from cac_core.training.config import TrainConfig
from cac_core.training.logits import compute_logits
from cac_core.training.sources import TrainingData

FEW_VALIDATION_IMAGES = 50
FEW_CENTRE_IMAGES = 5
LOW_SHARE = 0.5


@dataclass(frozen=True)
class Calibrated:
    """A calibrated bundle and what it says about the images it was made with.

    Attributes:
        bundle: without its training summary.
        metrics: on validation images, and on the unknown ones if there are any.
        notes: doubts, one sentence each.
        data: the images.
        train_logits: ``(M, N)`` of the training images, without augmentation.
        logits: ``(V, N)`` of the validation images.
        gamma: rejection scores ``(V, N)`` of the validation images.
        unknown_logits: ``(U, N)`` of the unknown images; U may be 0.
        choices: what each threshold costs.
    """

    bundle: ModelBundle
    metrics: OpenSetMetrics
    notes: tuple[str, ...]
    data: TrainingData
    train_logits: Tensor
    logits: Tensor
    gamma: Tensor
    unknown_logits: Tensor
    choices: tuple[Choice, ...]

    def by_class(self) -> dict[str, dict[str, Any]]:
        """Per class: validation images, share nearest to their own centre, share kept at θ; JSON-ready."""
        labels = self.data.validation.labels
        right = (self.gamma.argmin(dim=-1) == labels).double()
        kept = (equations.decide(self.gamma, self.bundle.thresholds.theta()) != UNKNOWN).double()
        result = {}
        for i, name in enumerate(self.bundle.class_names):
            own = labels == i
            n = int(own.sum())
            shares = (float(right[own].mean()), float(kept[own].mean())) if n else (None, None)
            result[name] = {"images": n, "accuracy": shares[0], "known_kept": shares[1]}
        return result


def make_bundle(
    backbone: nn.Module, spec: BackboneSpec, data: TrainingData, config: TrainConfig, device: torch.device
) -> Calibrated:
    """Calibrate centres on training images, fit thresholds on validation images, measure.

    Everything runs in float32 and without augmentation: what counts is what inference will see.

    Raises:
        TrainingError: when the network returns NaN for validation images.
    """
    backbone = backbone.float().to(device).eval()
    anchors = equations.anchored_centres(len(data.train.class_names), config.loss.anchor_magnitude)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train_logits = compute_logits(backbone, data.train, data.preprocessing, device)
        centres, counts = calibrate_centres(train_logits, data.train.labels, anchors)
    notes = [str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)]
    logits = compute_logits(backbone, data.validation, data.preprocessing, device)
    gamma = equations.rejection_scores(equations.distances(logits, centres))
    try:
        thresholds = fit_thresholds(gamma, data.validation.labels, config.known_kept)
    except ValueError as error:
        raise TrainingError(f"no threshold can be chosen ({error}): train with a smaller learning rate.") from error
    others = _known_unknown_scores(backbone, data, centres, device)
    thresholds, doubt = choose_share(thresholds, others, config.false_accept)
    labels, every = data.validation.labels, gamma
    unknown_logits = logits[:0]
    if data.unknown is not None:
        unknown_logits = compute_logits(backbone, data.unknown, data.preprocessing, device)
        every = torch.cat([gamma, equations.rejection_scores(equations.distances(unknown_logits, centres))])
        labels = torch.cat([labels, data.unknown.labels])
    smallest, nearest = every.min(dim=-1)
    rejected = equations.decide(every, thresholds.theta()) == UNKNOWN
    # A score that is not finite is rejected like any other frame; +inf is how the metrics know it.
    metrics = open_set_metrics(smallest.nan_to_num(nan=float("inf")), nearest, rejected, labels)
    notes += doubt + _doubts(data, counts)
    choices = table_of_choices(thresholds, gamma, data.validation.labels, others)
    bundle = ModelBundle(
        class_names=data.train.class_names,
        backbone=spec,
        preprocessing=data.preprocessing,
        state=weights(backbone),
        centres=centres.numpy(),
        centre_counts=counts.numpy(),
        thresholds=thresholds,
        anchor_magnitude=config.loss.anchor_magnitude,
        anchor_weight=config.loss.anchor_weight,
        name=config.out.stem,
    )
    return Calibrated(bundle, metrics, tuple(notes), data, train_logits, logits, gamma, unknown_logits, choices)


def _known_unknown_scores(
    backbone: nn.Module, data: TrainingData, centres: Tensor, device: torch.device
) -> Tensor | None:
    if data.known_unknown is None:
        return None
    logits = compute_logits(backbone, data.known_unknown, data.preprocessing, device)
    return equations.rejection_scores(equations.distances(logits, centres))


def choose_share(thresholds: Thresholds, others: Tensor | None, rate: float | None) -> tuple[Thresholds, list[str]]:
    """The share of known to keep that belongs to the wanted false-accept rate, and a doubt about it."""
    if others is None or rate is None:
        return thresholds, []
    share = share_for_rate(thresholds, others.min(dim=-1).values, rate)
    notes = []
    if rate * len(others) < 1.0:
        notes.append(
            f"a false-accept rate of {rate:g} cannot be seen on {len(others)} photos of known unknowns, so not one of "
            "them is accepted and the rate may still be higher: add photos"
        )
    if share is None:
        share = 1 / GRID_STEPS
        notes.append(
            f"no threshold accepts as little as {rate:g} of the known unknowns, so the smallest is used and hardly "
            "anything will be known: are there photos of the known classes among them?"
        )
    elif share < LOW_SHARE:
        notes.append(
            f"to accept no more than {rate:g} of the known unknowns only {share:.0%} of the known images are kept: "
            "allow a larger --false_accept, or add photos of the classes that look alike"
        )
    return replace(thresholds, known_kept=share), notes


def _doubts(data: TrainingData, centre_counts: Tensor) -> list[str]:
    """What makes the centres or thresholds less trustworthy, one sentence each."""
    notes = []
    if len(data.validation) < FEW_VALIDATION_IMAGES:
        notes.append(
            f"the threshold comes from only {len(data.validation)} validation images, so the share of known "
            "images that it keeps is a rough figure: add photos"
        )
    few = [
        f"{name} ({count})"
        for name, count in zip(data.train.class_names, centre_counts.tolist(), strict=True)
        if 0 < count < FEW_CENTRE_IMAGES
    ]
    if few:
        notes.append(f"few training images stand behind the centres of {listed(few)}: add photos of these classes")
    unvalidated = [name for name, count in data.validation.counts().items() if count == 0]
    if unvalidated:
        notes.append(f"no validation image of {listed(unvalidated)}: add photos of these classes")
    return notes
