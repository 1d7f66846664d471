# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One network of the few-shot study: trained on a split, and what each score says of its test photos."""

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.benchmark.scores import SCORES
from cac_core.benchmark.scores.features import FeatureDistance, log_gamma, standardised
from cac_core.benchmark.studies.few_shot_splits import Split, write_links
from cac_core.data import LabelledImages, load_image_folder, load_unknown_folder
from cac_core.equations import anchored_centres
from cac_core.inference_equations import UNKNOWN
from cac_core.model import build_model
from cac_core.preprocessing import Preprocessing
from cac_core.support.files import write_atomically
from cac_core.training import TrainConfig, train
from cac_core.training.logits import compute_logits
from cac_core.training.sources import load_training_data

LOGIT_SCORES = ("gamma", "nearest_distance", "max_logit")
WEIGHT = 0.5
"""Of the feature distance beside log γ, both in standard deviations of validation photos."""

Features = Mapping[Path, NDArray[np.float32]]


def logits_and_features(
    network: nn.Module, images: LabelledImages, preprocessing: Preprocessing
) -> tuple[Tensor, NDArray[np.float32]]:
    """Logits ``(M, N)``, and the input of the last linear layer ``(M, D)``; the logits where there is no such layer."""
    layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
    found: list[Tensor] = []
    hook = layers[-1].register_forward_pre_hook(lambda _, inputs: found.append(inputs[0])) if layers else None
    try:
        logits = compute_logits(network.eval(), images, preprocessing, torch.device("cpu"))
    finally:
        if hook is not None:
            hook.remove()
    return logits, (torch.cat(found) if found else logits).float().numpy()


def frozen_features(recipe: TrainConfig, roots: Sequence[Path], preprocessing: Preprocessing) -> Features:
    """Features of every photo by its resolved path, from the network as it is before any training."""
    torch.manual_seed(0)
    spec = BackboneSpec(
        recipe.model.backbone, 2, preprocessing.image_size, preprocessing.channels, dict(recipe.model.options)
    )
    network = build_backbone(spec, recipe.model.pretrained)
    found: dict[Path, NDArray[np.float32]] = {}
    for root in roots:
        images = load_unknown_folder(root, preprocessing, ("a", "b"))
        _, features = logits_and_features(network, images, preprocessing)
        found |= {Path(path).resolve(): row for path, row in zip(images.paths, features, strict=True)}
    return found


def identity(config: TrainConfig, split: Split, per_class: int) -> dict[str, Any]:
    """What the figures of a network depend on."""
    settings = config.to_dict()
    for place in ("out", "data", "threads"):
        settings.pop(place, None)
    known = {name: len(files) for name, files in split.train.items()}
    return {
        "settings": settings, "split": split.number, "per_class": per_class, "known": known,
        "test": {name: len(files) for name, files in split.test.items()},
        "unknown": {name: len(files) for name, files in split.unknown.items()},
    }  # fmt: skip


def train_and_score(config: TrainConfig, split: Split, frozen: Features) -> dict[str, Any]:
    """Train on a split and score its test photos; JSON-ready."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_links(split, place)
        config.data.root, config.out, config.report, config.graph = place / "train", place / "m.cac", False, False
        result = train(config)
        assert result is not None
        seconds = time.monotonic() - start
        return {"seconds": round(seconds, 1), **_scored(config, place, result.bundle, frozen)}


def save(record: Mapping[str, Any], file: Path) -> None:
    """Write the one file of a network."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    write_atomically(file, (text + "\n").encode("utf-8", "backslashreplace"))


def _scored(config: TrainConfig, place: Path, bundle: Any, frozen: Features) -> dict[str, Any]:
    data = load_training_data(config)
    names, preprocessing = bundle.class_names, bundle.preprocessing
    known = load_image_folder(place / "test", preprocessing, names)
    parts = [data.train, data.validation, known, load_unknown_folder(place / "unknown", preprocessing, names)]
    network = build_model(bundle).backbone
    logits, tuned = zip(*(logits_and_features(network, part, preprocessing) for part in parts), strict=True)
    labels = np.concatenate([known.labels.numpy(), np.full(len(parts[3]), UNKNOWN)])
    train_labels = data.train.labels

    scores: dict[str, NDArray[np.float64]] = {}
    nearest = np.zeros(0, np.int64)
    validation = np.zeros(0)
    for name in LOGIT_SCORES:
        score = SCORES[name](anchored_centres(len(names), bundle.anchor_magnitude))
        score.fit(logits[0], train_labels)
        scores[name] = torch.cat([score.score(z) for z in logits[2:]]).double().numpy()
        if name == "gamma":
            nearest = torch.cat([score.predict(z) for z in logits[2:]]).numpy()
            validation = log_gamma(score.score(logits[1]).numpy())
    log = standardised(log_gamma(scores["gamma"]), validation)
    looked = [[frozen[Path(path).resolve()] for path in part.paths] for part in parts]
    for kind, features in (("tuned", tuned), ("frozen", [np.stack(rows) for rows in looked])):
        distance = FeatureDistance()
        distance.fit(features[0], train_labels.numpy())
        own = standardised(distance.score(np.concatenate(features[2:])), distance.score(features[1]))
        scores[f"{kind}_distance"] = own
        scores[f"log_gamma_and_{kind}"] = log + WEIGHT * own
    return {
        "validation_accuracy": _accuracy(logits[1], data.validation.labels, bundle.anchor_magnitude),
        "labels": labels.tolist(),
        "nearest": nearest.tolist(),
        "scores": {name: [float(f"{value:.6g}") for value in values] for name, values in scores.items()},
    }


def _accuracy(logits: Tensor, labels: Tensor, magnitude: float) -> float:
    """Share of images nearest to the anchor of their class."""
    anchors = anchored_centres(logits.shape[1], magnitude)
    return float((torch.cdist(logits, anchors).argmin(1) == labels).float().mean())
