# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The file index.csv beside the harvested pictures: a line for each. No ROS in this file."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from cac_core.support.appending import append_whole
from cac_core.support.csv_cells import harmless
from cac_core.support.files import write_atomically
from cac_ros.node.observers.observer import AnsweredFrame

COLUMNS = ("file", "stamp", "frame_id", "nearest_label", "rejection_score", "threshold", "model_id", "saved_because")
"""Of index.csv; the stamp is that of the image [s]. Earlier versions wrote the first seven."""

UNKNOWN, NEAR_THRESHOLD = "unknown", "near_threshold"
"""What saved_because can be."""


def index_row(name: str, answered: AnsweredFrame, because: str = UNKNOWN) -> tuple[str, ...]:
    """The line of one picture.

    Args:
        name: of its file.
        answered: the frame.
        because: why it was saved.
    """
    stamp, decision = answered.header.stamp, answered.decision
    return (
        name,
        f"{stamp.sec}.{stamp.nanosec:09d}",
        answered.header.frame_id,
        decision.nearest_label,
        f"{decision.rejection_score:.6g}",
        f"{decision.threshold:.6g}",
        answered.model_id,
        because,
    )


def renew_header(path: Path) -> None:
    """Give a file of an earlier version the header of today, so that one header fits all lines; nothing where it has.

    Raises:
        OSError, UnwritableError: the disk is full, say; the file is as it was.
    """
    earlier = ",".join(COLUMNS[:7]).encode() + b"\n"
    if not path.is_file():
        return
    with path.open("rb") as file:
        if file.readline(len(earlier)) != earlier:
            return
        rest = file.read()
    write_atomically(path, ",".join(COLUMNS).encode() + b"\n" + rest)


def append_row(path: Path, row: Sequence[str]) -> None:
    """Append a line, after the header if the file is empty; where that fails, the file is as it was before.

    Raises:
        OSError: the disk is full, say.
    """
    append_whole(path, _line(harmless(row)), first=_line(COLUMNS))


def _line(row: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue().encode("utf-8", "backslashreplace")
