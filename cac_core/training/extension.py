# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A trained model learns further classes.

The logit space grows by one dimension per new class. The weights of the new logits are fitted by least squares on the
new photos and a few of each old class, as they are and with random changes: the network has seen the old photos before
but not the new ones, and must not tell them apart by that. All other weights stay as they are, so that nothing is
forgotten: an old photo can only be taken for a new class now. Centres and thresholds are fitted anew. With fine_tune
the whole network is trained from there, all classes equally often.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from cac_core import equations
from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle, load_bundle
from cac_core.data import LabelledImages
from cac_core.inference_equations import UNKNOWN
from cac_core.model import build_model
from cac_core.support.devices import resolve_device
from cac_core.support.errors import TrainingError
from cac_core.support.names import listed
from cac_core.training.augment import Augment
from cac_core.training.checks import check
from cac_core.training.claim import claimed
from cac_core.training.config import TrainConfig
from cac_core.training.extension_config import ExtendConfig, training_of
from cac_core.training.extension_data import load_extension_data
from cac_core.training.finishing import TrainingResult
from cac_core.training.frozen import KeepStatistics
from cac_core.training.last_layer import fit_last_layer
from cac_core.training.logits import compute_logits
from cac_core.training.processes import Processes
from cac_core.training.run import calibrate_on, train_on

COPIES = 4
"""The new logits are fitted to each photo as it is, and to this many random changes of it."""


@dataclass(frozen=True)
class Verdicts:
    """Shares of some known images.

    Attributes:
        accuracy: nearest to the centre of their class, whatever the threshold says.
        right: known, and of their class.
        wrong: known, and of another class; all others are unknown.
    """

    accuracy: float
    right: float
    wrong: float


@dataclass(frozen=True)
class Extension:
    """What came of an extension.

    Attributes:
        result: as of a training.
        added: the new classes.
        old_images: validation images of the old classes.
        before: what the old model makes of them; optimistic where it was trained on them.
        after: what the new model makes of them, among all classes.
    """

    result: TrainingResult
    added: tuple[str, ...]
    old_images: int
    before: Verdicts
    after: Verdicts


def extend(config: ExtendConfig) -> Extension:
    """Grow, fine-tune if wanted, calibrate and save; see :func:`cac_core.training.extend`.

    Args:
        config: what :func:`check_extension` lets pass.

    Raises:
        BundleError: when the model cannot be read.
        DataError: when photos are missing or do not fit the model.
        TrainingError: for settings that cannot work.
    """
    bundle = load_bundle(config.model)
    settings = training_of(config, bundle)
    check(settings)
    if bundle.centres.shape[0] != bundle.centres.shape[1]:
        raise TrainingError(
            f"{config.model} has other logits than classes and cannot grow: train it anew with all photos."
        )
    device = resolve_device(config.device)[0]
    with claimed(settings, sum(each.size for each in bundle.state.values())):
        return _extend(config, bundle, settings, device)


def _extend(config: ExtendConfig, bundle: ModelBundle, settings: TrainConfig, device: torch.device) -> Extension:
    data = load_extension_data(config.data, bundle, settings)
    known = len(bundle.class_names)
    old = data.validation.subset((data.validation.labels < known).nonzero().flatten())

    def start(spec: BackboneSpec) -> nn.Module:
        network = grown(bundle, spec)
        anchors = equations.anchored_centres(spec.num_classes, bundle.anchor_magnitude)
        # All pixels of inference, as the centres are calibrated, even where training had fewer.
        change = Augment(replace(settings.augment, image_size=0), spec.image_size, spec.channels)
        fitted = fit_last_layer(network, data.train, anchors, bundle.preprocessing, device, known, [change] * COPIES)
        if not (fitted or config.fine_tune):
            raise TrainingError(
                f"the last layer of backbone {spec.name!r} is not linear, so new logits cannot be fitted alone: give "
                "--fine_tune true."
            )
        return network

    if config.fine_tune:
        callbacks = [KeepStatistics()]
        result = train_on(data, settings, device, Processes(), start, callbacks, bundle.model_id)
        assert result is not None
    else:
        result = calibrate_on(data, settings, device, start, bundle.model_id)
    if bundle.variants:
        lost = listed([variant.precision for variant in bundle.variants])
        note = f"the model had variants ({lost}) and this one has none: write them with cac_core.export --precision"
        result = replace(result, warnings=(*result.warnings, note))
    added = data.train.class_names[known:]
    return Extension(result, added, len(old), _verdicts(bundle, old), _verdicts(result.bundle, old))


def grown(bundle: ModelBundle, spec: BackboneSpec) -> nn.Module:
    """The bundle's network with further logits, all of them 0 at first.

    Args:
        bundle: the model with N classes.
        spec: the same backbone with more classes.

    Raises:
        TrainingError: when the network's last layer is not the only one that depends on the number of classes.
    """
    network = build_backbone(spec)
    old, new = len(bundle.class_names), spec.num_classes
    state: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        before = torch.tensor(bundle.state[name]) if name in bundle.state else None
        if before is not None and before.shape == value.shape:
            state[name] = before
        elif before is not None and before.shape == (old, *value.shape[1:]) and value.shape[0] == new:
            state[name] = torch.cat([before, before.new_zeros(new - old, *value.shape[1:])])
        else:
            raise TrainingError(f"backbone {spec.name!r} cannot grow at {name}: train it anew with all photos.")
    network.load_state_dict(state)
    return network


def _verdicts(bundle: ModelBundle, images: LabelledImages) -> Verdicts:
    backbone = build_model(bundle).backbone
    logits = compute_logits(backbone, images, bundle.preprocessing, torch.device("cpu"))
    gamma = equations.rejection_scores(equations.distances(logits, torch.from_numpy(bundle.centres)))
    decided = equations.decide(gamma, bundle.thresholds.theta())
    right, known = decided == images.labels, decided != UNKNOWN
    nearest = gamma.argmin(dim=-1) == images.labels
    return Verdicts(*(float(each.double().mean()) for each in (nearest, right, known & ~right)))
