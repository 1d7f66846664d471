# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""frames.parquet: a line for each frame and model, for pandas, DuckDB and the like."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.predictor import Reason
from cac_ros.fleet.recordings import Answers, Recording
from cac_ros.fleet.run import Fleet

_REASONS = [reason.name for reason in sorted(Reason)]
_OUTCOMES = ["", "right", "unknown accepted", "known rejected", "wrong class"]


def frames_parquet(fleet: Fleet) -> bytes:
    """The content of the file; one row group for each recording and model."""
    import pyarrow.parquet

    file = io.BytesIO()
    writer: Any = None
    for recording in fleet.recordings:
        for answers in recording.answers:
            table = _table(recording, answers)
            if writer is None:
                writer = pyarrow.parquet.ParquetWriter(file, table.schema)
            writer.write_table(table)
    if writer is not None:
        writer.close()
    return file.getvalue()


def _table(recording: Recording, answers: Answers) -> Any:
    import pyarrow

    frames, count = answers.frames, len(answers.frames)
    classes = [*answers.about["classes"], "unknown"]  # index -1 is the last

    def texts(numbers: NDArray[Any], names: Sequence[str]) -> Any:
        return pyarrow.DictionaryArray.from_arrays(pyarrow.array(numbers % len(names), pyarrow.int32()), list(names))

    outcome = np.where(frames.unknown, 3, 4)
    outcome = np.where(frames.unknown_accepted, 2, np.where(frames.right, 1, outcome))
    return pyarrow.table(
        {
            "recording": texts(np.zeros(count, int), [recording.name]),
            "robot": texts(np.zeros(count, int), [recording.tag.robot]),
            "day": texts(np.zeros(count, int), [recording.tag.day]),
            "model": texts(np.zeros(count, int), [answers.about["model_id"]]),
            "frame": pyarrow.array(np.arange(count), pyarrow.int32()),
            "recorded_ns": frames.time_ns,
            "stamp_ns": frames.stamp_ns,
            "label": texts(frames.label.astype(int), [*answers.labels, ""]),
            "prediction": texts(frames.said.astype(int), classes),
            "nearest": texts(frames.nearest.astype(int), [*classes[:-1], ""]),
            "rejection_score": frames.score,
            "threshold": frames.threshold,
            "unknown": frames.unknown,
            "reason": texts(frames.reason.astype(int), _REASONS),
            "outcome": texts(np.where(frames.scored, outcome, 0), _OUTCOMES),
        }
    )
