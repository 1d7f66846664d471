# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recordings of a fleet made from numbers, for tests of its figures and pages."""

from collections.abc import Sequence

import numpy as np

from cac_ros.fleet.bag_result import NO_LABEL, Frames
from cac_ros.fleet.recordings import Answers, Recording
from cac_ros.fleet.tags import Tag

CLASSES = ("cup", "<b>bowl</b>")
LABELS = ("<i>dog</i>", *CLASSES)


def frames(truth: Sequence[int], said: Sequence[int], score: Sequence[float] | None = None) -> Frames:
    """Frames of true classes (-1 unknown, -2 no label) and what was said (-1 unknown); θ is 1."""
    count = len(truth)
    scores = [2.0 if each < 0 else 0.5 for each in said] if score is None else score
    return Frames(
        time_ns=np.arange(count, dtype=np.int64) * 10**8 + 1_790_000_000 * 10**9,
        stamp_ns=np.arange(count, dtype=np.int64),
        score=np.array(scores, np.float32),
        threshold=np.ones(count, np.float32),
        unknown=np.array(said) < 0,
        said=np.array(said, np.int16),
        nearest=np.maximum(said, 0).astype(np.int16),
        reason=(np.array(said) < 0).astype(np.uint8),
        truth=np.array(truth, np.int16),
        label=np.where(np.array(truth) == NO_LABEL, -1, np.array(truth) + 1).astype(np.int32),
    )


def answers(table: Frames, classes: Sequence[str] = CLASSES, worst: Sequence[tuple[int, int]] = ()) -> Answers:
    """What a model said."""
    about = {
        "model_id": "m@1", "classes": list(classes), "engine": "torch", "device": "cpu", "topic": "/camera",
        "start_ns": int(table.time_ns[0]), "seconds": 1.0, "truncated": False, "notes": ["<u>a note</u>"],
    }  # fmt: skip
    return Answers("key", about, LABELS, table, tuple(worst))


def recording(name: str, *models: Answers, day: str = "2026-09-21", robot: str = "") -> Recording:
    """A recording that was answered."""
    return Recording(name, f"/bags/{name}", Tag(robot, day), models)
