# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two models on the same frames: who changed its answer, for better or worse, and may the new one ship?

Classes are compared by name. A frame whose label only one of the models knows is no fair question; it is counted
apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_ros.fleet.bootstrap import ratio_interval
from cac_ros.fleet.recordings import Answers, Recording

OLD, NEW = 0, 1

SHIP, KEEP, UNDECIDED = "yes", "no", "undecided"


@dataclass(frozen=True)
class Differences:
    """Of one recording, as columns ``(M,)`` over its frames.

    Attributes:
        changed: the answer is another one.
        fair: labelled, and the label is known to both models or to none.
        old_right, new_right: whether the answer is right.
        old_accepted, new_accepted: something unknown was given a known name.
        unknown: the label is known to none.
    """

    changed: NDArray[np.bool_]
    fair: NDArray[np.bool_]
    old_right: NDArray[np.bool_]
    new_right: NDArray[np.bool_]
    old_accepted: NDArray[np.bool_]
    new_accepted: NDArray[np.bool_]
    unknown: NDArray[np.bool_]

    @property
    def better(self) -> NDArray[np.bool_]:
        """Wrong before, right now."""
        return np.asarray(self.fair & ~self.old_right & self.new_right)

    @property
    def worse(self) -> NDArray[np.bool_]:
        """Right before, wrong now."""
        return np.asarray(self.fair & self.old_right & ~self.new_right)


def differences(recording: Recording) -> Differences | None:
    """Compare the two models on one recording; None where they did not read the same frames."""
    if len(recording.answers) < 2:
        return None
    old, new = recording.answers[OLD], recording.answers[NEW]
    if not np.array_equal(old.frames.time_ns, new.frames.time_ns):
        return None
    names = {name: number for number, name in enumerate(sorted({*old.about["classes"], *new.about["classes"]}))}
    said = [_said(each, names) for each in (old, new)]
    known = [each.frames.truth >= 0 for each in (old, new)]
    return Differences(
        changed=np.asarray(said[OLD] != said[NEW]),
        fair=np.asarray(old.frames.scored & new.frames.scored & (known[OLD] == known[NEW])),
        old_right=old.frames.right,
        new_right=new.frames.right,
        old_accepted=old.frames.unknown_accepted,
        new_accepted=new.frames.unknown_accepted,
        unknown=np.asarray((old.frames.truth == -1) & (new.frames.truth == -1)),
    )


def comparison(recordings: Sequence[Recording]) -> dict[str, Any]:
    """The figures of the comparison, as part of metrics.json.

    The intervals are paired: both models are drawn on the same recordings.
    """
    pairs = [(recording, differences(recording)) for recording in recordings if recording.answers]
    found = [(recording, each) for recording, each in pairs if each is not None]
    rows = [each for _, each in found]
    fair = [int(each.fair.sum()) for each in rows]
    unknown = [int((each.fair & each.unknown).sum()) for each in rows]
    gains = [int(each.better.sum()) - int(each.worse.sum()) for each in rows]
    accepted = [
        int((each.fair & each.new_accepted).sum()) - int((each.fair & each.old_accepted).sum()) for each in rows
    ]
    right_interval, accepted_interval = ratio_interval(gains, fair), ratio_interval(accepted, unknown)
    old, new = (set(found[0][0].answers[which].about["classes"]) if found else set() for which in (OLD, NEW))
    answer, why = verdict(sum(fair), right_interval, sum(unknown), accepted_interval)
    return {
        "recordings": len(rows),
        "left_out": [recording.name for recording, each in pairs if each is None],
        "frames": sum(len(each.changed) for each in rows),
        "changed": int(sum(each.changed.sum() for each in rows)),
        "compared": sum(fair),
        "not_fair": int(
            sum((r.answers[OLD].frames.scored & r.answers[NEW].frames.scored & ~d.fair).sum() for r, d in found)
        ),
        "better": int(sum(each.better.sum() for each in rows)),
        "worse": int(sum(each.worse.sum() for each in rows)),
        "right_difference": sum(gains) / sum(fair) if sum(fair) else None,
        "right_difference_interval": right_interval,
        "unknown": sum(unknown),
        "unknown_accepted_difference": sum(accepted) / sum(unknown) if sum(unknown) else None,
        "unknown_accepted_difference_interval": accepted_interval,
        "classes_only_old": sorted(old - new),
        "classes_only_new": sorted(new - old),
        "may_ship": answer,
        "why": why,
    }


def verdict(
    compared: int, right: tuple[float, float] | None, unknown: int, accepted: tuple[float, float] | None
) -> tuple[str, str]:
    """Whether the new model may ship, and why, as a sentence.

    Args:
        compared: scored frames.
        right: interval of the new share of right answers minus the old.
        unknown: scored frames of something unknown.
        accepted: interval of the new share of unknown accepted minus the old.
    """
    if not compared:
        return UNDECIDED, "No frame has a label that both models understand alike."
    if right is None:
        return UNDECIDED, "One recording shows no spread; at least two recordings with labels are needed."
    if accepted is not None and accepted[0] > 0:
        return KEEP, "The new model gives more unknown things a known name."
    if right[1] < 0:
        return KEEP, "The new model answers fewer frames right."
    if right[0] <= 0:
        return UNDECIDED, "The interval of the difference holds 0: label more recordings."
    if not unknown:
        return UNDECIDED, "The new model answers more frames right, but no labelled frame shows something unknown."
    if accepted is None:
        return UNDECIDED, "The new model answers more frames right, but only one recording shows something unknown."
    return SHIP, "The new model answers more frames right, and it is not shown to accept more unknown things."


def _said(answers: Answers, names: dict[str, int]) -> NDArray[np.int64]:
    """The answers by name: one number for each name of both models, -1 for unknown."""
    table = np.array([*(names[name] for name in answers.about["classes"]), -1])
    return np.asarray(table[answers.frames.said], np.int64)
