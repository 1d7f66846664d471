# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which frames of a fleet are worth a label.

Unknown things by the size of their group, frames near the threshold, and frames about which two models disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from cac_ros.fleet.comparison import differences
from cac_ros.fleet.recordings import Recording
from cac_ros.fleet.scenes import NEAR_THRESHOLD, UNKNOWN, Scene

DISAGREEMENT = "models_disagree"
"""Why a frame is chosen about which two models disagree."""

APART = 0.05
"""Unknown scenes whose γ points into directions of a smaller cosine distance are one group."""


@dataclass(frozen=True)
class Candidate:
    """A frame, and why it is worth a label."""

    recording: Recording
    frame: int
    because: str


def most_informative(found: Sequence[tuple[Recording, Sequence[Scene]]], model: int) -> Iterator[Candidate]:
    """Candidates, the most informative first; the three reasons take turns.

    Args:
        found: recordings with the scenes that a model found in them.
        model: its number.
    """
    queues = (_unknown(found), _near(found, model), _disagreements([recording for recording, _ in found]))
    seen = set[tuple[str, int]]()
    for turn in zip_longest(*queues):
        for candidate in turn:
            if candidate is not None and (candidate.recording.name, candidate.frame) not in seen:
                seen.add((candidate.recording.name, candidate.frame))
                yield candidate


def groups_of(gamma: NDArray[np.float32]) -> NDArray[np.int64]:
    """The group of each scene ``(M,)``: each joins the first group whose first member is near, or begins one.

    Args:
        gamma: ``(M, N)``, γ of every class.
    """
    directions = gamma / np.maximum(np.linalg.norm(gamma, axis=1, keepdims=True), 1e-12)
    leaders = np.empty_like(directions)
    groups = np.empty(len(gamma), np.int64)
    count = 0
    for index, direction in enumerate(directions):
        near = np.flatnonzero(1 - leaders[:count] @ direction < APART)
        if len(near):
            groups[index] = near[0]
        else:
            leaders[count], groups[index], count = direction, count, count + 1
    return groups


def _unknown(found: Sequence[tuple[Recording, Sequence[Scene]]]) -> list[Candidate]:
    """One scene of each group, the largest group first; then a second one of each, and so on."""
    scenes = [(recording, scene) for recording, each in found for scene in each if scene.because == UNKNOWN]
    if not scenes:
        return []
    scenes.sort(key=lambda pair: (-pair[1].count, pair[0].name, pair[1].frame))
    counts = np.array([scene.count for _, scene in scenes])
    groups = groups_of(np.stack([scene.gamma for _, scene in scenes]))
    sizes = np.bincount(groups, counts)
    taken = np.zeros(len(sizes), np.int64)
    rounds = []
    for group in groups:
        rounds.append(taken[group])
        taken[group] += 1
    order = np.lexsort((groups, -sizes[groups], np.array(rounds)))
    return [Candidate(scenes[index][0], scenes[index][1].frame, UNKNOWN) for index in order]


def _near(found: Sequence[tuple[Recording, Sequence[Scene]]], model: int) -> list[Candidate]:
    """The nearest to the threshold first."""
    rows = []
    for recording, scenes in found:
        frames = recording.answers[model].frames
        for scene in scenes:
            if scene.because == NEAR_THRESHOLD:
                distance = abs(float(frames.score[scene.frame] / frames.threshold[scene.frame]) - 1)
                rows.append((distance, recording.name, Candidate(recording, scene.frame, NEAR_THRESHOLD)))
    return [candidate for _, _, candidate in sorted(rows, key=lambda row: row[:2])]


def _disagreements(recordings: Sequence[Recording]) -> list[Candidate]:
    """The middle of each run of frames with two answers; the longest runs first."""
    rows = []
    for recording in recordings:
        found = differences(recording)
        if found is None:
            continue
        edges = np.flatnonzero(np.diff(np.r_[False, found.changed, False].astype(np.int8)))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            middle = int(begin + end) // 2
            rows.append((int(begin - end), recording.name, Candidate(recording, middle, DISAGREEMENT)))
    return [candidate for _, _, candidate in sorted(rows, key=lambda row: (*row[:2], row[2].frame))]
