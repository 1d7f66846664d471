# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From plots and a template to one HTML file that needs no other file and no network.

Every page extends `templates/base.html.j2`: one style sheet, one way to draw. Every text from outside (class names,
labels, file names, notes) is escaped: by jinja2 in the page, by `plots.style.as_text` in plots. Plots travel as JSON in
script elements, where only "<" must not appear. The page holds plotly once, and colours the plots light or dark.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import plotly.io
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from cac_core.intervals import Interval, share_interval

_ROOM = "cac_core.reports"


@dataclass(frozen=True)
class Plot:
    """A plotly figure ready for a page.

    Attributes:
        name: its place in the template.
        alt: what it shows, in words.
        json: the figure.
        height: in pixels.
        least_width: in pixels; on a narrower screen the reader scrolls it sideways.
    """

    name: str
    alt: str
    json: Markup
    height: int
    least_width: int = 0


def plot(name: str, alt: str, figure: go.Figure, least_width: int = 0) -> Plot:
    """Make a figure ready for a page; see `Plot`."""
    figure.update_layout(template="none")
    text = plotly.io.to_json(figure, validate=False)
    # JSON without "<" cannot end the script element it stands in.
    return Plot(name, alt, Markup(text.replace("<", "\\u003c")), figure.layout.height, least_width)


def render_page(template: str, plots: Sequence[Plot], package: str = _ROOM, **values: object) -> str:
    """A complete HTML document.

    Args:
        template: name of a file that extends `base.html.j2`.
        plots: the template finds them by their names.
        package: whose folder `templates` holds the template.
        values: what the template speaks of.
    """
    loader = ChoiceLoader([PackageLoader(name) for name in dict.fromkeys((package, _ROOM))])
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "share": _share,
        "number": _number,
        "ms": _ms,
        "ends": _ends,
        "interval": _interval,
        "interval_of": _interval_of,
        "thousands": "{:,}".format,
    }
    named = {plot.name: plot for plot in plots}
    return environment.get_template(template).render(plots=named, plotly=Markup(get_plotlyjs()), **values)


def theta_lines(class_names: Sequence[str], theta: Sequence[float]) -> list[tuple[str, str]]:
    """What to say of the thresholds ``(N,)``: one line where they are all equal, otherwise one per class."""
    if min(theta) == max(theta):
        return [("all classes", f"{theta[0]:.4g}")]
    return [(name, f"{limit:.4g}") for name, limit in zip(class_names, theta, strict=True)]


def _interval(ends: Interval) -> str:
    """The 95 % interval of a share in per cent; empty where there is none."""
    return "" if math.isnan(ends[0]) else f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f} %"


def _ends(ends: Interval) -> str:
    """The same as numbers."""
    return "" if math.isnan(ends[0]) else f"{ends[0]:.3f} to {ends[1]:.3f}"


def _interval_of(share: float | None, images: int) -> str:
    """The 95 % interval of a share of so many images in per cent; empty where there is none."""
    return "" if share is None else _interval(share_interval(share, images))


def _share(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def _ms(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f} ms"
