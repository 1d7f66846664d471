# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page about a training: one file that needs no other and no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch
from numpy.typing import NDArray
from torch import Tensor

from cac_core import equations
from cac_core.bundle import ModelBundle
from cac_core.data import joined
from cac_core.inference_equations import UNKNOWN, decide
from cac_core.reports.page import Plot, plot, render_page
from cac_core.reports.plots.confusion_matrix import confusion_matrix_figure, least_width
from cac_core.reports.plots.learning_curves import learning_curves_figure
from cac_core.reports.plots.logit_plane import logit_plane_figure, principal_plane
from cac_core.reports.thumbnail import thumbnail
from cac_core.support.files import write_atomically
from cac_core.training.calibrate import Calibrated
from cac_core.training.choices import images_behind

FILE = "report.html"
MOST_PICTURES = 12
MOST_PAIRS = 12
LONGEST_SIDE = 224
"""Of a picture, in pixels; shown at about half of that, so that it is sharp on dense screens."""


@dataclass(frozen=True)
class Picture:
    """A thumbnail with its text.

    Attributes:
        source: a data URI.
        title: what it shows.
        text: what is said about it.
        path: of the photo.
    """

    source: str
    title: str
    text: str
    path: str


def write_training_page(
    calibrated: Calibrated, bundle: ModelBundle, history: Sequence[Mapping[str, float]], folder: Path
) -> Path:
    """Write report.html of a finished training into a folder.

    Args:
        calibrated: what the training ended with.
        bundle: as it was saved, with its summary.
        history: one record per epoch; none for a network that was not trained.
        folder: of the run.

    Returns:
        The page's path.
    """
    theta, validation = bundle.thresholds.theta(), calibrated.data.validation
    page = render_page(
        "training.html.j2",
        _plots(calibrated, bundle, history, theta),
        bundle=bundle,
        theta=float(theta[0]),
        metrics=calibrated.metrics,
        classes=_class_rows(calibrated, bundle),
        choices=calibrated.choices,
        known_unknowns=0 if calibrated.data.known_unknown is None else len(calibrated.data.known_unknown),
        least_images=[images_behind(c.least_kept, list(validation.counts().values())) for c in calibrated.choices],
        edge=nearest_to_rejection(calibrated),
        confused=confused_pairs(calibrated),
        duplicates=_duplicates(calibrated),
        duplicate_pairs=bundle.training["data"].get("duplicates", {}).get("pairs", 0),
        few=bundle.training["data"].get("few_photos", []),
        warnings=bundle.training["warnings"],
        problems=calibrated.data.problems,
    )
    path = folder / FILE
    write_atomically(path, page.encode())
    return path


def _plots(
    calibrated: Calibrated,
    bundle: ModelBundle,
    history: Sequence[Mapping[str, float]],
    theta: NDArray[np.float32],
) -> list[Plot]:
    names = bundle.class_names
    plots = []
    if history:
        plots.append(plot("curves", "Losses and validation accuracy over the epochs.", learning_curves_figure(history)))
    plots.append(plot("projection", "Logits of the validation images, in a plane.", projection_figure(calibrated)))
    matrix = confusion_matrix_figure(*decisions_and_labels(calibrated, theta), names)
    plots.append(plot("decisions", "Confusion matrix with a column for unknown.", matrix, least_width(names)))
    return plots


def decisions_and_labels(
    calibrated: Calibrated, theta: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Decisions at thresholds ``(N,)`` on the validation images and then the unknown ones, and their labels."""
    labels, gamma = calibrated.data.validation.labels, calibrated.gamma
    if calibrated.data.unknown is not None:
        apart = equations.distances(calibrated.unknown_logits, torch.from_numpy(calibrated.bundle.centres))
        gamma = torch.cat([gamma, equations.rejection_scores(apart)])
        labels = torch.cat([labels, torch.full((len(apart),), UNKNOWN)])
    return decide(gamma.numpy(), theta), labels.numpy()


def projection_figure(calibrated: Calibrated) -> go.Figure:
    """Validation images, unknown images and centres in the plane in which the training logits vary most."""
    validation, unknown = calibrated.data.validation, calibrated.data.unknown
    return logit_plane_figure(
        principal_plane(calibrated.train_logits.numpy()),
        calibrated.logits.numpy(),
        validation.labels.numpy(),
        calibrated.bundle.centres,
        calibrated.bundle.class_names,
        validation.paths,
        unknown_logits=None if unknown is None else calibrated.unknown_logits.numpy(),
        unknown_paths=() if unknown is None else unknown.paths,
    )


def nearest_to_rejection(calibrated: Calibrated) -> dict[str, list[Picture]]:
    """Validation images on either side of θ, nearest to it first."""
    validation, names = calibrated.data.validation, calibrated.bundle.class_names
    theta = calibrated.bundle.thresholds.theta()[0]
    smallest, nearest = calibrated.gamma.min(dim=-1)
    kept = smallest <= theta
    sides = {"just kept": (kept, True), "rejected": (~kept, False)}
    result: dict[str, list[Picture]] = {}
    for title, (side, falling) in sides.items():
        own = torch.nonzero(side).flatten()
        order = own[torch.argsort(smallest[own], descending=falling, stable=True)][:MOST_PICTURES]
        result[title] = []
        for i in order.tolist():
            label = int(validation.labels[i])
            taken = "" if int(nearest[i]) == label else f", nearest to {names[int(nearest[i])]}"
            text = f"γ {float(smallest[i]):.3g}{taken}"
            result[title].append(Picture(_thumbnail(validation.images[i]), names[label], text, validation.paths[i]))
    return result


def confused_pairs(calibrated: Calibrated) -> list[tuple[str, str, int, int, Picture]]:
    """Class, the class it is taken for, how many of how many validation images, and one of them; worst first."""
    validation, names = calibrated.data.validation, calibrated.bundle.class_names
    nearest, n = calibrated.gamma.argmin(dim=-1), len(names)
    wrong = nearest != validation.labels
    counts = torch.bincount(validation.labels[wrong] * n + nearest[wrong], minlength=n * n)
    totals = torch.bincount(validation.labels, minlength=n)
    order = torch.argsort(counts, descending=True, stable=True)[:MOST_PAIRS]
    result = []
    for pair in order[counts[order] > 0].tolist():
        true, taken = divmod(pair, n)
        i = int(torch.nonzero((validation.labels == true) & (nearest == taken)).flatten()[0])
        text = f"taken for {names[taken]}"
        picture = Picture(_thumbnail(validation.images[i]), names[true], text, validation.paths[i])
        result.append((names[true], names[taken], int(counts[pair]), int(totals[true]), picture))
    return result


def _duplicates(calibrated: Calibrated) -> list[tuple[Picture, Picture]]:
    """Pictures of likely duplicates, those in different classes first."""
    train, validation = calibrated.data.train, calibrated.data.validation
    if not calibrated.data.duplicates:
        return []
    images = joined(train, validation)
    position = {path: i for i, path in enumerate(images.paths)}
    # An extension trains on a few of the old photos only: of a pair, one may be left out.
    found = sorted(
        (position[one], position[other])
        for one, other in calibrated.data.duplicates
        if one in position and other in position
    )
    shown = sorted(found, key=lambda pair: bool(images.labels[pair[0]] == images.labels[pair[1]]))[:MOST_PAIRS]

    def picture(i: int) -> Picture:
        name = images.class_names[int(images.labels[i])]
        return Picture(_thumbnail(images.images[i]), name, Path(images.paths[i]).name, images.paths[i])

    return [(picture(i), picture(j)) for i, j in shown]


def _thumbnail(pixels: Tensor) -> str:
    """A data URI of uint8 ``(S, S, C)``, grey or RGB."""
    return thumbnail(pixels.numpy()[..., ::-1], LONGEST_SIDE)


def _class_rows(calibrated: Calibrated, bundle: ModelBundle) -> list[dict[str, Any]]:
    train = calibrated.data.train.counts()
    return [
        {"name": name, "train": train[name], "centre": centre, **shares}
        for (name, shares), centre in zip(calibrated.by_class().items(), bundle.centre_counts.tolist(), strict=True)
    ]
