# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROC curve: every threshold at once."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from cac_core import metrics
from cac_core.intervals import area_interval
from cac_core.reports.plots.style import DANGER_COLOUR, INK, KNOWN_COLOUR, style


def roc_curve_figure(scores: ArrayLike, unknown: ArrayLike, theta: float | None = None) -> go.Figure:
    """ROC curve as the paper draws it: share of known kept over share of unknown kept.

    Args:
        scores: ``(M,)``, high = unknown; +inf allowed.
        unknown: ``(M,)`` bool.
        theta: marks the operating point of this threshold.
    """
    s, u = np.asarray(scores, dtype=np.float64), np.asarray(unknown, dtype=bool)
    figure = go.Figure()
    if u.any() and not u.all():
        fpr, tpr = metrics.roc_curve(s, u)
        line = {"color": KNOWN_COLOUR, "width": 2.5}
        area = metrics.auroc(s, u)
        low, high = area_interval(area, int((~u).sum()), int(u.sum()))
        name = f"AUROC {area:.3f} ({low:.3f} to {high:.3f})"
        figure.add_scatter(x=fpr, y=tpr, mode="lines", line=line, name=name)
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
    line = {"color": INK, "dash": "dot", "width": 1}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, name="chance", hoverinfo="skip")
    style(figure, "share of unknown wrongly kept", "share of known kept")
    figure.update_xaxes(range=[-0.01, 1.01])
    figure.update_yaxes(range=[-0.01, 1.02])
    return figure
