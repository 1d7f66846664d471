# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a fleet's evaluation writes, and what it says on the terminal."""

from __future__ import annotations

import json
from typing import Any

from cac_core.support import console
from cac_core.support.names import one_line
from cac_ros.fleet.figures import fleet_figures
from cac_ros.fleet.run import Fleet
from cac_ros.fleet.store import Store
from cac_ros.fleet.table import bags_csv

_MOST_FAILED = 10  # that the terminal lists


def write_output(fleet: Fleet, store: Store) -> dict[str, Any]:
    """Write the tables and the report; returns the figures."""
    figures = fleet_figures(fleet)
    store.write("bags.csv", bags_csv(fleet).encode("utf-8", "backslashreplace"))
    text = json.dumps(figures, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    store.write("metrics.json", text.encode("utf-8", "backslashreplace"))
    return figures


def print_summary(fleet: Fleet, figures: dict[str, Any], store: Store) -> None:
    """Print the figures, the notes, what failed, and where the report is."""
    models = figures["models"]
    rows = [
        ("recordings", *(f"{model['recordings']:,}" for model in models)),
        ("frames", *("{frames:,} ({scored:,} scored)".format(**model["counts"]) for model in models)),
    ]
    for what, section, name in (
        ("AUROC, known against unknown", "metrics", "auroc"),
        ("right answers", "shares", "right"),
        ("known kept at θ", "shares", "known_kept"),
        ("unknown accepted as known", "shares", "unknown_accepted"),
        ("frames rejected", "shares", "rejected"),
    ):
        rows.append((what, *(_with_interval(model[section][name], model["intervals"][name]) for model in models)))
    console.out.print(console.table("fleet", ("measured (95 % interval over recordings)", *fleet.models), rows))
    for note in fleet.notes:
        console.err.print(f"note: {one_line(note)}", highlight=False)
    failed = [recording for recording in fleet.recordings if recording.problem]
    for recording in failed[:_MOST_FAILED]:
        console.warn(f"{recording.name}: {recording.problem}")
    if len(failed) > _MOST_FAILED:
        console.warn(f"{len(failed) - _MOST_FAILED} more recordings failed; bags.csv lists them.")
    console.out.print(f"{fleet.computed:,} results computed; report: {store.place}/report.html", highlight=False)


def _with_interval(value: float | None, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return console.number(value)
    return f"{console.number(value)} ({console.number(interval[0])} to {console.number(interval[1])})"
