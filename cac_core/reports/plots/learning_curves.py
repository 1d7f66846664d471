# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The learning curves of a training."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from cac_core.reports.plots.style import KNOWN_COLOUR, UNKNOWN_COLOUR, style

_LINES = (
    ("train_loss", "training loss", KNOWN_COLOUR, "dot", "y"),
    ("val_loss", "validation loss", KNOWN_COLOUR, "solid", "y"),
    ("val_accuracy", "validation accuracy (right axis)", UNKNOWN_COLOUR, "solid", "y2"),
)


def learning_curves_figure(history: Sequence[Mapping[str, float]]) -> go.Figure:
    """Losses on the left axis, validation accuracy on the right one, over the epochs.

    Args:
        history: one record per epoch, with epoch, train_loss, val_loss and val_accuracy.
    """
    epochs = [row["epoch"] for row in history]
    figure = go.Figure()
    for key, name, colour, dash, axis in _LINES:
        line = {"color": colour, "dash": dash, "width": 2}
        mode = "lines+markers" if len(history) <= 30 else "lines"
        figure.add_scatter(x=epochs, y=[row[key] for row in history], name=name, mode=mode, line=line, yaxis=axis)
    style(figure, "epoch", "loss")
    accuracy = {
        "overlaying": "y", "side": "right", "range": [0, 1.02], "dtick": 0.2, "tickmode": "linear",
        "tickformat": ".0%", "showgrid": False, "zeroline": False,
    }  # fmt: skip
    figure.update_layout(yaxis={"rangemode": "tozero"}, yaxis2=accuracy, margin={"r": 60})
    return figure
