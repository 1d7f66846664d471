# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From an evaluation to one HTML file.

Every text from outside (class names, labels, topics, notes) is escaped: by jinja2 in the page, by `html.escape` in
figures, because plotly reads markup in its texts. Figures travel as JSON in script elements, where only "<" must not
appear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.resources import files

import numpy as np
import plotly.graph_objects as go
import plotly.io
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from cac_core.reports import plots
from cac_ros.bags.reader import Bag
from cac_ros.replay.report.timeline import timeline_figure
from cac_ros.replay.report.worst_errors import thumbnail, worst_errors
from cac_ros.replay.results import UNKNOWN, Evaluation, metrics_of


@dataclass(frozen=True)
class Figure:
    """A figure ready for the page: where it goes, what it says in words, its JSON and its height in pixels."""

    name: str
    alt: str
    json: Markup
    height: int


def build_report(evaluation: Evaluation, bag: Bag, title: str | None = None) -> str:
    """The report as a complete HTML document.

    Args:
        evaluation: what the replay found.
        bag: the bag, open; thumbnails are read from it.
        title: headline; the bag's name without it.
    """
    metrics, counts = metrics_of(evaluation.rows), evaluation.counts()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"share": _share, "number": _number, "ms": _ms, "thousands": "{:,}".format}
    template = environment.from_string(files(__package__).joinpath("report.html.j2").read_text(encoding="utf-8"))
    episodes = worst_errors(evaluation.rows)
    errors = counts["unknown_accepted"] + counts["wrong_class"] + counts["known_rejected"]
    last = evaluation.rows[-1].time_ns
    return template.render(
        title=title or evaluation.bag_name,
        evaluation=evaluation,
        metrics=metrics,
        counts=counts,
        live=evaluation.live,
        labels=evaluation.label_counts(),
        recorded=_day(evaluation.bag_start_ns),
        seconds=evaluation.seconds(last),
        errors=errors,
        episodes=[
            {"row": e.row, "frames": e.frames, "picture": thumbnail(bag, evaluation.topic, e.row),
             "seconds": evaluation.seconds(e.row.time_ns), "said": _said(evaluation, e.row.class_index),
             "nearest": _said(evaluation, e.row.nearest_index)}
            for e in episodes
        ],
        theta=_theta_lines(evaluation),
        figures={figure.name: figure for figure in _figures(evaluation)},
        plotly=Markup(get_plotlyjs()),
    )  # fmt: skip


def _figures(evaluation: Evaluation) -> list[Figure]:
    figures = [_figure("timeline", "Rejection score of every frame over time.", timeline_figure(evaluation))]
    scored = [row for row in evaluation.rows if row.scored]
    if not scored:
        return figures
    scores = np.array([row.rejection_score for row in scored], dtype=np.float64)
    truth = np.array([row.truth for row in scored], dtype=np.int64)
    said = np.array([row.class_index for row in scored], dtype=np.int64)
    unknown = truth == UNKNOWN
    theta = evaluation.theta[0] if len(set(evaluation.theta)) == 1 else None
    if unknown.any() and not unknown.all():
        figures.append(_figure("roc", "ROC curve of known against unknown.", plots.roc_figure(scores, unknown, theta)))
    if np.isfinite(scores).any():
        histogram = plots.gamma_histogram(scores, unknown, theta)
        figures.append(_figure("histogram", "Distribution of rejection scores of known and unknown.", histogram))
    confusion = plots.confusion_figure(said, truth, evaluation.class_names)
    _frame_dangerous(confusion, said[unknown])
    figures.append(_figure("confusion", "Confusion matrix with a column for unknown.", confusion))
    return figures


def _frame_dangerous(confusion: go.Figure, said_of_unknown: np.ndarray) -> None:
    """Frame the cells of the last row, truth unknown, that hold a known name."""
    row = len(confusion.data[0].y) - 1
    for column in np.unique(said_of_unknown[said_of_unknown != UNKNOWN]):
        confusion.add_shape(
            type="rect", x0=column - 0.47, x1=column + 0.47, y0=row - 0.45, y1=row + 0.45,
            line={"color": plots.DANGER_COLOUR, "width": 2},
        )  # fmt: skip


def _figure(name: str, alt: str, figure: go.Figure) -> Figure:
    figure.update_layout(template="none")
    text = plotly.io.to_json(figure, validate=False)
    # JSON without "<" cannot end the script element it stands in.
    return Figure(name, alt, Markup(text.replace("<", "\\u003c")), figure.layout.height)


def _theta_lines(evaluation: Evaluation) -> list[tuple[str, str]]:
    if min(evaluation.theta) == max(evaluation.theta):
        return [("all classes", f"{evaluation.theta[0]:.4g}")]
    return [(name, f"{theta:.4g}") for name, theta in zip(evaluation.class_names, evaluation.theta, strict=True)]


def _said(evaluation: Evaluation, index: int) -> str:
    return "unknown" if index == UNKNOWN else evaluation.class_names[index]


def _day(time_ns: int) -> str:
    if time_ns < 10**17:  # a clock that never saw the date: simulation, or seconds since boot
        return "clock without a date"
    return datetime.fromtimestamp(time_ns // 10**9, tz=timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _ms(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f} ms"
