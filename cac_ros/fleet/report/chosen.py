# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which recordings and frames a page shows: a bounded number, the worst first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cac_ros.fleet.comparison import Differences, differences
from cac_ros.fleet.recordings import Answers, Counts, Recording, counts_of

MOST_RECORDINGS = 50
MOST_FRAMES = 24
_MOST_OF_ONE = 2  # frames of one recording


@dataclass(frozen=True)
class WorstRecording:
    """A recording with its counts."""

    recording: Recording
    counts: Counts


@dataclass(frozen=True)
class WrongFrame:
    """A frame with an error; `count` is the number of consecutive frames that have it."""

    recording: Recording
    frame: int
    count: int


def worst_recordings(recordings: Sequence[Recording], model: int) -> list[WorstRecording]:
    """Recordings with errors: most unknown accepted first, then most wrong answers."""
    rows = [WorstRecording(each, counts_of(each.answers[model].frames)) for each in recordings]
    wrong = [row for row in rows if row.counts.right < row.counts.scored]
    wrong.sort(key=lambda r: (-r.counts.unknown_accepted, r.counts.right - r.counts.scored, r.recording.name))
    return wrong[:MOST_RECORDINGS]


def worst_frames(recordings: Sequence[Recording], model: int) -> list[WrongFrame]:
    """The worst frames of all recordings, at most two of each: unknown accepted first, then by how sure it was."""
    frames = [
        (_danger(recording.answers[model], frame), recording.name, WrongFrame(recording, frame, count))
        for recording in recordings
        for frame, count in recording.answers[model].worst[:_MOST_OF_ONE]
    ]
    return [frame for _, _, frame in sorted(frames, key=lambda row: row[:2])[:MOST_FRAMES]]


def most_changed(recordings: Sequence[Recording]) -> list[tuple[Recording, Differences]]:
    """Recordings in which the new model is wrong where the old one was right; those with most such frames first."""
    pairs = [(recording, differences(recording)) for recording in recordings]
    found = [(recording, each) for recording, each in pairs if each is not None and each.worse.any()]
    found.sort(key=lambda pair: (-int(pair[1].worse.sum()), pair[0].name))
    return found[:MOST_RECORDINGS]


def outcome(answers: Answers, frame: int) -> str:
    """What is wrong with an answer; "right" or "not scored" where nothing is."""
    f = answers.frames
    if not f.scored[frame]:
        return "not scored"
    if f.right[frame]:
        return "right"
    if f.unknown_accepted[frame]:
        return "unknown accepted"
    return "known rejected" if f.unknown[frame] else "wrong class"


def _danger(answers: Answers, frame: int) -> tuple[int, float]:
    f = answers.frames
    kind = ("unknown accepted", "wrong class", "known rejected").index(outcome(answers, frame))
    ratio = float(f.score[frame]) / max(float(f.threshold[frame]), 1e-12)
    return kind, -ratio if f.unknown[frame] else ratio if math.isfinite(ratio) else math.inf
