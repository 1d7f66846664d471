# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The last answered frames, and their figures: latencies and the share of unknown. No ROS in this file."""

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple


@dataclass(frozen=True)
class Timings:
    """Of the last frames: latencies [ms], NaN before the first frame; shares in [0, 1].

    Attributes:
        latency_p50: from the arrival of the message to the publication of the answer, median.
        latency_p95: the same, 95th percentile.
        decode_p50: reading the message, median.
        engine_p50: in the engine, median.
        unknown_share: of the classified frames.
        failed_share: of all answered frames.
        classified: number of classified frames among them.
    """

    latency_p50: float = math.nan
    latency_p95: float = math.nan
    decode_p50: float = math.nan
    engine_p50: float = math.nan
    unknown_share: float = math.nan
    failed_share: float = math.nan
    classified: int = 0


class FrameTimes(NamedTuple):
    """What is remembered of one answered frame.

    Attributes:
        latency_s: from the arrival of the message to the publication of the answer [s].
        decode_s: reading the message [s].
        engine_s: in the engine [s].
        unknown: whether it was answered with unknown.
        failed: whether it could not be classified.
    """

    latency_s: float
    decode_s: float
    engine_s: float
    unknown: bool
    failed: bool


class RecentFrames:
    """The last answered frames. Filled by the worker thread, read by the executor's."""

    def __init__(self, size: int = 300) -> None:
        self._lock = threading.Lock()
        self._frames: deque[FrameTimes] = deque(maxlen=size)

    def add(self, frame: FrameTimes) -> None:
        """Add one answered frame; the oldest one goes if there are too many."""
        with self._lock:
            self._frames.append(frame)

    def all(self) -> list[FrameTimes]:
        """What was added, oldest first."""
        with self._lock:
            return list(self._frames)

    def clear(self) -> None:
        """Forget all: what comes next is answered by another rule."""
        with self._lock:
            self._frames.clear()


def timings_of(*cameras: RecentFrames) -> Timings:
    """The figures of one or several cameras together."""
    frames = [frame for camera in cameras for frame in camera.all()]
    if not frames:
        return Timings()
    latencies = [frame.latency_s for frame in frames]
    classified = [frame.unknown for frame in frames if not frame.failed]
    return Timings(
        latency_p50=1e3 * percentile(latencies, 0.5),
        latency_p95=1e3 * percentile(latencies, 0.95),
        decode_p50=1e3 * median(frame.decode_s for frame in frames),
        engine_p50=1e3 * median(frame.engine_s for frame in frames),
        unknown_share=sum(classified) / len(classified) if classified else math.nan,
        failed_share=sum(frame.failed for frame in frames) / len(frames),
        classified=len(classified),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
