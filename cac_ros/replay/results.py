# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a replay found: one row per frame, and the numbers that follow from the rows."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from cac_core.metrics import OpenSetMetrics, open_set_metrics
from cac_core.predictor import Decision, Reason
from cac_core.support.csv_cells import harmless
from cac_core.support.names import by_form, same_form
from cac_ros.replay.labels import Labels
from cac_ros.replay.live_figures import LiveFigures, finite

UNKNOWN = -1
NO_ANSWER = "NO_ANSWER"
"""Reason of a frame of a live replay that was lost on its way or replaced by a newer one before its turn."""

COLUMNS = (
    "frame", "time_s", "recorded_ns", "stamp_ns", "label", "true_class", "prediction", "nearest", "rejection_score",
    "threshold", "unknown", "reason", "latency_ms", "outcome",
)  # fmt: skip


@dataclass(frozen=True)
class FrameResult:
    """One frame of the bag and what the classifier said of it.

    Attributes:
        index: its position among the frames of the topic, from 0.
        time_ns: when it was recorded.
        stamp_ns: the stamp of its header; 0 when the message could not be read.
        unknown, class_index, nearest_index, rejection_score, threshold: see `cac_core.predictor.Decision`.
        reason: name of a `cac_core.predictor.Reason`, or `NO_ANSWER`.
        latency_ms: from publishing the frame to receiving the answer; None offline.
        label: what it shows according to the labels, None where they say nothing.
        truth: index of the label's class, -1 when no known class has that name, None without label.
    """

    index: int
    time_ns: int
    stamp_ns: int
    unknown: bool
    class_index: int
    nearest_index: int
    rejection_score: float
    threshold: float
    reason: str
    latency_ms: float | None = None
    label: str | None = None
    truth: int | None = None

    @property
    def answered(self) -> bool:
        """Whether the classifier said anything."""
        return self.reason != NO_ANSWER

    @property
    def scored(self) -> bool:
        """Whether the frame counts in the metrics: labelled and answered."""
        return self.answered and self.truth is not None

    @property
    def outcome(self) -> str:
        """How the answer compares with the label; empty for a frame that is not scored.

        "right", or one of the three errors: "unknown accepted" (the dangerous one: a thing never learnt is given a
        known name), "wrong class" and "known rejected".
        """
        if not self.scored:
            return ""
        if self.unknown:
            return "right" if self.truth == UNKNOWN else "known rejected"
        if self.truth == UNKNOWN:
            return "unknown accepted"
        return "right" if self.class_index == self.truth else "wrong class"


def from_decision(index: int, time_ns: int, stamp_ns: int, decision: Decision) -> FrameResult:
    """A row from the predictor's decision."""
    return FrameResult(
        index=index,
        time_ns=time_ns,
        stamp_ns=stamp_ns,
        unknown=decision.unknown,
        class_index=decision.class_index,
        nearest_index=decision.nearest_index,
        rejection_score=decision.rejection_score,
        threshold=decision.threshold,
        reason=decision.reason.name,
    )


def no_answer(index: int, time_ns: int, stamp_ns: int) -> FrameResult:
    """A row for a frame nobody answered. It counts as unknown, never as a known class."""
    return FrameResult(index, time_ns, stamp_ns, True, UNKNOWN, UNKNOWN, math.inf, math.nan, NO_ANSWER)


def with_labels(rows: Sequence[FrameResult], labels: Labels | None, class_names: Sequence[str]) -> list[FrameResult]:
    """The rows with `label` and `truth` filled in by their times of recording.

    Labels and class names are compared in one form. A known label is shown as the model spells it.
    """
    if labels is None:
        return list(rows)
    spelt = {form: (class_names[i], i) for form, i in by_form(class_names).items()}
    found = [(row, labels.at(row.time_ns)) for row in rows]
    named = [(row, None if label is None else spelt.get(same_form(label), (label, UNKNOWN))) for row, label in found]
    return [row if truth is None else replace(row, label=truth[0], truth=truth[1]) for row, truth in named]


def metrics_of(rows: Sequence[FrameResult]) -> OpenSetMetrics:
    """Open-set metrics of the rows that are scored."""
    scored = [row for row in rows if row.scored]
    return open_set_metrics(
        scores=np.array([row.rejection_score for row in scored], dtype=np.float64),
        nearest=np.array([row.nearest_index for row in scored], dtype=np.int64),
        rejected=np.array([row.unknown for row in scored], dtype=bool),
        labels=np.array([row.truth for row in scored], dtype=np.int64),
    )


@dataclass(frozen=True)
class Evaluation:
    """Everything one replay found; the report and metrics.json are made from it."""

    bag_name: str
    topic: str
    bag_start_ns: int
    mode: str
    rows: list[FrameResult]
    class_names: tuple[str, ...]
    theta: tuple[float, ...]
    known_kept: float
    per_class: bool
    fixed_threshold: bool
    model: dict[str, Any]
    truncated: bool
    labels: Labels | None = None
    notes: tuple[str, ...] = ()
    live: LiveFigures | None = None
    depth_range: tuple[float, float] | None = None

    @cached_property
    def metrics(self) -> OpenSetMetrics:
        """Open-set metrics of the frames that are scored, computed once."""
        return metrics_of(self.rows)

    def seconds(self, time_ns: int) -> float:
        """Seconds after the first message of the bag."""
        return (time_ns - self.bag_start_ns) / 1e9

    def counts(self) -> dict[str, int]:
        """How many frames there are of which kind."""
        outcomes = Counter(row.outcome for row in self.rows if row.scored)
        return {
            "total": len(self.rows),
            "answered": sum(row.answered for row in self.rows),
            "labelled": sum(row.truth is not None for row in self.rows),
            "not_labelled": sum(row.truth is None for row in self.rows),
            "scored": sum(row.scored for row in self.rows),
            "right": outcomes["right"],
            "unknown_accepted": outcomes["unknown accepted"],
            "wrong_class": outcomes["wrong class"],
            "known_rejected": outcomes["known rejected"],
        }

    def reasons(self) -> dict[str, int]:
        """How many frames there are of each reason that occurs: those of the message in its order, then `NO_ANSWER`."""
        found = Counter(row.reason for row in self.rows)
        return {name: found[name] for name in (*Reason.__members__, NO_ANSWER) if found[name]}

    def label_counts(self) -> dict[str, dict[str, Any]]:
        """For each label: its frames, how many were scored, and how many of those were answered right."""
        table: dict[str, dict[str, Any]] = {}
        for row in self.rows:
            if row.label is None:
                continue
            entry = table.setdefault(row.label, {"known": row.truth != UNKNOWN, "frames": 0, "scored": 0, "right": 0})
            entry["frames"] += 1
            entry["scored"] += row.scored
            entry["right"] += row.outcome == "right"
        return dict(sorted(table.items(), key=lambda item: (not item[1]["known"], item[0])))

    def to_dict(self) -> dict[str, Any]:
        """The content of metrics.json. Offline it depends on the bag, the model, the labels and the settings only."""
        last = self.rows[-1].time_ns if self.rows else self.bag_start_ns
        result: dict[str, Any] = {
            "mode": self.mode,
            "bag": {
                "name": self.bag_name,
                "topic": self.topic,
                "seconds": round(self.seconds(last), 6),
                "truncated": self.truncated,
            },
            "model": self.model,
            "threshold": {
                "known_kept": None if self.fixed_threshold else self.known_kept,
                "per_class": self.per_class,
                "theta": {n: finite(t) for n, t in zip(self.class_names, self.theta, strict=True)},
            },
            "frames": self.counts(),
            "reasons": self.reasons(),
            "labels": self.label_counts(),
            "metrics": self.metrics.to_dict(),
            "intervals": self.metrics.intervals_to_dict(),
            "notes": list(self.notes),
        }
        if self.live is not None:
            result["live"] = self.live.to_dict()
        return result

    def to_csv(self) -> str:
        """The content of frames.csv: a header, then a line per frame."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        names = (*self.class_names, "")  # index -1 is the empty name
        for row in self.rows:
            truth = "" if row.truth is None else "unknown" if row.truth == UNKNOWN else names[row.truth]
            writer.writerow(harmless([
                row.index, f"{self.seconds(row.time_ns):.6f}", row.time_ns, row.stamp_ns, row.label or "", truth,
                ("unknown" if row.unknown else names[row.class_index]) if row.answered else "",
                names[row.nearest_index], _number(row.rejection_score), _number(row.threshold),
                str(row.unknown).lower() if row.answered else "", row.reason,
                "" if row.latency_ms is None else f"{row.latency_ms:.3f}", row.outcome,
            ]))  # fmt: skip
        return text.getvalue()


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.7g}"
