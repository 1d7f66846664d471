# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The result of one recording with one model: a table of frames, and a few small pictures. One file, no pickle.

The same recording, model, labels and settings give the same bytes, whoever computes them.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.predictor import Reason
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.scenes import Scene
from cac_ros.replay.results import UNKNOWN, FrameResult

NO_LABEL = -2
"""Of a frame without a label, where a class is an index and something unknown is -1."""


@dataclass(frozen=True)
class Frames:
    """The frames of one recording in order, as columns ``(M,)``.

    Attributes:
        time_ns: when each was recorded.
        stamp_ns: the stamp of its header; 0 where it could not be read.
        score: the smallest γ; +inf where it could not be computed.
        threshold: the θ it was compared with; NaN where there was nothing to compare.
        unknown: whether it was rejected.
        said: the class that was answered; -1 when rejected.
        nearest: the closest class; -1 where it could not be computed.
        reason: number of a `cac_core.predictor.Reason`.
        truth: class of the label, -1 for something unknown, -2 without label.
        label: position in `BagResult.labels`; -1 without label.
    """

    time_ns: NDArray[np.int64]
    stamp_ns: NDArray[np.int64]
    score: NDArray[np.float32]
    threshold: NDArray[np.float32]
    unknown: NDArray[np.bool_]
    said: NDArray[np.int16]
    nearest: NDArray[np.int16]
    reason: NDArray[np.uint8]
    truth: NDArray[np.int16]
    label: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Which frames count in the metrics: those with a label."""
        return np.asarray(self.truth != NO_LABEL)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which frames are scored, and answered as their label says."""
        known = self.truth != UNKNOWN
        return np.asarray(self.scored & np.where(known, ~self.unknown & (self.said == self.truth), self.unknown))

    @property
    def unknown_accepted(self) -> NDArray[np.bool_]:
        """Which frames show something unknown and were given a known name: the dangerous error."""
        return np.asarray((self.truth == UNKNOWN) & ~self.unknown)


@dataclass(frozen=True)
class WorstFrame:
    """The worst frame of consecutive ones with one error; `count` is their number, `picture` a data URI."""

    frame: int
    count: int
    picture: str


@dataclass(frozen=True)
class BagResult:
    """What one model said of one recording.

    Attributes:
        about: model_id, classes, theta, engine, device, topic, start_ns, seconds, truncated, notes.
        labels: names of the labels that occur.
        frames: the table.
        worst: the worst errors.
        scenes: what may be worth a label.
    """

    about: dict[str, Any]
    labels: tuple[str, ...]
    frames: Frames
    worst: tuple[WorstFrame, ...]
    scenes: tuple[Scene, ...]

    def to_bytes(self) -> bytes:
        """As a file."""
        about = {
            **self.about,
            "labels": self.labels,
            "worst": [[w.frame, w.count, w.picture] for w in self.worst],
            "scenes": [[s.frame, s.count, s.because] for s in self.scenes],
        }
        text = json.dumps(about, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
        arrays = {
            "about": np.frombuffer(text, np.uint8),
            "looks": np.array([scene.look for scene in self.scenes], np.uint8),
            "gamma": np.array([scene.gamma for scene in self.scenes], np.float32),
            **vars(self.frames),
        }
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> BagResult:
        """Read the file again.

        Raises:
            FleetError: it is damaged.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                about = json.loads(arrays["about"].tobytes().decode("utf-8", "surrogatepass"))
                frames = Frames(**{name: arrays[name] for name in Frames.__dataclass_fields__})
                looks, gamma = arrays["looks"], arrays["gamma"]
            worst = tuple(WorstFrame(*values) for values in about.pop("worst"))
            scenes = tuple(
                Scene(frame, count, because, look, row)
                for (frame, count, because), look, row in zip(about.pop("scenes"), looks, gamma, strict=True)
            )
            return cls(about, tuple(about.pop("labels")), frames, worst, scenes)
        except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile, EOFError) as error:
            raise FleetError(f"it is no result of a recording: {error}") from error


def frames_of(rows: Sequence[FrameResult]) -> tuple[Frames, tuple[str, ...]]:
    """The table of frames, and the names of the labels in it."""
    labels = sorted({row.label for row in rows if row.label is not None})
    number = {label: index for index, label in enumerate(labels)}
    frames = Frames(
        time_ns=np.array([row.time_ns for row in rows], np.int64),
        stamp_ns=np.array([row.stamp_ns for row in rows], np.int64),
        score=np.array([row.rejection_score for row in rows], np.float32),
        threshold=np.array([row.threshold for row in rows], np.float32),
        unknown=np.array([row.unknown for row in rows], np.bool_),
        said=np.array([row.class_index for row in rows], np.int16),
        nearest=np.array([row.nearest_index for row in rows], np.int16),
        reason=np.array([Reason[row.reason] for row in rows], np.uint8),
        truth=np.array([NO_LABEL if row.truth is None else row.truth for row in rows], np.int16),
        label=np.array([-1 if row.label is None else number[row.label] for row in rows], np.int32),
    )
    return frames, tuple(labels)
