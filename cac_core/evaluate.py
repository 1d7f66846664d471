# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a bundle on a folder of images: ``python -m cac_core.evaluate model.cac --data.root TEST``.

Prints one table and writes metrics.json, scores.csv and evaluation.html (ROC, distribution of γ, confusion matrix).
"""

import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle, load_bundle
from cac_core.data import LabelledImages, load_digits_trial, load_image_folder, load_unknown_folder
from cac_core.decision import UNKNOWN, decide
from cac_core.metrics import OpenSetMetrics, open_set_metrics
from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame
from cac_core.reports.metric_rows import metric_rows
from cac_core.support import console
from cac_core.support.errors import DataError
from cac_core.support.files import write_atomically

BATCH = 64


@dataclass(frozen=True)
class Evaluation:
    """Decisions on a set of images.

    Attributes:
        metrics: every figure.
        scores: smallest rejection scores ``(M,)``, +inf where none could be computed.
        decisions: class or -1 ``(M,)``.
        nearest: nearest class ``(M,)``.
        labels: true class or -1 ``(M,)``.
        theta: thresholds of the classes ``(N,)``.
        images: what was evaluated.
    """

    metrics: OpenSetMetrics
    scores: NDArray[np.float64]
    decisions: NDArray[np.int64]
    nearest: NDArray[np.int64]
    labels: NDArray[np.int64]
    theta: NDArray[np.float32]
    images: LabelledImages


def evaluate(predictor: Predictor, images: LabelledImages, theta: NDArray[np.float32] | None = None) -> Evaluation:
    """Decide on every image and compare with its label.

    Args:
        predictor: the model.
        images: already through the bundle's preprocessing.
        theta: thresholds ``(N,)``; the bundle's own when omitted.
    """
    limits = predictor.theta() if theta is None else theta
    order: Literal["rgb", "grey"] = "rgb" if images.images.shape[-1] == 3 else "grey"
    pixels = images.images.numpy() if order == "rgb" else images.images.numpy()[..., 0]
    starts = range(0, len(pixels), BATCH)
    rows = [
        predictor.rejection_scores([Frame(image, order) for image in pixels[start : start + BATCH]])
        for start in console.track(starts, "evaluating", total=len(starts))
    ]
    gamma = np.concatenate(rows) if rows else np.empty((0, len(predictor.class_names)), dtype=np.float32)
    computed = np.isfinite(gamma).all(axis=1)
    decisions = decide(gamma, limits)
    nearest = np.where(computed, gamma.argmin(axis=1), UNKNOWN)
    scores = np.where(computed, gamma.min(axis=1), np.inf).astype(np.float64)
    labels = images.labels.numpy()
    metrics = open_set_metrics(scores, nearest, decisions == UNKNOWN, labels)
    return Evaluation(metrics, scores, decisions, nearest, labels, limits, images)


def write_results(evaluation: Evaluation, bundle: ModelBundle, folder: Path) -> Path:
    """Write metrics.json, scores.csv and evaluation.html into a folder; returns the page's path."""
    from cac_core.reports.evaluation_page import evaluation_page  # plotly takes a moment to import

    document = {
        "model_id": bundle.model_id,
        "theta": [float(t) for t in evaluation.theta],
        "metrics": evaluation.metrics.to_dict(),
        "problems": list(evaluation.images.problems),
    }
    write_atomically(folder / "metrics.json", (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
    write_atomically(folder / "scores.csv", _scores_csv(evaluation, bundle).encode())
    page = folder / "evaluation.html"
    content = evaluation_page(
        bundle,
        evaluation.metrics,
        scores=evaluation.scores,
        decisions=evaluation.decisions,
        labels=evaluation.labels,
        theta=evaluation.theta,
        problems=evaluation.images.problems,
    )
    write_atomically(page, content.encode())
    return page


def _scores_csv(evaluation: Evaluation, bundle: ModelBundle) -> str:
    names = [*bundle.class_names, "unknown"]  # index -1 is the last one
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["image", "label", "decision", "nearest", "rejection_score"])
    columns = (evaluation.images.paths, evaluation.labels, evaluation.decisions, evaluation.nearest, evaluation.scores)
    for path, label, decision, nearest, score in zip(*columns, strict=True):
        writer.writerow([path, names[label], names[decision], names[nearest], f"{score:.6g}"])
    return text.getvalue()


# --- command line


@dataclass
class EvaluationData:
    """What to evaluate on.

    Attributes:
        dataset: ``folder`` (your photos) or ``digits`` (the held-out digits of a trial).
        root: folder with one folder of images per class; folders whose name is no class of the model count as unknown.
        unknown: folder of images of other things, however nested.
        family: split family of the digits.
        trial: trial of that family, 0 to 4.
    """

    dataset: Literal["folder", "digits"] = "folder"
    root: Path | None = None
    unknown: Path | None = None
    family: str = "neal2018"
    trial: int = 0


@dataclass
class EvaluateConfig:
    """Evaluate a model on images it was not trained on.

    Attributes:
        model: the bundle, a .cac file.
        data: what to evaluate on.
        out: folder for metrics.json, scores.csv and evaluation.html; MODEL.evaluation/ when omitted.
        known_kept: share of known validation images to keep; the model's own choice when omitted.
        threshold: a threshold of your own instead.
        per_class: one threshold per class.
        device: auto, cpu or cuda:N.
        engine: auto or an engine's name.
    """

    model: Path
    data: EvaluationData = field(default_factory=EvaluationData)
    out: Path | None = None
    known_kept: float | None = None
    threshold: float | None = None
    per_class: bool = False
    device: str = "auto"
    engine: str = "auto"


def load_evaluation_images(data: EvaluationData, bundle: ModelBundle) -> LabelledImages:
    """Load the images to evaluate on, resized as the bundle says.

    Raises:
        DataError: when nothing was given or found, or when the digits are not those of the model.
    """
    preprocessing, names = bundle.preprocessing, bundle.class_names
    if data.dataset == "digits":
        test = load_digits_trial(data.family, data.trial, preprocessing).test
        if test.class_names != names:
            raise DataError(
                f"the model knows {', '.join(names)}, but trial {data.trial} of {data.family} has the known digits "
                f"{', '.join(test.class_names)}: give the trial the model was trained on"
            )
        return test
    parts = []
    if data.root is not None:
        parts.append(load_image_folder(data.root, preprocessing, names))
    if data.unknown is not None:
        parts.append(load_unknown_folder(data.unknown, preprocessing, names))
    if not parts:
        raise DataError("there is nothing to evaluate on: give --data.root FOLDER, --data.unknown FOLDER or both")
    return LabelledImages(
        torch.cat([p.images for p in parts]),
        torch.cat([p.labels for p in parts]),
        names,
        tuple(path for p in parts for path in p.paths),
        tuple(problem for p in parts for problem in p.problems),
    )


def run(config: EvaluateConfig) -> Evaluation:
    """Evaluate and write the results; what the command line does, without printing."""
    predictor = Predictor(load_bundle(config.model), config.engine, config.device)
    try:
        theta = predictor.theta(config.known_kept, config.threshold, config.per_class)
    except ValueError as error:
        raise DataError(str(error)) from error
    evaluation = evaluate(predictor, load_evaluation_images(config.data, predictor.bundle), theta)
    write_results(evaluation, predictor.bundle, _out_folder(config))
    return evaluation


def main() -> int:
    """Run the command line."""
    import jsonargparse

    parser: Any = jsonargparse.ArgumentParser(
        prog="python -m cac_core.evaluate",
        description="Evaluate a model on images it was not trained on.",
        epilog="example: python -m cac_core.evaluate shop.cac --data.root photos/test --data.unknown photos/other",
    )
    parser.add_argument("--config", action="config", help="read these options from a YAML file")
    parser.add_class_arguments(EvaluateConfig, as_positional=True)
    values = parser.instantiate(parser.parse_args())
    config = EvaluateConfig(**{k: v for k, v in vars(values).items() if k != "config"})
    evaluation = run(config)
    for problem in evaluation.images.problems:
        console.warn(problem)
    console.out.print(console.table(f"{config.model.name}", ("figure", "value"), metric_rows(evaluation.metrics)))
    console.out.print(f"{_out_folder(config) / 'evaluation.html'}", highlight=False)
    return 0


def _out_folder(config: EvaluateConfig) -> Path:
    return config.out or config.model.with_name(config.model.name + ".evaluation")


if __name__ == "__main__":
    console.run_command(main)
