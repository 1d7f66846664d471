# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One steady decision from the last frames, because a gripper should not twitch. No ROS in this file."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace

from cac_core.inference_equations import UNKNOWN
from cac_core.predictor import Decision, Reason

LONGEST_GAP = 1.0
"""Frames further apart than this do not vote together [s]: they may show different things."""


def majority(frames: int) -> int:
    """The fewest votes that are more than half of so many frames."""
    return frames // 2 + 1


def vote(held: int, ballots: Sequence[int], frames: int, votes: int) -> int:
    """Which class the last frames agree on, with hysteresis.

    A class is taken over when ``votes`` of the last ``frames`` frames are for it, and kept until so many are against
    it (for another class, or unknown). So a class that is returned has at least one of the ballots.

    Args:
        held: what was decided before; -1 = unknown.
        ballots: class index of each of the last frames, at most ``frames`` of them; -1 = unknown. Frames that have not
            come yet count as unknown.
        frames: size of the window.
        votes: more than half of it, and at most all.

    Returns:
        Index of the class, or -1 = unknown.
    """
    counts = Counter(ballot for ballot in ballots if ballot != UNKNOWN)
    for index, count in counts.items():
        if count >= votes:
            return index
    return held if held != UNKNOWN and frames - counts[held] < votes else UNKNOWN


class Smoother:
    """The vote over a sliding window of decisions.

    Args:
        frames: how many of the last frames vote.
        votes: how many it takes to change the decision; more than half of ``frames``.
    """

    def __init__(self, frames: int, votes: int) -> None:
        if not frames / 2 < votes <= frames:
            raise ValueError(f"votes must be more than half of {frames} frames and at most all, not {votes}")
        self._frames = frames
        self._votes = votes
        self._window: deque[Decision] = deque(maxlen=frames)
        self._held = UNKNOWN
        self._model_id = ""
        self._last = 0.0

    def add(self, decision: Decision, model_id: str, arrived: float) -> Decision:
        """The smoothed decision after one more frame.

        Args:
            decision: of this frame.
            model_id: whose decision; the classes of different models do not vote together.
            arrived: when the frame came [s], never going back.

        Returns:
            For a known class, the decision of the newest frame in the window that is for it. For unknown, that of this
            frame; if this frame alone is known, it is made unknown with reason UNDECIDED.
        """
        if model_id != self._model_id or arrived - self._last > LONGEST_GAP:
            self._window.clear()
            self._held = UNKNOWN
        self._model_id, self._last = model_id, arrived
        self._window.append(decision)
        ballots = [UNKNOWN if past.unknown else past.class_index for past in self._window]
        self._held = vote(self._held, ballots, self._frames, self._votes)
        if self._held != UNKNOWN:
            return next(p for p in reversed(self._window) if not p.unknown and p.class_index == self._held)
        if decision.unknown:
            return decision
        return replace(decision, unknown=True, class_index=UNKNOWN, label="", reason=Reason.UNDECIDED)
