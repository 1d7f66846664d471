# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The drawings of tables and figures."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from cac_core.benchmark.measures import mean_and_std
from cac_core.benchmark.paper_values import PaperValue
from cac_core.benchmark.results import NAMES, TableRow
from cac_core.reports.plots.logit_plane import SYMBOLS
from cac_core.reports.plots.style import (
    CLASS_COLOURS,
    DANGER_COLOUR,
    INK,
    KNOWN_COLOUR,
    UNKNOWN_COLOUR,
    class_colour,
    style,
)

Series = dict[str, tuple[Sequence[float], Sequence[float], Sequence[float]]]
Panels = dict[str, dict[str, tuple[Sequence[float], Sequence[float]]]]

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
"""Every ten series have the next one, and the next marker."""
_KNOWN = (0, 2, 4)  # of the class colours, for three known classes: none is that of the unknown


def comparison_chart(rows: Sequence[TableRow]) -> go.Figure:
    """Every trial as a dot, their mean as a bar line, the paper's value as a diamond; one panel per dataset."""
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    figure = make_subplots(rows=len(datasets), cols=1, subplot_titles=datasets, vertical_spacing=0.3 / len(datasets))
    for panel, dataset in enumerate(datasets, start=1):
        own = [row for row in rows if row.dataset == dataset]
        for row in own:
            scale = 100.0 if row.percent else 1.0
            if row.trials:
                values = [scale * v for v in row.values()]
                place = {"row": panel, "col": 1}
                label = [row.method] * len(values)
                figure.add_scatter(x=values, y=label, mode="markers", name="trial", marker=_dot(KNOWN_COLOUR), **place)
                mean, std = mean_and_std(values)
                error = {"type": "data", "array": [0.0 if np.isnan(std) else std], "color": INK}
                marker = {"symbol": "line-ns-open", "size": 18, "color": KNOWN_COLOUR}
                figure.add_scatter(
                    x=[mean], y=[row.method], error_x=error, mode="markers", name="mean ± std", marker=marker, **place
                )
            if isinstance(row.paper, PaperValue):
                marker = {"symbol": "diamond-open", "size": 10, "color": UNKNOWN_COLOUR}
                name = f"paper, {row.paper.family}"
                figure.add_scatter(
                    x=[row.paper.mean], y=[row.method], mode="markers", name=name, marker=marker, row=panel, col=1
                )
    seen: set[str] = set()
    for trace in figure.data:
        trace.update(showlegend=trace.name not in seen, legendgroup=trace.name)
        seen.add(trace.name)
    height = 140 + sum(60 + 26 * sum(row.dataset == d for row in rows) for d in datasets)
    style(figure, "", "", height=height)
    _legend_above(figure)
    figure.update_xaxes(title_text=NAMES[rows[0].measure], row=len(datasets), col=1)
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure


def distance_histograms(panels: dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> go.Figure:
    """Nearest-centre distances of known and unknown images, one panel per training (Figure 2)."""
    figure = make_subplots(rows=1, cols=len(panels), subplot_titles=list(panels))
    for column, (d, unknown) in enumerate(panels.values(), start=1):
        edges = np.linspace(0.0, float(np.quantile(d, 0.999)), 80)
        for chosen, name, colour in ((~unknown, "known", KNOWN_COLOUR), (unknown, "unknown", UNKNOWN_COLOUR)):
            counts, _ = np.histogram(d[chosen], edges)
            figure.add_bar(
                x=(edges[:-1] + edges[1:]) / 2,
                y=counts / max(1, chosen.sum()),
                width=edges[1] - edges[0],
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                marker={"color": colour, "line": {"width": 0}},
                opacity=0.7,
                row=1,
                col=column,
            )
    style(figure, "distance to the nearest class centre", "share of images", height=420)
    _legend_above(figure)
    figure.update_layout(barmode="overlay", bargap=0)
    return figure


def logit_spaces(
    panels: dict[str, tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]], names: Sequence[str]
) -> go.Figure:
    """Three-dimensional logits, one panel per training (Figure 1).

    Args:
        panels: logits ``(T, 3)``, labels ``(T,)`` with -1 = unknown, and centres ``(3, 3)``, by training.
        names: of the three classes.
    """
    kind = [[{"type": "scene"}] * len(panels)]
    figure = make_subplots(rows=1, cols=len(panels), specs=kind, subplot_titles=list(panels), horizontal_spacing=0.02)
    for column, (z, labels, centres) in enumerate(panels.values(), start=1):
        for label in (*range(3), -1):
            own = z[labels == label]
            colour = UNKNOWN_COLOUR if label < 0 else class_colour(_KNOWN[label])
            name = "unknown" if label < 0 else names[label]
            figure.add_scatter3d(
                x=own[:, 0], y=own[:, 1], z=own[:, 2], mode="markers", name=name, legendgroup=name,
                showlegend=column == 1, marker={"size": 2.5, "color": colour, "opacity": 0.6}, row=1, col=column,
            )  # fmt: skip
        marker = {"size": 7, "symbol": "diamond", "color": DANGER_COLOUR}
        figure.add_scatter3d(
            x=centres[:, 0], y=centres[:, 1], z=centres[:, 2], mode="markers", name="centre", legendgroup="centre",
            showlegend=column == 1, marker=marker, row=1, col=column,
        )  # fmt: skip
    style(figure, "", "", height=560)
    _legend_above(figure)
    return figure


def lines(series: Series, x_title: str, y_title: str) -> go.Figure:
    """Lines with a deviation at each point: x, mean and std, by name (Figure 4)."""
    figure = go.Figure()
    for i, (name, (x, mean, std)) in enumerate(series.items()):
        error = {"type": "data", "array": [0.0 if np.isnan(s) else s for s in std], "thickness": 1}
        figure.add_scatter(x=x, y=mean, error_y=error, mode="lines+markers", name=name, **_look(i))
    return style(figure, x_title, y_title, height=440)


def sensitivity(panels: Panels, y_title: str) -> go.Figure:
    """Measures over one hyperparameter per panel (Figure 5)."""
    figure = make_subplots(rows=1, cols=len(panels), shared_yaxes=True)
    for column, (x_title, measures) in enumerate(panels.items(), start=1):
        for i, (name, (x, y)) in enumerate(measures.items()):
            figure.add_scatter(
                x=x, y=y, mode="lines+markers", name=name, legendgroup=name, showlegend=column == 1,
                **_look(i), row=1, col=column,
            )  # fmt: skip
        figure.update_xaxes(title_text=x_title, row=1, col=column)
    style(figure, "", "", height=420)
    _legend_above(figure)
    for column, x_title in enumerate(panels, start=1):
        figure.update_xaxes(title_text=x_title, row=1, col=column)
    figure.update_yaxes(title_text=y_title, row=1, col=1)
    return figure


def _legend_above(figure: go.Figure) -> None:
    """Keep the legend clear of the panels' titles, whatever the height."""
    figure.update_layout(
        margin_t=72, legend={"orientation": "h", "yref": "container", "y": 1.0, "yanchor": "top", "x": 0}
    )


def _dot(colour: str) -> dict[str, object]:
    return {"size": 7, "color": colour, "opacity": 0.6}


def _look(index: int) -> dict[str, dict[str, str]]:
    """Line and marker of a series: with the first ten they differ in colour, after that also in dashes and marker."""
    again = index // len(CLASS_COLOURS)
    dash, symbol = DASHES[again % len(DASHES)], SYMBOLS[again % len(SYMBOLS)]
    return {"line": {"color": class_colour(index), "dash": dash}, "marker": {"symbol": symbol}}
