# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The recordings of a fleet with what the models said of them; every table and figure is made from these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.metrics import OpenSetMetrics, open_set_metrics
from cac_ros.fleet.bag_result import BagResult, Frames
from cac_ros.fleet.tags import Tag


@dataclass(frozen=True)
class Answers:
    """What one model said of one recording, without its pictures.

    Attributes:
        key: of the result, where the pictures are.
        about: see `cac_ros.fleet.bag_result.BagResult`.
        labels: names of the labels that occur.
        frames: the table of frames.
        worst: the worst errors, each a frame and the number of consecutive frames with the error.
    """

    key: str
    about: dict[str, Any]
    labels: tuple[str, ...]
    frames: Frames
    worst: tuple[tuple[int, int], ...]


def answers_of(key: str, result: BagResult) -> Answers:
    """A result without its pictures."""
    return Answers(key, result.about, result.labels, result.frames, tuple((w.frame, w.count) for w in result.worst))


@dataclass(frozen=True)
class Recording:
    """One recording.

    Attributes:
        name: tells it from the others.
        place: its path.
        tag: robot and day.
        answers: of each model; empty where the recording failed.
        problem: why it failed; empty otherwise.
    """

    name: str
    place: str
    tag: Tag
    answers: tuple[Answers, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Counts:
    """Frames of one or more recordings by what was said of them."""

    frames: int = 0
    rejected: int = 0
    scored: int = 0
    right: int = 0
    known: int = 0
    known_kept: int = 0
    unknown: int = 0
    unknown_accepted: int = 0

    def share(self, part: str, whole: str) -> float | None:
        """One count over another; None over nothing."""
        total: int = getattr(self, whole)
        return getattr(self, part) / total if total else None


def counts_of(frames: Frames) -> Counts:
    """The counts of one recording."""
    known = frames.truth >= 0
    return Counts(
        frames=len(frames),
        rejected=int(frames.unknown.sum()),
        scored=int(frames.scored.sum()),
        right=int(frames.right.sum()),
        known=int(known.sum()),
        known_kept=int((known & ~frames.unknown).sum()),
        unknown=int((frames.truth == -1).sum()),
        unknown_accepted=int(frames.unknown_accepted.sum()),
    )


def added(counts: Iterable[Counts]) -> Counts:
    """The counts of several recordings together."""
    rows = [tuple(vars(each).values()) for each in counts]
    return Counts(*(sum(column) for column in zip(*rows, strict=True))) if rows else Counts()


def column(frames: Sequence[Frames], name: str) -> NDArray[Any]:
    """One column of the scored frames of several recordings, one recording after the other."""
    parts = [getattr(each, name)[each.scored] for each in frames]
    return np.concatenate(parts) if parts else np.empty(0)


def pooled_metrics(frames: Sequence[Frames]) -> OpenSetMetrics:
    """Open-set metrics of all scored frames together."""
    return open_set_metrics(
        scores=column(frames, "score").astype(np.float64),
        nearest=column(frames, "nearest").astype(np.int64),
        rejected=column(frames, "unknown").astype(bool),
        labels=column(frames, "truth").astype(np.int64),
    )
