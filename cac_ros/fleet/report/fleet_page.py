# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page about a fleet. Its size does not grow with the number of recordings: it shows summaries and the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cac_core.reports.page import plot, render_page
from cac_ros.fleet.recordings import Recording
from cac_ros.fleet.report.chosen import (
    MOST_RECORDINGS,
    WrongFrame,
    most_changed,
    outcome,
    worst_frames,
    worst_recordings,
)
from cac_ros.fleet.report.drift_plot import rejected_figure, score_figure
from cac_ros.fleet.report.recording_page import page_name
from cac_ros.fleet.run import Fleet

MOST_GROUPS = 60
"""Robots or days in a table; metrics.json has all."""


def shown_recordings(fleet: Fleet) -> list[Recording]:
    """Recordings that the page links to, each once."""
    answered, model = _answered(fleet), len(fleet.models) - 1
    chosen = [row.recording for row in worst_recordings(answered, model)]
    chosen += [row.recording for row in worst_frames(answered, model)]
    chosen += [recording for recording, _ in most_changed(answered)] if model else []
    return list({recording.name: recording for recording in chosen}.values())


def fleet_page(fleet: Fleet, figures: Mapping[str, Any], pictures: Mapping[tuple[str, int], str]) -> str:
    """The page as a complete HTML document.

    Args:
        fleet: everything that was found.
        figures: the content of metrics.json.
        pictures: data URI of each picture by the name of its recording and its frame.
    """
    answered, model = _answered(fleet), len(fleet.models) - 1
    models: Sequence[Mapping[str, Any]] = figures["models"]
    newest = models[model]
    plots = [
        plot(
            "rejected",
            "Share of frames rejected on each day.",
            rejected_figure([m["days"] for m in models], fleet.models),
        ),
        plot("scores", "Rejection score in thresholds on each day.", score_figure(newest["days"])),
    ]
    failed = [recording for recording in fleet.recordings if recording.problem]
    return render_page(
        "fleet.html.j2",
        plots,
        __package__,
        fleet=fleet,
        figures=figures,
        models=models,
        newest=newest,
        comparison=figures["comparison"],
        robots=_groups(newest["robots"]),
        days=_groups(newest["days"]),
        worst=worst_recordings(answered, model),
        frames=[_frame(row, model, pictures) for row in worst_frames(answered, model)],
        changed=most_changed(answered) if model else [],
        failed=failed[:MOST_RECORDINGS],
        failures=len(failed),
        page_name=page_name,
    )


def _answered(fleet: Fleet) -> list[Recording]:
    return [recording for recording in fleet.recordings if recording.answers]


def _groups(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(table.items())[-MOST_GROUPS:] if len(table) > 1 or "" not in table else []


def _frame(row: WrongFrame, model: int, pictures: Mapping[tuple[str, int], str]) -> dict[str, Any]:
    answers = row.recording.answers[model]
    frames, names = answers.frames, [*answers.about["classes"], "unknown"]
    return {
        "recording": row.recording,
        "frame": row.frame,
        "count": row.count,
        "picture": pictures.get((row.recording.name, row.frame), ""),
        "kind": outcome(answers, row.frame),
        "label": answers.labels[frames.label[row.frame]],
        "said": names[frames.said[row.frame]],
        "score": float(frames.score[row.frame]),
        "threshold": float(frames.threshold[row.frame]),
    }
