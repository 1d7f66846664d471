# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The logits of images and the class centres in the plane in which the logits vary most (PCA)."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cac_core.reports.plots.style import CLASS_COLOURS, INK, LONGEST_LABEL, as_text, class_colour, style

MOST_POINTS = 2000
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")
"""Every ten classes have the next one."""


class Plane(NamedTuple):
    """A plane in logit space.

    Attributes:
        mean: a point of it ``(N,)``.
        axes: two orthonormal directions ``(N, 2)``.
        shares: of all variance, per axis.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    shares: tuple[float, float]

    def project(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coordinates ``(M, 2)`` of logits ``(M, N)``."""
        points: NDArray[np.float32] = np.matmul(logits - self.mean, self.axes)
        return points


def principal_plane(logits: NDArray[np.float32]) -> Plane:
    """The plane of largest variance of logits ``(M, N)``; rows that are not finite are left out."""
    finite = logits[np.isfinite(logits).all(axis=-1)].astype(np.float64)
    mean = finite.mean(axis=0)
    _, strength, rows = np.linalg.svd(finite - mean, full_matrices=False)
    if len(strength) < 2:  # a single image spans no plane
        rows, strength = np.eye(2, logits.shape[1]), np.zeros(2)
    # The sign of an axis is arbitrary: the largest entry is made positive, so that two runs look alike.
    axes = rows[:2] * np.sign(np.take_along_axis(rows[:2], np.abs(rows[:2]).argmax(axis=1, keepdims=True), axis=1))
    shares = strength**2 / max(float((strength**2).sum()), 1e-12)
    return Plane(mean.astype(np.float32), axes.T.astype(np.float32), (float(shares[0]), float(shares[1])))


def logit_plane_figure(
    plane: Plane,
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    centres: NDArray[np.float32],
    class_names: Sequence[str],
    paths: Sequence[str],
    *,
    unknown_logits: NDArray[np.float32] | None = None,
    unknown_paths: Sequence[str] = (),
) -> go.Figure:
    """Images of known classes as points, of other things as crosses, centres as large outlines.

    Args:
        plane: to draw in.
        logits: of the images ``(M, N)``.
        labels: their classes ``(M,)``.
        centres: ``(N, N)``.
        class_names: of the N classes.
        paths: of the images; their file names are shown on hover.
        unknown_logits: of images of other things ``(U, N)``.
        unknown_paths: of those.
    """
    points, rings = plane.project(logits), plane.project(centres)
    step = max(1, len(points) // MOST_POINTS)
    figure = go.Figure()
    if unknown_logits is not None:
        texts = [as_text(Path(path).name) for path in unknown_paths[:MOST_POINTS]]
        marker = {"symbol": "x-thin", "size": 6, "opacity": 0.7, "line": {"color": INK, "width": 1.4}}
        figure.add_trace(_points(plane.project(unknown_logits)[:MOST_POINTS], "unknown", marker, texts))
    for i, name in enumerate(class_names):
        own = np.flatnonzero(labels == i)[::step]
        colour, symbol = class_colour(i), SYMBOLS[i // len(CLASS_COLOURS) % len(SYMBOLS)]
        marker = {"color": colour, "size": 7, "opacity": 0.75, "symbol": symbol}
        texts = [f"{as_text(name)}: {as_text(Path(paths[k]).name)}" for k in own]
        figure.add_trace(_points(points[own], as_text(name, LONGEST_LABEL), marker, texts))
        ring = {"color": colour, "size": 16, "symbol": f"{symbol}-open", "line": {"width": 3}}
        figure.add_trace(_points(rings[i : i + 1], "", ring, [f"centre of {as_text(name)}"]))
    titles = [f"axis {k + 1}: {share:.0%} of the variance" for k, share in enumerate(plane.shares)]
    style(figure, titles[0], titles[1], height=560)
    figure.update_layout(legend={"orientation": "h", "yanchor": "top", "y": -0.14, "x": 0}, margin={"b": 96})
    return figure


def _points(points: NDArray[np.float32], name: str, marker: dict[str, object], texts: list[str]) -> go.Scatter:
    return go.Scatter(
        x=points[:, 0], y=points[:, 1], mode="markers", name=name, showlegend=bool(name), marker=marker, text=texts,
        hoverinfo="text",
    )  # fmt: skip
