# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The worst errors of a replay, as pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from cac_core.reports.thumbnail import thumbnail
from cac_ros.bags.message import VIDEO_TYPES, MessageError
from cac_ros.bags.reader import Bag
from cac_ros.images import BadFrameError, DepthRange, to_bgr
from cac_ros.images.sequence import SequenceReader, header_of
from cac_ros.replay.results import FrameResult
from cac_ros.stamps import stamp_ns

LONGEST_SIDE = 320
"""Of a picture, in pixels; shown at half of that, so that it is sharp on dense screens."""

# The most dangerous kind first: a robot acts on a name, not on "unknown".
_DANGER = ("unknown accepted", "wrong class", "known rejected")


@dataclass(frozen=True)
class Episode:
    """Consecutive frames with the same error; `row` is the worst of them."""

    row: FrameResult
    frames: int


def worst_errors(rows: Sequence[FrameResult], count: int = 10) -> list[Episode]:
    """The worst errors first: dangerous kinds before harmless ones, then by how sure the classifier was of its error.

    Consecutive frames with one error count as one episode; a video would otherwise fill the list with one scene. Frames
    without a score are left out: there is nothing to see in them.
    """
    episodes = []
    scored = [row for row in rows if row.scored]
    for (outcome, _, _), group in groupby(scored, key=lambda row: (row.outcome, row.label, row.class_index)):
        frames = [row for row in group if math.isfinite(row.rejection_score)]
        if outcome in _DANGER and frames:
            episodes.append(Episode(min(frames, key=_harmlessness), len(frames)))
    return sorted(episodes, key=lambda e: (_DANGER.index(e.row.outcome), _harmlessness(e.row), e.row.index))[:count]


_KEYFRAME_NS = 20 * 10**9
"""How far before a picture of a video its keyframe is looked for."""


def picture_of(
    bag: Bag,
    topic: str,
    row: FrameResult,
    longest_side: int = LONGEST_SIDE,
    depth_range: DepthRange | None = None,
) -> str | None:
    """The frame of a row as a data URI (JPEG), or None when it cannot be read any more."""
    is_video = topic in bag.topics and bag.topics[topic].msgtype in VIDEO_TYPES
    start, reader = row.time_ns - (_KEYFRAME_NS if is_video else 0), SequenceReader(depth_range)
    for message in bag.messages(topic, start, row.time_ns + 1):
        try:
            content = message.decode()
            frame = reader.frame(content)
            if stamp_ns(header_of(content).stamp) == row.stamp_ns:
                return thumbnail(to_bgr(frame), longest_side)
        except (MessageError, BadFrameError):
            continue
    return None


def _harmlessness(row: FrameResult) -> float:
    """Low = worse: an accepted frame is worse the further γ lies below θ, a rejected one the further above."""
    ratio = row.rejection_score / row.threshold if row.threshold > 0 else row.rejection_score
    return -ratio if row.unknown else ratio
