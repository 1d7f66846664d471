# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The figures of a fleet as one document: metrics.json. The same results give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cac_ros.fleet.bootstrap import curve_intervals, share_intervals
from cac_ros.fleet.comparison import comparison
from cac_ros.fleet.recordings import Recording, added, counts_of, pooled_metrics
from cac_ros.fleet.run import Fleet

_SHARES = (
    ("right", "right", "scored"),
    ("known_kept", "known_kept", "known"),
    ("unknown_accepted", "unknown_accepted", "unknown"),
    ("rejected", "rejected", "frames"),
)


def model_figures(recordings: Sequence[Recording], model: int) -> dict[str, Any]:
    """Everything about one model over some recordings that it answered.

    The intervals are bootstraps over recordings; None where fewer than two recordings count.
    """
    frames = [recording.answers[model].frames for recording in recordings]
    counts = [counts_of(each) for each in frames]
    total = added(counts)
    return {
        "recordings": len(recordings),
        "counts": vars(total),
        "shares": {name: total.share(part, whole) for name, part, whole in _SHARES},
        "metrics": pooled_metrics(frames).to_dict(),
        "intervals": {**share_intervals(counts), **curve_intervals(frames)},
    }


def group_figures(recordings: Sequence[Recording], model: int, by: str) -> dict[str, dict[str, Any]]:
    """The shares of each robot or day, with intervals.

    Args:
        recordings: that the model answered.
        model: its number.
        by: "robot" or "day".
    """
    groups: dict[str, list[Recording]] = {}
    for recording in recordings:
        groups.setdefault(getattr(recording.tag, by), []).append(recording)
    table = {}
    for name, members in sorted(groups.items()):
        frames = [member.answers[model].frames for member in members]
        counts = [counts_of(each) for each in frames]
        total = added(counts)
        table[name] = {
            "recordings": len(members),
            "counts": vars(total),
            "shares": {share: total.share(part, whole) for share, part, whole in _SHARES},
            "intervals": share_intervals(counts),
            "score_over_threshold": quartiles([_ratios(member, model) for member in members]),
        }
    return table


def quartiles(parts: Sequence[np.ndarray]) -> list[float] | None:
    """The three quartiles of values in several parts; None without a finite value."""
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    return [float(value) for value in np.quantile(values, (0.25, 0.5, 0.75))] if len(values) else None


def fleet_figures(fleet: Fleet) -> dict[str, Any]:
    """The content of metrics.json."""
    answered = [recording for recording in fleet.recordings if recording.answers]
    return {
        "models": [
            {
                "id": name,
                "classes": list(classes),
                **model_figures(answered, number),
                "robots": group_figures(answered, number, "robot"),
                "days": group_figures(answered, number, "day"),
                "engines": sorted({"{engine} on {device}".format(**r.answers[number].about) for r in answered}),
            }
            for number, (name, classes) in enumerate(zip(fleet.models, fleet.classes, strict=True))
        ],
        "comparison": comparison(answered) if len(fleet.models) > 1 else None,
        "recordings": len(fleet.recordings),
        "failed": {recording.name: recording.problem for recording in fleet.recordings if recording.problem},
        "truncated": [r.name for r in answered if r.answers[0].about["truncated"]],
        "notes": list(fleet.notes),
    }


def _ratios(recording: Recording, model: int) -> np.ndarray:
    frames = recording.answers[model].frames
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(frames.score / frames.threshold)
