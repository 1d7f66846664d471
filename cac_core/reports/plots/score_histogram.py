# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The distribution of the rejection scores: how far known and unknown lie apart."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from cac_core.reports.plots.style import DANGER_COLOUR, KNOWN_COLOUR, SMALLEST_SCORE, UNKNOWN_COLOUR, style


def score_histogram_figure(
    scores: ArrayLike, unknown: ArrayLike, theta: float | None = None, bins: int = 60
) -> go.Figure:
    """Distribution of the smallest rejection score on a logarithmic axis, known against unknown, with θ.

    Each kind is drawn as shares of itself, so that different numbers of images compare.

    Args:
        scores: smallest rejection scores ``(M,)``; those that are not finite are left out.
        unknown: ``(M,)`` bool.
        theta: is drawn as a line.
        bins: number of bars.
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
                name=f"{name} ({int(chosen.sum()):,})",
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
            annotation_xshift=4,
        )
    style(figure, "smallest rejection score γ", "share of images")
    figure.update_layout(barmode="overlay", bargap=0)
    ticks = list(range(int(np.floor(edges[0])), int(np.ceil(edges[-1])) + 1))
    figure.update_xaxes(tickvals=ticks, ticktext=[f"10<sup>{t}</sup>".replace("-", "−") for t in ticks])
    figure.update_yaxes(tickformat=".0%")
    return figure
