# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The confusion matrix, with a row and a column for *unknown*."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from cac_core.inference_equations import UNKNOWN
from cac_core.reports.plots.style import DANGER_COLOUR, KNOWN_COLOUR, LONGEST_LABEL, as_text, style

MOST_NUMBERS = 25
"""Classes up to which each cell shows its count; with more of them the numbers would not fit."""

TALLEST_MATRIX = 760
"""Pixels that the rows share, as long as each one keeps `LEAST_CELL`."""

LEAST_CELL = 15
LARGEST_CELL = 40


def confusion_matrix_figure(decisions: ArrayLike, labels: ArrayLike, class_names: Sequence[str]) -> go.Figure:
    """Confusion matrix of decisions with an *unknown* row and column; -1 = unknown in both arguments.

    A row adds up to 100 %. The row *unknown* outside its own column is the dangerous error, a wrong known: its cells
    are framed in red. Rows without an image are left out.

    Args:
        decisions: class or -1 ``(M,)``.
        labels: true class or -1 ``(M,)``.
        class_names: of the N classes.
    """
    counts = _counts(np.asarray(decisions), np.asarray(labels), len(class_names))
    n = len(class_names)
    rows = [i for i in range(n + 1) if counts[i].sum()]
    shares = counts[rows] / counts[rows].sum(axis=1, keepdims=True)
    whole = [*(as_text(name) for name in class_names), "unknown"]
    short = [*(as_text(name, LONGEST_LABEL) for name in class_names), "unknown"]
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
            texttemplate="%{text}" if n <= MOST_NUMBERS else None,
            customdata=[[f"{whole[r]} → {column}" for column in whole] for r in rows],
            hovertemplate="%{customdata}<br>%{text} images, %{z:.1%} of the row<extra></extra>",
            xgap=2,
            ygap=2,
        )
    )
    cell = min(LARGEST_CELL, max(LEAST_CELL, TALLEST_MATRIX // max(1, len(rows))))
    style(figure, "decision", "truth", height=150 + cell * len(rows))
    axis = {"showgrid": False, "zeroline": False, "automargin": True, "tickfont": {"size": 12 if cell > 18 else 11}}
    upright = {"autotickangles": [0, 90]} if n <= MOST_NUMBERS else {"tickangle": 90}
    figure.update_xaxes(tickvals=list(range(n + 1)), ticktext=short, **upright, **axis)
    # The labels below are far from the first rows of a tall matrix, and give way where there is little room.
    figure.add_annotation(
        x=n + 0.5, y=1, xref="x", yref="paper", xanchor="right", yanchor="bottom", text="unknown", showarrow=False,
        font={"size": 12},
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[short[r] for r in rows], autorange="reversed", **axis
    )
    if rows and rows[-1] == n:
        _frame_wrong_knowns(figure, np.flatnonzero(counts[n, :n]), len(rows) - 1)
    return figure


def least_width(class_names: Sequence[str]) -> int:
    """Pixels that the matrix needs to be legible; on a narrower screen the reader scrolls it sideways."""
    return 150 + (28 if len(class_names) <= MOST_NUMBERS else LEAST_CELL) * (len(class_names) + 1)


def _counts(decisions: NDArray[np.int64], labels: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Images by true class and decision ``(N + 1, N + 1)``; *unknown* comes last."""
    counts = np.zeros((n + 1, n + 1), dtype=np.int64)
    np.add.at(counts, (np.where(labels == UNKNOWN, n, labels), np.where(decisions == UNKNOWN, n, decisions)), 1)
    return counts


def _frame_wrong_knowns(figure: go.Figure, columns: NDArray[np.int64], row: int) -> None:
    for column in columns.tolist():
        figure.add_shape(
            type="rect", x0=column - 0.47, x1=column + 0.47, y0=row - 0.45, y1=row + 0.45,
            line={"color": DANGER_COLOUR, "width": 2},
        )  # fmt: skip
