# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Decisions of a predictor on labelled images, and the files that say how good they are."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle
from cac_core.data import LabelledArrays
from cac_core.inference_equations import UNKNOWN, decide
from cac_core.metrics import OpenSetMetrics, open_set_metrics
from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame
from cac_core.support import console
from cac_core.support.csv_cells import harmless
from cac_core.support.files import write_together

BATCH = 64

FILES = ("metrics.json", "scores.csv", "evaluation.html")
"""What an evaluation writes into its folder."""


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
    images: LabelledArrays


def evaluate(predictor: Predictor, images: LabelledArrays, theta: NDArray[np.float32] | None = None) -> Evaluation:
    """Decide on every image and compare with its label.

    Args:
        predictor: the model.
        images: already through the bundle's preprocessing.
        theta: thresholds ``(N,)``; the bundle's own when omitted.
    """
    limits = predictor.theta() if theta is None else theta
    order: Literal["rgb", "grey"] = "rgb" if images.images.shape[-1] == 3 else "grey"
    pixels = images.images if order == "rgb" else images.images[..., 0]
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
    labels = images.labels
    metrics = open_set_metrics(scores, nearest, decisions == UNKNOWN, labels)
    return Evaluation(metrics, scores, decisions, nearest, labels, limits, images)


def write_results(evaluation: Evaluation, bundle: ModelBundle, folder: Path) -> Path:
    """Write metrics.json, scores.csv and evaluation.html into a folder, all or none; returns the page's path."""
    from cac_core.reports.evaluation_page import evaluation_page  # plotly takes a moment to import

    document = {
        "model_id": bundle.model_id,
        "theta": [float(t) for t in evaluation.theta],
        "metrics": evaluation.metrics.to_dict(),
        "intervals": evaluation.metrics.intervals_to_dict(),
        "problems": list(evaluation.images.problems),
    }
    page = evaluation_page(
        bundle,
        evaluation.metrics,
        scores=evaluation.scores,
        decisions=evaluation.decisions,
        labels=evaluation.labels,
        theta=evaluation.theta,
        problems=evaluation.images.problems,
    )
    contents = (json.dumps(document, indent=2, ensure_ascii=False) + "\n", _scores_csv(evaluation, bundle), page)
    write_together(
        {
            folder / name: content.encode("utf-8", "backslashreplace")
            for name, content in zip(FILES, contents, strict=True)
        }
    )
    return folder / FILES[-1]


def _scores_csv(evaluation: Evaluation, bundle: ModelBundle) -> str:
    names = [*bundle.class_names, "unknown"]  # index -1 is the last one
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["image", "label", "decision", "nearest", "rejection_score"])
    columns = (evaluation.images.paths, evaluation.labels, evaluation.decisions, evaluation.nearest, evaluation.scores)
    for path, label, decision, nearest, score in zip(*columns, strict=True):
        writer.writerow(harmless([path, names[label], names[decision], names[nearest], f"{score:.6g}"]))
    return text.getvalue()
