# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The networks of a benchmark: each is trained once, and tables and figures share its logits."""

import hashlib
import time
from dataclasses import replace
from pathlib import Path

import torch

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.benchmark.fit import fit
from cac_core.benchmark.measures import every_measure
from cac_core.benchmark.network_spec import NetworkSpec
from cac_core.benchmark.recipes import Recipe
from cac_core.benchmark.stored_networks import (
    Outputs,
    Trained,
    equal_training,
    finished,
    save_for_equal_trainings,
    save_outputs,
)
from cac_core.benchmark.systems import SYSTEMS
from cac_core.benchmark.systems.job import Job
from cac_core.benchmark.trial_source import TrialSource
from cac_core.benchmark.trials import Trial, load_trial
from cac_core.data import LabelledImages, joined
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import DataError, TrainingError
from cac_core.training.logits import compute_logits
from cac_core.training.normalisation import statistics


def train_network(
    spec: NetworkSpec,
    folder: Path,
    source: TrialSource,
    device: torch.device,
    precision: str = "auto",
    show_progress: bool = True,
) -> Outputs:
    """Train one network, or take it from the folder if it is finished there.

    Raises:
        DataError, TrainingError: with a sentence that says what to do.
    """
    before = finished(spec, folder, precision)
    if before is not None:
        return before if "measures" in before.record else _measured(before, spec, folder)
    started = time.perf_counter()
    recipe = spec.make_recipe()
    recipe.config.precision = precision  # type: ignore[assignment]
    p = recipe.config.preprocessing
    neutral = (0.5,) * p.channels
    plain = Preprocessing(recipe.config.image_size, p.channels, p.fit, p.interpolation, neutral, neutral)
    trial = load_trial(spec.trial, plain, source, recipe.validation_share)
    mean, std = statistics(trial.train.images)
    preprocessing = replace(plain, mean=mean, std=std)
    network = BackboneSpec(
        spec.backbone, len(trial.train.class_names), plain.image_size, plain.channels, dict(recipe.config.model.options)
    )
    loaded = time.perf_counter()
    trained = equal_training(spec, folder, precision, network) or _train(
        spec, trial, preprocessing, recipe, network, device, show_progress
    )
    save_for_equal_trainings(trained, spec, folder, precision)
    learnt = time.perf_counter()
    backbone = trained.backbone.float().to(device).eval()
    calibration = trial.train.with_mirrored() if recipe.mirrored_calibration else trial.train
    outputs = Outputs(
        anchors=trained.anchors,
        train_logits=compute_logits(backbone, calibration, preprocessing, device),
        train_labels=calibration.labels,
        test_logits=compute_logits(backbone, trial.test, preprocessing, device),
        test_labels=trial.test.labels,
        groups=trial.groups,
        record={
            "identity": spec.identity(precision),
            "images": {
                part: {"count": len(images), "digest": digest(images)}
                for part, images in (("train", trial.train), ("validation", trial.validation), ("test", trial.test))
            },
            "files": source.forms(spec.trial.split.dataset),
            "preprocessing": preprocessing.to_dict(),
            "history": trained.history,
            "seconds": {"load": loaded - started, "train": learnt - loaded, "evaluate": time.perf_counter() - learnt},
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            "torch": torch.__version__,
        },
    )
    return _measured(outputs, spec, folder)


def digest(images: LabelledImages) -> str:
    """Digest of pixels that does not depend on their order: a mix of sources that look alike shows here."""
    each = sorted(hashlib.blake2b(image.numpy().tobytes(), digest_size=8).digest() for image in images.images)
    return hashlib.blake2b(b"".join(each), digest_size=8).hexdigest()


def _measured(outputs: Outputs, spec: NetworkSpec, folder: Path) -> Outputs:
    """Save outputs together with the figures of every score."""
    outputs = replace(outputs, record={**outputs.record, "measures": every_measure(outputs, spec.loss)})
    save_outputs(outputs, spec, folder)
    return outputs


def _train(
    spec: NetworkSpec,
    trial: Trial,
    preprocessing: Preprocessing,
    recipe: Recipe,
    network: BackboneSpec,
    device: torch.device,
    show_progress: bool,
) -> Trained:
    with torch.random.fork_rng():
        torch.manual_seed(spec.seed)
        if spec.loss in SYSTEMS:
            if spec.backbone != "paper":
                raise TrainingError(f"{spec.loss} is built from the paper's network: leave out --backbone.")
            job = Job(trial.train, trial.validation, preprocessing, recipe, device, show_progress)
            return SYSTEMS[spec.loss](job)
        backbone = build_backbone(network)
        data = _to_train_on(trial, spec.loss)
        return fit(backbone, spec.loss, data, trial.validation, preprocessing, recipe, device, show_progress)


def _to_train_on(trial: Trial, loss: str) -> LabelledImages:
    if loss not in ("objectosphere", "entropic"):
        return trial.train
    if trial.known_unknown is None:
        raise DataError(f"the loss {loss} needs known unknowns, which this trial does not have.")
    return joined(trial.train, trial.known_unknown)
