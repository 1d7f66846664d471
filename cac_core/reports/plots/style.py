# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What all plots share: colours, grid, fonts. Legible on light and dark pages."""

import colorsys
import html

import plotly.graph_objects as go

KNOWN_COLOUR = "#3f7fbf"
UNKNOWN_COLOUR = "#d9812c"
DANGER_COLOUR = "#c8382e"
INK = "#808890"
"""Text and axes: a grey that can be read on white and on near-black."""

CLASS_COLOURS = (
    "#3f7fbf", "#d9812c", "#4c9f70", "#c8382e", "#8f6bb3", "#8c6d4f", "#d678b4", "#7f8c8d", "#b5a12b", "#2fa6b3",
)  # fmt: skip
"""Of the first classes: they are easy to tell apart."""
_GOLDEN_SECTION = 0.6180339887498949  # steps of it round the colour circle never meet

SMALLEST_SCORE = 1e-6
"""Rejection scores below this are drawn at it: γ spans many decades and a logarithm has no zero."""

LONGEST_LABEL = 24
"""Characters of a class name at an axis or in a legend; the hover text says the whole name."""


def style(figure: go.Figure, x_title: str, y_title: str, height: int = 360) -> go.Figure:
    """Give a figure the house style.

    Args:
        figure: is changed in place.
        x_title: of the horizontal axis, with its unit.
        y_title: of the vertical axis, with its unit.
        height: in pixels.

    Returns:
        The same figure.
    """
    figure.update_layout(
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        margin={"l": 60, "r": 16, "t": 24, "b": 52},
        height=height,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        xaxis_title=x_title,
        yaxis_title=y_title,
    )
    axis = {"title_font_size": 13, "title_standoff": 10, "tickfont_size": 12}
    grid = {"gridcolor": "rgba(128,136,144,0.22)", "zerolinecolor": "rgba(128,136,144,0.4)", "linecolor": INK}
    figure.update_xaxes(**axis, **grid)
    figure.update_yaxes(**axis, **grid)
    return figure


def class_colour(index: int) -> str:
    """The colour of a class; no two of the first thousand are alike, so no class is taken for another one."""
    if index < len(CLASS_COLOURS):
        return CLASS_COLOURS[index]
    lightness, saturation = (0.42, 0.6, 0.5)[index % 3], (0.75, 0.45)[index // 3 % 2]
    channels = colorsys.hls_to_rgb(index * _GOLDEN_SECTION % 1, lightness, saturation)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)


def as_text(name: str, longest: int | None = None) -> str:
    """A name from outside for a plotly text: plotly reads a small set of HTML there, a name is text and nothing else.

    Args:
        name: a class name, a label or a file name.
        longest: cut a longer name after so many characters.
    """
    cut = name if longest is None or len(name) <= longest else name[: longest - 1] + "…"
    return html.escape(cut, quote=False)
