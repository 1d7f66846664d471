# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page about a training: one file that needs no other and no network."""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import plotly.graph_objects as go
import torch
from torch import Tensor

from cac_core import equations
from cac_core.bundle import ModelBundle
from cac_core.data import LabelledImages, find_duplicates
from cac_core.reports import plots
from cac_core.support import console
from cac_core.support.files import write_atomically
from cac_core.training.calibrate import Calibrated

FILE = "report.html"
MOST_PICTURES = 12
MOST_PAIRS = 12
MOST_POINTS = 2000
THUMBNAIL = 112
COLOURS = ("#3f7fbf", "#d9812c", "#4c9f70", "#c8382e", "#8f6bb3", "#8c6d4f", "#d678b4", "#7f8c8d", "#b5a12b", "#2fa6b3")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")


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


def write_report(
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
    from jinja2 import Environment, PackageLoader

    validation = calibrated.data.validation
    theta = bundle.thresholds.theta()
    decisions = equations.decide(calibrated.gamma, theta)
    figures = {
        **({"curves": curves_figure(history)} if history else {}),
        "projection": projection_figure(calibrated),
        "decisions": plots.confusion_figure(decisions.numpy(), validation.labels.numpy(), bundle.class_names),
    }
    parts = {
        name: figure.to_html(
            full_html=False, include_plotlyjs=i == 0, config={"displaylogo": False, "responsive": True}
        )
        for i, (name, figure) in enumerate(figures.items())
    }
    template = Environment(loader=PackageLoader("cac_core.reports"), autoescape=True).get_template("training.html.j2")
    page = template.render(
        bundle=bundle,
        theta=float(theta[0]),
        metrics=_metric_rows(calibrated),
        classes=_class_rows(calibrated, bundle),
        choices=calibrated.choices,
        known_unknowns=any(choice.false_accept is not None for choice in calibrated.choices),
        figures=parts,
        edge=nearest_to_rejection(calibrated),
        confused=confused_pairs(calibrated),
        duplicates=_duplicates(calibrated),
        duplicate_pairs=bundle.training["data"].get("duplicates", {}).get("pairs", 0),
        few=bundle.training["data"].get("few_photos", []),
        warnings=bundle.training["warnings"],
        problems=calibrated.data.problems,
        number=console.number,
    )
    path = folder / FILE
    write_atomically(path, page.encode())
    return path


def curves_figure(history: Sequence[Mapping[str, float]]) -> go.Figure:
    """Losses on the left axis, validation accuracy on the right one, over the epochs."""
    epochs = [row["epoch"] for row in history]
    figure = go.Figure()
    lines = (
        ("train_loss", "training loss", plots.KNOWN_COLOUR, "dot", "y"),
        ("val_loss", "validation loss", plots.KNOWN_COLOUR, "solid", "y"),
        ("val_accuracy", "validation accuracy (right axis)", plots.UNKNOWN_COLOUR, "solid", "y2"),
    )
    for key, name, colour, dash, axis in lines:
        values = [row[key] for row in history]
        line = {"color": colour, "dash": dash, "width": 2}
        figure.add_scatter(x=epochs, y=values, name=name, mode="lines+markers", line=line, yaxis=axis)
    plots.style(figure, "epoch", "loss")
    figure.update_layout(
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "range": [0, 1.02],
            "dtick": 0.2,
            "tickmode": "linear",
            "tickformat": ".0%",
        },
        margin={"r": 60},
    )
    figure.update_layout(yaxis={"rangemode": "tozero"}, yaxis2={"showgrid": False})
    return figure


def projection_figure(calibrated: Calibrated) -> go.Figure:
    """Validation images, unknown images and centres in the plane in which the training logits vary most (PCA)."""
    mean, axes, share = principal_plane(calibrated.train_logits)
    validation, unknown = calibrated.data.validation, calibrated.data.unknown
    points = ((calibrated.logits - mean) @ axes).numpy()
    centres = ((torch.from_numpy(calibrated.bundle.centres) - mean) @ axes).numpy()
    labels = validation.labels.numpy()
    step = max(1, len(points) // MOST_POINTS)
    figure = go.Figure()
    if unknown is not None:
        others = ((calibrated.unknown_logits - mean) @ axes).numpy()[:MOST_POINTS]
        names = [html.escape(Path(path).name) for path in unknown.paths[:MOST_POINTS]]
        marker = {"color": plots.INK, "symbol": "x", "size": 6}
        figure.add_scatter(
            x=others[:, 0], y=others[:, 1], mode="markers", name="unknown", marker=marker, text=names, hoverinfo="text"
        )
    for i, name in enumerate(calibrated.bundle.class_names):
        own = np.flatnonzero(labels == i)[::step]
        colour = COLOURS[i % len(COLOURS)]
        marker = {"color": colour, "size": 7, "opacity": 0.75, "symbol": SYMBOLS[i // len(COLOURS) % len(SYMBOLS)]}
        label = html.escape(name)
        texts = [f"{label}: {html.escape(Path(validation.paths[k]).name)}" for k in own]
        figure.add_scatter(
            x=points[own, 0], y=points[own, 1], mode="markers", name=label, marker=marker, text=texts, hoverinfo="text"
        )
        ring = {"color": colour, "size": 16, "symbol": "circle-open", "line": {"width": 3}}
        figure.add_scatter(
            x=centres[i : i + 1, 0],
            y=centres[i : i + 1, 1],
            mode="markers",
            marker=ring,
            showlegend=False,
            text=[f"centre of {label}"],
            hoverinfo="text",
        )
    titles = [f"principal axis {k + 1} ({share[k]:.0%} of the variance)" for k in range(2)]
    plots.style(figure, titles[0], titles[1], height=560)
    figure.update_layout(legend={"orientation": "v", "x": 1.02, "y": 1})
    return figure


def principal_plane(logits: Tensor) -> tuple[Tensor, Tensor, tuple[float, float]]:
    """Mean ``(N,)``, the two axes of largest variance ``(N, 2)``, and their shares of all variance."""
    finite = logits[torch.isfinite(logits).all(dim=-1)].double()
    mean = finite.mean(dim=0)
    _, strength, rows = torch.linalg.svd(finite - mean, full_matrices=False)
    if len(strength) < 2:  # a single image spans no plane
        rows, strength = torch.eye(2, logits.shape[1], dtype=rows.dtype), strength.new_zeros(2)
    # The sign of an axis is arbitrary: the largest entry is made positive, so that two runs look alike.
    axes = rows[:2] * rows[:2].gather(1, rows[:2].abs().argmax(dim=1, keepdim=True)).sign()
    shares = (strength**2 / (strength**2).sum().clamp(min=1e-12)).tolist()
    return mean.float(), axes.T.float(), (shares[0], shares[1])


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
            result[title].append(Picture(thumbnail(validation.images[i]), names[label], text, validation.paths[i]))
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
        picture = Picture(thumbnail(validation.images[i]), names[true], text, validation.paths[i])
        result.append((names[true], names[taken], int(counts[pair]), int(totals[true]), picture))
    return result


def thumbnail(pixels: Tensor) -> str:
    """A data URI of uint8 ``(S, S, C)``."""
    image = pixels.numpy()
    if image.shape[0] > THUMBNAIL:
        image = cv2.resize(image, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    image = image.reshape(*image.shape[:2], -1)  # OpenCV drops a single channel
    if image.shape[2] == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    done, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert done
    return "data:image/jpeg;base64," + base64.b64encode(content.tobytes()).decode()


def _duplicates(calibrated: Calibrated) -> list[tuple[Picture, Picture]]:
    """Pictures of likely duplicates, those in different classes first."""
    train, validation = calibrated.data.train, calibrated.data.validation
    if not calibrated.data.summary.get("duplicates", {}).get("pairs"):
        return []
    images = LabelledImages(
        torch.cat([train.images, validation.images]),
        torch.cat([train.labels, validation.labels]),
        train.class_names,
        train.paths + validation.paths,
    )
    pairs = find_duplicates(images.images)
    same = images.labels[pairs[:, 0]] == images.labels[pairs[:, 1]]
    shown = pairs[torch.argsort(same.to(torch.int8), stable=True)][:MOST_PAIRS].tolist()

    def picture(i: int) -> Picture:
        name = images.class_names[int(images.labels[i])]
        return Picture(thumbnail(images.images[i]), name, Path(images.paths[i]).name, images.paths[i])

    return [(picture(i), picture(j)) for i, j in shown]


def _metric_rows(calibrated: Calibrated) -> list[tuple[str, str]]:
    m = calibrated.metrics
    rows = [
        ("validation images of known classes", str(m.known_images)),
        ("accuracy on them", console.number(m.accuracy)),
        ("known kept at θ", console.number(m.known_kept)),
        ("known kept at θ and right", console.number(m.known_kept_and_right)),
    ]
    if m.unknown_images:
        rows += [
            ("images of other things, for this report only", str(m.unknown_images)),
            ("AUROC", console.number(m.auroc)),
            ("unknown rejected at θ", console.number(m.unknown_rejected)),
        ]
    return rows


def _class_rows(calibrated: Calibrated, bundle: ModelBundle) -> list[dict[str, Any]]:
    train = calibrated.data.train.counts()
    return [
        {"name": name, "train": train[name], "centre": centre, **shares}
        for (name, shares), centre in zip(calibrated.by_class().items(), bundle.centre_counts.tolist(), strict=True)
    ]
