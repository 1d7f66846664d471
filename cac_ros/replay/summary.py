# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The figures of a replay as a table on the terminal."""

from __future__ import annotations

from pathlib import Path

from cac_core.predictor import Reason
from cac_core.reports.metric_rows import metric_text
from cac_core.support import console
from cac_ros.replay.results import Evaluation

_JUDGED = (Reason.OK.name, Reason.ABOVE_THRESHOLD.name)


def summary(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Lines for a table: what was measured, and the figure; shares with their 95 % intervals.

    Frames of one recording resemble each other, so the true intervals are wider.
    """
    metrics, counts = evaluation.metrics, evaluation.counts()
    number = console.number
    lines = [
        ("frames", f"{counts['total']:,} ({counts['scored']:,} scored)"),
        ("AUROC, known against unknown", metric_text(metrics, "auroc")),
        ("accuracy on known", metric_text(metrics, "accuracy")),
        ("CCR at 5 % FPR", metric_text(metrics, "ccr_at_fpr_5")),
        ("CCR at 10 % FPR", metric_text(metrics, "ccr_at_fpr_10")),
        ("known kept at θ", metric_text(metrics, "known_kept")),
        ("unknown rejected at θ", metric_text(metrics, "unknown_rejected")),
        ("unknown accepted as known", f"{counts['unknown_accepted']:,}"),
    ]
    lines += [
        (f"not judged: {name}", f"{count:,}") for name, count in evaluation.reasons().items() if name not in _JUDGED
    ]
    if evaluation.live is not None:
        live = evaluation.live
        lines += [
            ("latency p50", f"{number(live.latency_p50, 1)} ms"),
            ("latency p95", f"{number(live.latency_p95, 1)} ms"),
            ("latency p99", f"{number(live.latency_p99, 1)} ms"),
            ("sent = received + lost", f"{live.sent} = {live.received} + {live.lost}"),
            (
                "received = classified + replaced + failed",
                f"{live.received} = {live.classified} + {live.replaced} + {live.failed}",
            ),
        ]
    return lines


def print_summary(evaluation: Evaluation, out: Path, title: str) -> None:
    """Print the table, the notes and the path of the report."""
    console.out.print(console.table(title, ("measured", "value"), summary(evaluation)))
    for note in evaluation.notes:
        console.err.print(f"note: {note}", highlight=False)
    console.out.print(str(out / "report.html"), highlight=False)
