# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The share of rejected frames and the size of γ from day to day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from cac_core.reports.plots.style import DANGER_COLOUR, KNOWN_COLOUR, UNKNOWN_COLOUR, as_text, style

MOST_DAYS = 400
"""The newest ones are drawn."""

_COLOURS = (KNOWN_COLOUR, UNKNOWN_COLOUR)


def rejected_figure(days: Sequence[Mapping[str, Mapping[str, Any]]], models: Sequence[str]) -> go.Figure:
    """The share of frames answered with unknown on each day, with its interval over recordings.

    Args:
        days: of each model, the figures of each day.
        models: their names.
    """
    figure = go.Figure()
    for number, (table, model) in enumerate(zip(days, models, strict=True)):
        rows = list(table.items())[-MOST_DAYS:]
        share = [row["shares"]["rejected"] for _, row in rows]
        bounds = [row["intervals"]["rejected"] or (value, value) for value, (_, row) in zip(share, rows, strict=True)]
        figure.add_scatter(
            x=[as_text(day) for day, _ in rows],
            y=share,
            mode="lines+markers",
            name=as_text(model, 40),
            line={"color": _COLOURS[number % 2]},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [high - value for value, (_, high) in zip(share, bounds, strict=True)],
                "arrayminus": [value - low for value, (low, _) in zip(share, bounds, strict=True)],
                "thickness": 1,
            },
            customdata=[[row["recordings"], row["counts"]["frames"]] for _, row in rows],
            hovertemplate="%{x}<br>%{y:.1%} rejected<br>%{customdata[0]} recordings, %{customdata[1]} frames"
            "<extra></extra>",
        )
    style(figure, "day", "share of frames rejected")
    figure.update_xaxes(type="category", nticks=12)
    figure.update_yaxes(rangemode="tozero", tickformat=".0%")
    return figure


def score_figure(days: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Median and quartiles of γ/θ on each day; above 1 a frame is rejected."""
    rows = [(day, row["score_over_threshold"]) for day, row in days.items() if row["score_over_threshold"]]
    rows = rows[-MOST_DAYS:]
    names = [as_text(day) for day, _ in rows]
    figure = go.Figure()
    for index, name, width in ((0, "lower quartile", 1), (1, "median", 2.5), (2, "upper quartile", 1)):
        figure.add_scatter(
            x=names,
            y=[max(values[index], 1e-6) for _, values in rows],
            mode="lines+markers",
            name=name,
            marker={"size": 5},
            line={"color": KNOWN_COLOUR, "width": width, "dash": "solid" if index == 1 else "dot"},
        )
    style(figure, "day", "smallest rejection score γ, in thresholds θ")
    figure.add_hline(y=1, line={"color": DANGER_COLOUR, "width": 1.5, "dash": "dash"})
    figure.update_xaxes(type="category", nticks=12)
    figure.update_yaxes(type="log", exponentformat="power")
    return figure
