# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Plots shared by evaluation and replay reports. Plain plotly figures, legible on light and dark pages."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from sklearn.metrics import roc_curve

from cac_core import metrics
from cac_core.decision import UNKNOWN

KNOWN_COLOUR = "#3f7fbf"
UNKNOWN_COLOUR = "#d9812c"
DANGER_COLOUR = "#c8382e"
INK = "#808890"
"""Text and axes: a grey that can be read on white and on near-black."""

SMALLEST_SCORE = 1e-6
"""Rejection scores below this are drawn at it: γ spans many decades and a logarithm has no zero."""


def style(figure: go.Figure, x_title: str, y_title: str, height: int = 360) -> go.Figure:
    """Give a figure the house style."""
    figure.update_layout(
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        margin={"l": 60, "r": 16, "t": 24, "b": 52},
        height=height,
        legend={"orientation": "h", "y": 1.1, "x": 0},
        xaxis_title=x_title,
        yaxis_title=y_title,
    )
    grid = {"gridcolor": "rgba(128,136,144,0.22)", "zerolinecolor": "rgba(128,136,144,0.4)", "linecolor": INK}
    figure.update_xaxes(**grid)
    figure.update_yaxes(**grid)
    return figure


def roc_figure(scores: ArrayLike, unknown: ArrayLike, theta: float | None = None) -> go.Figure:
    """ROC curve as the paper draws it: share of known kept over share of unknown kept.

    Args:
        scores: ``(M,)``, high = unknown; +inf allowed.
        unknown: ``(M,)`` bool.
        theta: marks the operating point of this threshold.
    """
    s, u = np.asarray(scores, dtype=np.float64), np.asarray(unknown, dtype=bool)
    figure = go.Figure()
    if u.any() and not u.all():
        ranks = np.unique(s, return_inverse=True)[1]
        fpr, tpr, _ = roc_curve(~u, -ranks)
        area = metrics.auroc(s, u)
        figure.add_scatter(
            x=fpr, y=tpr, mode="lines", line={"color": KNOWN_COLOUR, "width": 2.5}, name=f"AUROC {area:.3f}"
        )
        if theta is not None:
            kept = s <= theta
            figure.add_scatter(
                x=[kept[u].mean()],
                y=[kept[~u].mean()],
                mode="markers",
                marker={"size": 12, "color": DANGER_COLOUR},
                name=f"θ = {theta:.3g}",
                hovertemplate="unknown kept %{x:.1%}<br>known kept %{y:.1%}<extra></extra>",
            )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": INK, "dash": "dot", "width": 1},
        name="chance",
        hoverinfo="skip",
    )
    style(figure, "share of unknown kept (a wrong known)", "share of known kept")
    figure.update_xaxes(range=[-0.01, 1.01])
    figure.update_yaxes(range=[-0.01, 1.02])
    return figure


def gamma_histogram(scores: ArrayLike, unknown: ArrayLike, theta: float | None = None, bins: int = 60) -> go.Figure:
    """Distribution of the smallest rejection score on a logarithmic axis, known against unknown, with θ.

    Each kind is drawn as shares of itself, so that different numbers of images compare.
    """
    s, u = np.asarray(scores, dtype=np.float64), np.asarray(unknown, dtype=bool)
    finite = np.isfinite(s)
    exponents = np.log10(np.maximum(s[finite], SMALLEST_SCORE)) if finite.any() else np.zeros(1)
    edges = np.linspace(exponents.min() - 0.05, exponents.max() + 0.05, bins + 1)
    middles, width = (edges[:-1] + edges[1:]) / 2, edges[1] - edges[0]
    figure = go.Figure()
    for chosen, name, colour in ((~u & finite, "known", KNOWN_COLOUR), (u & finite, "unknown", UNKNOWN_COLOUR)):
        if chosen.any():
            counts, _ = np.histogram(np.log10(np.maximum(s[chosen], SMALLEST_SCORE)), edges)
            figure.add_bar(
                x=middles,
                y=counts / chosen.sum(),
                width=width,
                name=f"{name} ({int(chosen.sum())})",
                marker={"color": colour, "line": {"width": 0}},
                opacity=0.7,
                customdata=10**middles,
                hovertemplate="γ ≈ %{customdata:.3g}<br>%{y:.1%}<extra></extra>",
            )
    if theta is not None and theta > 0:
        figure.add_vline(
            x=float(np.log10(max(theta, SMALLEST_SCORE))),
            line={"color": DANGER_COLOUR, "dash": "dash", "width": 2},
            annotation_text=f"θ = {theta:.3g}",
            annotation_font_color=DANGER_COLOUR,
        )
    style(figure, "smallest rejection score γ (logarithmic)", "share of images")
    figure.update_layout(barmode="overlay", bargap=0)
    ticks = list(range(int(np.floor(edges[0])), int(np.ceil(edges[-1])) + 1))
    figure.update_xaxes(tickvals=ticks, ticktext=[f"{10.0**t:g}" for t in ticks])
    figure.update_yaxes(tickformat=".0%")
    return figure


def confusion_figure(predictions: ArrayLike, labels: ArrayLike, class_names: Sequence[str]) -> go.Figure:
    """Confusion matrix of decisions with an *unknown* row and column; -1 = unknown in both arguments.

    A row adds up to 100 %. The row *unknown* outside its own column is the dangerous error: a wrong known.
    """
    p, y = np.asarray(predictions), np.asarray(labels)
    n = len(class_names)
    counts = np.zeros((n + 1, n + 1), dtype=int)
    np.add.at(counts, (np.where(y == UNKNOWN, n, y), np.where(p == UNKNOWN, n, p)), 1)
    rows = [i for i in range(n + 1) if counts[i].sum()]
    shares = counts[rows] / counts[rows].sum(axis=1, keepdims=True)
    # Plotly reads a small set of HTML in labels; a class name is text and nothing else.
    names = [html.escape(name, quote=False) for name in class_names]
    columns = [*names, "unknown"]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(range(n + 1)),
            y=list(range(len(rows))),
            zmin=0,
            zmax=1,
            colorscale=[[0, "rgba(63,127,191,0.04)"], [1, KNOWN_COLOUR]],
            showscale=False,
            text=counts[rows],
            texttemplate="%{text}" if n <= 25 else None,
            customdata=[[f"{columns[r]} → {column}" for column in columns] for r in rows],
            hovertemplate="%{customdata}<br>%{text} images, %{z:.1%} of the row<extra></extra>",
            xgap=2,
            ygap=2,
        )
    )
    style(figure, "decision", "truth", height=min(900, 150 + 40 * len(rows)))
    figure.update_xaxes(tickvals=list(range(n + 1)), ticktext=columns, showgrid=False, zeroline=False)
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[columns[r] for r in rows],
        autorange="reversed",
        showgrid=False,
        zeroline=False,
    )
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure
