# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A small page about one recording, made from its results alone: no plot library, tens of kilobytes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from cac_core.reports.page import render_page
from cac_ros.fleet.log import file_stem
from cac_ros.fleet.recordings import Answers, Recording, counts_of
from cac_ros.fleet.report.chosen import outcome

_WIDTH, _HEIGHT = 1000, 160  # of the timeline
_LOW, _HIGH = -2.0, 2.0  # decades of γ/θ that it shows


def page_name(recording: Recording) -> str:
    """Where the page of a recording lies, below the folder of the report."""
    return f"bags/{file_stem(recording.name)}.html"


def recording_page(recording: Recording, model: int, pictures: Mapping[tuple[str, int], str]) -> str:
    """The page as a complete HTML document."""
    answers = recording.answers[model]
    names = [*answers.about["classes"], "unknown"]
    frames = answers.frames
    worst = [
        {
            "picture": pictures.get((recording.name, frame), ""),
            "kind": outcome(answers, frame),
            "label": answers.labels[frames.label[frame]],
            "said": names[frames.said[frame]],
            "seconds": _seconds(answers, frame),
            "frame": frame,
            "count": count,
        }
        for frame, count in answers.worst
    ]
    return render_page(
        "recording.html.j2",
        [],
        __package__,
        recording=recording,
        answers=answers,
        counts=[counts_of(each.frames) for each in recording.answers],
        points=timeline(answers),
        width=_WIDTH,
        height=_HEIGHT,
        theta=_height(1.0),
        worst=worst,
        labels=_labels(answers),
    )


def timeline(answers: Answers) -> list[tuple[float, float, str]]:
    """Points of γ/θ over time for a drawing: x, y and the kind of answer. Of neighbours the largest ratio is drawn."""
    frames = answers.frames
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.nan_to_num(frames.score / frames.threshold, nan=np.inf)
    begin, end = int(frames.time_ns.min()), int(frames.time_ns.max())
    x = (frames.time_ns - begin) / max(end - begin, 1) * _WIDTH
    columns = np.floor(x / 2).astype(np.int64)
    order = np.lexsort((-ratio, columns))
    first = np.r_[True, np.diff(columns[order]) > 0] if len(order) else np.empty(0, bool)
    return [(float(x[i]), _height(float(ratio[i])), outcome(answers, int(i))) for i in order[first]]


def _height(ratio: float) -> float:
    exponent = math.log10(ratio) if ratio > 0 else _LOW
    share = (min(max(exponent, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW)
    return round(_HEIGHT * (1 - share), 1)


def _labels(answers: Answers) -> list[dict[str, Any]]:
    frames = answers.frames
    rows = []
    for number, name in enumerate(answers.labels):
        mine = frames.label == number
        if not mine.any():
            continue
        rows.append({"name": name, "frames": int(mine.sum()), "right": int((mine & frames.right).sum())})
    return rows


def _seconds(answers: Answers, frame: int) -> float:
    return (int(answers.frames.time_ns[frame]) - int(answers.about["start_ns"])) / 1e9
