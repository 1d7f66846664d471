# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page about a replay: the report."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import numpy as np

from cac_core.reports.page import Plot, plot, render_page, theta_lines
from cac_core.reports.plots.confusion_matrix import confusion_matrix_figure, least_width
from cac_core.reports.plots.roc_curve import roc_curve_figure
from cac_core.reports.plots.score_histogram import score_histogram_figure
from cac_ros.bags.reader import Bag
from cac_ros.replay.report.score_timeline import score_timeline_figure
from cac_ros.replay.report.worst_errors import picture_of, worst_errors
from cac_ros.replay.results import UNKNOWN, Evaluation


def replay_page(evaluation: Evaluation, bag: Bag, title: str | None = None) -> str:
    """The page as a complete HTML document.

    Args:
        evaluation: what the replay found.
        bag: the bag, open; thumbnails are read from it.
        title: headline; the bag's name without it.
    """
    counts = evaluation.counts()
    return render_page(
        "replay.html.j2",
        _plots(evaluation),
        __package__,
        title=title or evaluation.bag_name,
        evaluation=evaluation,
        metrics=evaluation.metrics,
        counts=counts,
        live=evaluation.live,
        labels=evaluation.label_counts(),
        recorded=_day(evaluation.bag_start_ns),
        seconds=evaluation.seconds(evaluation.rows[-1].time_ns),
        errors=counts["unknown_accepted"] + counts["wrong_class"] + counts["known_rejected"],
        episodes=_episodes(evaluation, bag),
        theta=theta_lines(evaluation.class_names, evaluation.theta),
    )


def _episodes(evaluation: Evaluation, bag: Bag) -> list[dict[str, Any]]:
    return [
        {
            "row": episode.row,
            "frames": episode.frames,
            "picture": picture_of(bag, evaluation.topic, episode.row, depth_range=evaluation.depth_range),
            "seconds": evaluation.seconds(episode.row.time_ns),
            "said": _said(evaluation, episode.row.class_index),
            "nearest": _said(evaluation, episode.row.nearest_index),
        }
        for episode in worst_errors(evaluation.rows)
    ]


def _plots(evaluation: Evaluation) -> list[Plot]:
    plots = [plot("timeline", "Rejection score of every frame over time.", score_timeline_figure(evaluation), 560)]
    scored = [row for row in evaluation.rows if row.scored]
    if not scored:
        return plots
    scores = np.array([row.rejection_score for row in scored], dtype=np.float64)
    truth = np.array([row.truth for row in scored], dtype=np.int64)
    said = np.array([row.class_index for row in scored], dtype=np.int64)
    unknown = truth == UNKNOWN
    theta = evaluation.theta[0] if len(set(evaluation.theta)) == 1 else None
    if unknown.any() and not unknown.all():
        plots.append(plot("roc", "ROC curve of known against unknown.", roc_curve_figure(scores, unknown, theta)))
    if np.isfinite(scores).any():
        histogram = score_histogram_figure(scores, unknown, theta)
        plots.append(plot("histogram", "Distribution of rejection scores of known and unknown.", histogram))
    names = evaluation.class_names
    matrix = confusion_matrix_figure(said, truth, names)
    plots.append(plot("confusion", "Confusion matrix with a column for unknown.", matrix, least_width(names)))
    return plots


def _said(evaluation: Evaluation, index: int) -> str:
    return "unknown" if index == UNKNOWN else evaluation.class_names[index]


def _day(time_ns: int) -> str:
    if time_ns < 10**17:  # a clock that never saw the date: simulation, or seconds since boot
        return "clock without a date"
    return datetime.fromtimestamp(time_ns // 10**9, tz=timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
