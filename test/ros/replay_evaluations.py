# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small evaluations of replays, for tests of the report."""

from dataclasses import replace
from typing import Any

from cac_ros.replay.labels import Interval, Labels
from cac_ros.replay.results import Evaluation, FrameResult, no_answer
from test.ros.recordings import TOPIC, time_of

NASTY = '<script>alert("1")</script> & größer 物'
NAMES = ("cup", NASTY)


def row(index: int, truth: int | None, said: int, score: float, label: str | None = None) -> FrameResult:
    """A frame of a true class or -1, and what was said of it."""
    nearest = max(said, 0)
    reason = "ABOVE_THRESHOLD" if said < 0 else "OK"
    time = time_of(index)
    return FrameResult(index, time, time, said < 0, said, nearest, score, 1.0, reason, None, label, truth)


def evaluation(rows: list[FrameResult], **changes: Any) -> Evaluation:
    """An evaluation of these frames; every text from outside is hostile."""
    intervals = [Interval(time_of(0), time_of(len(rows)), NASTY, "line 2")]
    base = Evaluation(
        bag_name="bag", topic=TOPIC, bag_start_ns=time_of(0), mode="offline", rows=rows, class_names=NAMES,
        theta=(1.0, 1.0), known_kept=0.95, per_class=False, fixed_threshold=False,
        model={"id": "m@123456789abc", "engine": "torch", "device": "cpu", "precision": "float32"}, truncated=False,
        labels=Labels(intervals, NASTY), notes=(NASTY,),
    )  # fmt: skip
    return replace(base, **changes)


def mixed_rows() -> list[FrameResult]:
    """Every kind of right and wrong answer once, a frame without a label and one without an answer."""
    return [
        row(0, 0, 0, 0.1, "cup"),
        row(1, 1, 1, 0.2, NASTY),
        row(2, 0, -1, 3.0, "cup"),
        row(3, 1, 0, 0.3, NASTY),
        row(4, -1, 1, 0.4, "<b>dog</b>"),
        row(5, -1, -1, 5.0, "<b>dog</b>"),
        row(6, None, 0, 0.2),
        no_answer(7, time_of(7), time_of(7)),
    ]
