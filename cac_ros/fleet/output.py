# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a fleet's evaluation writes, and what it says on the terminal."""

from __future__ import annotations

import json
from typing import Any

from cac_core.support import console
from cac_core.support.devices import is_installed
from cac_core.support.names import one_line
from cac_ros.fleet.bag_result import BagResult
from cac_ros.fleet.figures import fleet_figures
from cac_ros.fleet.frame_table import frames_parquet
from cac_ros.fleet.run import Fleet
from cac_ros.fleet.store import Store, result_name
from cac_ros.fleet.table import bags_csv

_MOST_FAILED = 10  # that the terminal lists


def write_output(fleet: Fleet, store: Store) -> dict[str, Any]:
    """Write the tables and the report; returns the figures."""
    with console.activity("writing the report"):
        return _write(fleet, store)


def _write(fleet: Fleet, store: Store) -> dict[str, Any]:
    figures = fleet_figures(fleet)
    store.write("bags.csv", bags_csv(fleet).encode("utf-8", "backslashreplace"))
    text = json.dumps(figures, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    store.write("metrics.json", text.encode("utf-8", "backslashreplace"))
    if is_installed("pyarrow"):
        store.write("frames.parquet", frames_parquet(fleet))
    _write_pages(fleet, figures, store)
    return figures


def _write_pages(fleet: Fleet, figures: dict[str, Any], store: Store) -> None:
    """The report, after the pages that it links to."""
    from cac_ros.fleet.report.fleet_page import fleet_page, shown_recordings  # plotly takes a second to import
    from cac_ros.fleet.report.recording_page import page_name, recording_page

    model = len(fleet.models) - 1
    pictures: dict[tuple[str, int], str] = {}
    for recording in shown_recordings(fleet):
        result = BagResult.from_bytes(store.read(result_name(recording.answers[model].key)))
        pictures |= {(recording.name, worst.frame): worst.picture for worst in result.worst}
        store.write(
            page_name(recording), recording_page(recording, model, pictures).encode("utf-8", "backslashreplace")
        )
    store.write("report.html", fleet_page(fleet, figures, pictures).encode("utf-8", "backslashreplace"))


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
    if comparison := figures["comparison"]:
        console.out.print(f"May the new model ship? {comparison['may_ship']}. {comparison['why']}", highlight=False)
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
