# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The rejection score over time, with the labels as bands behind it."""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np
import plotly.graph_objects as go

from cac_core.reports.plots.style import (
    DANGER_COLOUR,
    INK,
    KNOWN_COLOUR,
    SMALLEST_SCORE,
    UNKNOWN_COLOUR,
    as_text,
    style,
)
from cac_ros.replay.results import UNKNOWN, Evaluation, FrameResult

# (outcome, legend, colour, marker, size): colour says what was shown, shape what went wrong, and the dangerous error is
# the largest and the only red thing.
_KINDS = (
    ("right known", "known, kept", KNOWN_COLOUR, "circle", 5),
    ("right unknown", "unknown, rejected", UNKNOWN_COLOUR, "circle", 5),
    ("", "not scored", INK, "circle-open", 5),
    ("known rejected", "known, rejected", KNOWN_COLOUR, "triangle-up-open", 9),
    ("wrong class", "known, taken for another class", KNOWN_COLOUR, "x", 9),
    ("unknown accepted", "unknown, accepted as known", DANGER_COLOUR, "diamond", 10),
)
_KNOWN_BAND, _UNKNOWN_BAND = "rgba(63,127,191,{})", "rgba(217,129,44,{})"
_MAX_NAMES = 80
_WEBGL_FROM = 20_000


def score_timeline_figure(evaluation: Evaluation) -> go.Figure:
    """γ over the seconds of the bag: a point per answered frame, θ as a line, labels as bands.

    A frame without a score (γ = +inf) has no point. The axis is logarithmic, because γ spans many decades.
    """
    figure = go.Figure()
    draw = go.Scattergl if len(evaluation.rows) > _WEBGL_FROM else go.Scatter
    rows = [row for row in evaluation.rows if row.answered and math.isfinite(row.rejection_score)]
    for kind, legend, colour, symbol, size in _KINDS:
        chosen = [row for row in rows if _kind(row) == kind]
        if not chosen:
            continue
        figure.add_trace(
            draw(
                x=[evaluation.seconds(row.time_ns) for row in chosen],
                y=[max(row.rejection_score, SMALLEST_SCORE) for row in chosen],
                mode="markers",
                name=f"{legend} ({len(chosen):,})",
                marker={"color": colour, "symbol": symbol, "size": size, "opacity": 0.85},
                customdata=[
                    [row.index, _shown(row), _said(row, evaluation.class_names), row.rejection_score] for row in chosen
                ],
                hovertemplate="frame %{customdata[0]} · %{x:.3f} s<br>shows %{customdata[1]}<br>said %{customdata[2]}"
                "<br>γ %{customdata[3]:.4g}<extra></extra>",
            )
        )
    _draw_thresholds(figure, evaluation)
    _draw_bands(figure, evaluation)
    style(figure, "seconds from the start of the bag", "smallest rejection score γ", height=470)
    figure.update_layout(
        legend={"orientation": "h", "yanchor": "top", "y": -0.16, "x": 0},
        margin={"l": 60, "r": 16, "t": 34, "b": 96},
        hovermode="closest",
    )
    figure.update_xaxes(zeroline=False, range=_span(evaluation))
    figure.update_yaxes(type="log", zeroline=False, dtick=1, exponentformat="power")
    return figure


def _span(evaluation: Evaluation) -> list[float]:
    first, last = evaluation.seconds(evaluation.rows[0].time_ns), evaluation.seconds(evaluation.rows[-1].time_ns)
    margin = max(0.01 * (last - first), 0.05)
    return [first - margin, last + margin]


def _kind(row: FrameResult) -> str:
    if row.outcome == "right":
        return "right unknown" if row.truth == UNKNOWN else "right known"
    return row.outcome


def _shown(row: FrameResult) -> str:
    return "?" if row.label is None else as_text(row.label)


def _said(row: FrameResult, class_names: tuple[str, ...]) -> str:
    nearest = as_text(class_names[row.nearest_index]) if row.nearest_index >= 0 else "?"
    return f"unknown (nearest {nearest})" if row.unknown else nearest


def _draw_thresholds(figure: go.Figure, evaluation: Evaluation) -> None:
    """One line for all classes; with a θ per class, the lowest and the highest."""
    low, high = min(evaluation.theta), max(evaluation.theta)
    values = [(low, "θ")] if low == high else [(low, "lowest θ"), (high, "highest θ")]
    for value, name in values:
        drawn = max(value, SMALLEST_SCORE)
        figure.add_hline(y=drawn, line={"color": DANGER_COLOUR, "width": 1.5, "dash": "dash"})
        figure.add_annotation(
            x=1, xref="paper", xanchor="right", y=math.log10(drawn), yref="y", yanchor="bottom", showarrow=False,
            text=f"{name} = {value:.3g}", font={"size": 12, "color": DANGER_COLOUR},
        )  # fmt: skip


def _draw_bands(figure: go.Figure, evaluation: Evaluation) -> None:
    """A band from the first to the last frame of each run of one label; its name on top where there is room."""
    runs = _runs(evaluation)
    if not runs:
        return
    width = max(runs[-1][1] - runs[0][0], 1e-9)
    for number, (start, end, label, known) in enumerate(runs):
        colour = (_KNOWN_BAND if known else _UNKNOWN_BAND).format(0.13 if number % 2 else 0.07)
        # The strip above the plot: the same in a stronger tone.
        strip = (_KNOWN_BAND if known else _UNKNOWN_BAND).format(0.55 if number % 2 else 0.4)
        for y0, y1, fill in ((0, 1, colour), (1, 1.07, strip)):
            figure.add_shape(
                type="rect", xref="x", yref="paper", x0=start, x1=end, y0=y0, y1=y1, fillcolor=fill, line={"width": 0},
                layer="below",
            )  # fmt: skip
        if len(runs) <= _MAX_NAMES and (end - start) / width * 150 > len(label) + 1:
            figure.add_annotation(
                x=(start + end) / 2, y=1.035, xref="x", yref="paper", text=as_text(label), showarrow=False,
                font={"size": 11}, yanchor="middle",
            )  # fmt: skip


def _runs(evaluation: Evaluation) -> list[tuple[float, float, str, bool]]:
    """(start s, end s, label, known) of each run of consecutive frames with one label."""
    times = np.array([evaluation.seconds(row.time_ns) for row in evaluation.rows])
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.1
    runs = []
    for label, group in groupby(evaluation.rows, key=lambda row: row.label):
        rows = list(group)
        if label is not None:
            start, end = evaluation.seconds(rows[0].time_ns), evaluation.seconds(rows[-1].time_ns)
            runs.append((start, end + step, label, rows[0].truth != UNKNOWN))
    return runs
