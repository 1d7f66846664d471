# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The work of :mod:`cac_core.benchmark.studies.photos`: trainings, scores and their table.

Cross-entropy starts with a last layer of random weights, as usual: one that is fitted to the anchors leaves it next to
nothing to learn.
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_lightning import Callback, LightningModule, Trainer

from cac_core.benchmark.baseline_losses import CrossEntropy
from cac_core.benchmark.measures import bootstrap_lead, mean_and_std, measure, scores_of
from cac_core.benchmark.stored_networks import Outputs
from cac_core.benchmark.studies.config import PhotosStudy
from cac_core.bundle import load_bundle
from cac_core.data import load_image_folder, load_unknown_folder
from cac_core.equations import anchored_centres
from cac_core.inference_equations import UNKNOWN
from cac_core.metrics import auroc
from cac_core.model import build_model
from cac_core.support import console
from cac_core.support.allocator import keep_freed_memory
from cac_core.support.files import write_atomically
from cac_core.training import TrainConfig, load_recipe, train
from cac_core.training.logits import compute_logits
from cac_core.training.module import CACModule
from cac_core.training.sources import load_training_data

SCORES = {
    "cac": ("gamma", "nearest_distance"),
    "cross_entropy": ("max_softmax", "max_logit", "energy", "openmax"),
}


class UseCrossEntropy(Callback):
    """Everything as it is, with another loss."""

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Replace the loss."""
        assert isinstance(pl_module, CACModule)
        pl_module.loss = CrossEntropy(len(pl_module.loss.anchors)).to(pl_module.device)


def network(config: TrainConfig, loss: str) -> float:
    """Train one network unless its file is there already; seconds, or NaN when it was not trained now."""
    if config.out.is_file():
        return float("nan")
    start = time.monotonic()
    train(config, [UseCrossEntropy()] if loss == "cross_entropy" else [])
    return time.monotonic() - start


def outputs(config: TrainConfig, test: Path, unknown: Path) -> Outputs:
    """Logits of a trained network: of its training photos, and of photos it never saw."""
    bundle = load_bundle(config.out)
    known = load_training_data(config).train
    tested = load_image_folder(test, bundle.preprocessing, bundle.class_names)
    others = load_unknown_folder(unknown, bundle.preprocessing, bundle.class_names)
    backbone, device = build_model(bundle).backbone, torch.device("cpu")
    logits = [compute_logits(backbone, images, bundle.preprocessing, device) for images in (known, tested, others)]
    labels = torch.cat([tested.labels, torch.full((len(others),), UNKNOWN)])
    return Outputs(
        train_logits=logits[0],
        train_labels=known.labels,
        test_logits=torch.cat(logits[1:]),
        test_labels=labels,
        groups=(labels == UNKNOWN).long(),
        anchors=anchored_centres(len(bundle.class_names), bundle.anchor_magnitude),
        record={},
    )


def rows(found: dict[str, list[dict[str, float]]]) -> list[tuple[str, ...]]:
    """One line per score: means and deviations over the seeds, and the mean of the bootstrap intervals."""
    lines = []
    for score, seeds in found.items():
        cells = []
        for name in ("accuracy", "auroc"):
            mean, deviation = mean_and_std([seed[name] for seed in seeds])
            cells.append(f"{console.number(mean)} ± {console.number(deviation)}")
        low, high = (mean_and_std([seed[f"auroc_{end}"] for seed in seeds])[0] for end in ("low", "high"))
        ccr = mean_and_std([seed["ccr_at_fpr_10"] for seed in seeds])[0]
        lines.append((score, *cells, f"{console.number(low)} to {console.number(high)}", console.number(ccr)))
    return lines


def leads(scores: dict[str, list[NDArray[np.float64]]], unknown: NDArray[np.bool_]) -> list[tuple[str, ...]]:
    """How far γ of the CAC networks is ahead of each score of the cross-entropy networks, over the same photos."""
    ours = scores.get("cac: gamma", [])
    lines: list[tuple[str, ...]] = []
    for name, others in scores.items():
        if ours and name.startswith("cross_entropy"):
            mean = np.mean([auroc(s, unknown) for s in ours]) - np.mean([auroc(s, unknown) for s in others])
            low, high = bootstrap_lead(ours, others, unknown)
            lines.append((name, console.number(float(mean)), f"{console.number(low)} to {console.number(high)}"))
    return lines


def run_study(values: PhotosStudy) -> None:
    """Train, measure, print."""
    keep_freed_memory(all_of_it=True)
    found: dict[str, list[dict[str, float]]] = {}
    scores: dict[str, list[NDArray[np.float64]]] = {}
    unknown = np.zeros(0, dtype=bool)
    record: dict[str, Any] = {"seeds": list(values.seeds), "networks": {}}
    for seed in values.seeds:
        for loss in values.losses:
            config = load_recipe(values.recipe)
            config.data.root, config.seed, config.threads = values.root, seed, values.threads
            config.out = values.out / f"{loss}_{seed}.cac"
            config.model.fit_last_layer &= loss == "cac"
            console.out.print(f"{loss}, seed {seed}")
            seconds = network(config, loss)
            logits = outputs(config, values.test, values.unknown)
            figures = {score: measure(logits, score) for score in SCORES[loss]}
            record["networks"][config.out.stem] = {"seconds": seconds, "scores": figures}
            for score, measured in figures.items():
                found.setdefault(f"{loss}: {score}", []).append(measured)
                each, unknown = scores_of(logits, score)
                scores.setdefault(f"{loss}: {score}", []).append(each)
    columns = ("network: score", "accuracy", "AUROC", "95 % interval, mean", "CCR at 10 % FPR")
    title = f"{values.test}, {len(values.seeds)} seeds, mean ± standard deviation"
    console.out.print(console.table(title, columns, rows(found)))
    if lines := leads(scores, unknown):
        compared = ("than", "higher by", "95 % interval, same photos drawn for both")
        console.out.print(console.table("AUROC of cac: gamma", compared, lines))
    text = json.dumps(record, indent=1).replace("NaN", "null")
    write_atomically(values.out / "results.json", (text + "\n").encode())
