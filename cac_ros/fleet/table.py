# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""bags.csv: a line for each recording."""

from __future__ import annotations

import csv
import io

from cac_core.support.csv_cells import harmless
from cac_ros.fleet.recordings import Recording, counts_of
from cac_ros.fleet.run import Fleet

_BEGIN = ("recording", "robot", "day", "place", "problem")
_EACH = ("frames", "rejected", "scored", "right", "known", "known_kept", "unknown", "unknown_accepted", "truncated")


def bags_csv(fleet: Fleet) -> str:
    """A header, then a line for each recording; with two models, the columns of the second end with _new."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    ends = ("", "_new")[: len(fleet.models)]
    writer.writerow([*_BEGIN, *(f"{name}{end}" for end in ends for name in _EACH)])
    for recording in fleet.recordings:
        writer.writerow(harmless(_line(recording, len(ends))))
    return text.getvalue()


def _line(recording: Recording, models: int) -> list[object]:
    tag = recording.tag
    line: list[object] = [recording.name, tag.robot, tag.day, recording.place, recording.problem]
    if not recording.answers:
        return [*line, *[""] * (models * len(_EACH))]
    for answers in recording.answers:
        counts = vars(counts_of(answers.frames))
        line += [counts[name] for name in _EACH[:-1]]
        line.append(str(answers.about["truncated"]).lower())
    return line
