# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What may be worth a label, kept while the pictures of a recording are at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cac_ros.images import to_bgr
from cac_ros.images.likeness import ALIKE, thumbnail_of
from cac_ros.replay.offline import Answered
from cac_ros.replay.results import FrameResult

MOST = 24
"""Scenes that a result holds."""

MARGIN = 0.1
"""A score that differs from θ by this share of it at most is near the threshold."""

UNKNOWN, NEAR_THRESHOLD = "unknown", "near_threshold"
"""Why a scene is kept; the words of the node's harvest."""

_REMEMBERED = 128  # scenes of one recording before the least are forgotten


@dataclass(frozen=True)
class Scene:
    """A frame that may be worth a label.

    Attributes:
        frame: its position.
        count: frames of the recording that look like it.
        because: why.
        look: thumbnail ``(16, 16, 3)``.
        gamma: γ of every class ``(N,)``.
    """

    frame: int
    count: int
    because: str
    look: NDArray[np.uint8]
    gamma: NDArray[np.float32]


class Scenes:
    """Is shown every frame of one recording, and counts those that look alike as one scene."""

    def __init__(self) -> None:
        self._scenes: list[Scene] = []
        self._looks = np.empty((_REMEMBERED, 16, 16, 3), np.int16)

    def see(self, answered: Answered) -> None:
        """Count a frame that is worth it."""
        because = _worth(answered.row)
        if answered.frame is None or not because:
            return
        look = thumbnail_of(to_bgr(answered.frame))
        known = len(self._scenes)
        alike = np.flatnonzero(np.abs(self._looks[:known] - look).mean(axis=(1, 2, 3)) < ALIKE)
        if len(alike):
            scene = self._scenes[alike[0]]
            self._scenes[alike[0]] = replace(scene, count=scene.count + 1)
            return
        if known == _REMEMBERED:
            self._forget()
        self._looks[len(self._scenes)] = look
        row, decision = answered.row, answered.decision
        self._scenes.append(Scene(row.index, 1, because, look.astype(np.uint8), decision.rejection_scores))

    def most(self, count: int = MOST) -> tuple[Scene, ...]:
        """The scenes with most frames, in order of time."""
        return tuple(sorted(sorted(self._scenes, key=_rank)[:count], key=lambda scene: scene.frame))

    def _forget(self) -> None:
        self._scenes = sorted(self._scenes, key=_rank)[: _REMEMBERED // 2]
        self._looks[: len(self._scenes)] = [scene.look for scene in self._scenes]


def _rank(scene: Scene) -> tuple[int, int]:
    return -scene.count, scene.frame


def _worth(row: FrameResult) -> str:
    if not np.isfinite(row.rejection_score) or np.isnan(row.threshold):
        return ""
    if abs(row.rejection_score - row.threshold) <= MARGIN * row.threshold:
        return NEAR_THRESHOLD
    return UNKNOWN if row.unknown else ""
