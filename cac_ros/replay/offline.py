# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Classify every frame of a bag without ROS running: the same twice, and as fast as the engine goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.predictor import Decision, Predictor, Reason, failed
from cac_core.preprocessing import Frame
from cac_ros.bags.message import BagMessage, MessageError
from cac_ros.images import FAINT_NOTE, BadFrameError, DepthRange, FaintFrame
from cac_ros.images.sequence import SequenceReader, header_of
from cac_ros.replay.results import FrameResult, from_decision
from cac_ros.stamps import stamp_ns

BATCH_FRAMES = 32
BATCH_BYTES = 64 * 2**20
"""A batch ends at either limit, so that large pictures do not fill the memory."""


@dataclass(frozen=True)
class Answered:
    """One frame, and what was said of it.

    Attributes:
        row: for the tables; its label is not filled in yet.
        decision: the answer with γ of every class.
        message: as recorded.
        header: of the image message; None where that could not be read.
        frame: its pixels, not to be changed; None where they could not be read.
    """

    row: FrameResult
    decision: Decision
    message: BagMessage
    header: Any
    frame: Frame | None


def classify(
    messages: Iterable[BagMessage],
    predictor: Predictor,
    theta: NDArray[np.float32],
    on_frame: Callable[[Answered], None] = lambda _: None,
    depth_range: DepthRange | None = None,
) -> tuple[list[FrameResult], list[str]]:
    """Classify frames in order.

    Args:
        messages: the messages of one image topic.
        predictor: the model.
        theta: thresholds (N,).
        on_frame: is given each frame after it was answered, in their order.
        depth_range: see :func:`cac_ros.images.to_frame`.

    Returns:
        A row per message; one that cannot be read is unknown with the reason BAD_FRAME. And a sentence for each kind of
        thing that was wrong with frames.

    Raises:
        EngineError: the engine failed.
    """
    rows: list[FrameResult] = []
    waiting: list[tuple[int, BagMessage, Any, Frame | None]] = []
    complaints: dict[str, int] = {}
    size = faint = 0
    reader = SequenceReader(depth_range)

    def flush() -> None:
        nonlocal size
        frames = [frame for *_, frame in waiting if frame is not None]
        decisions = iter(predictor.predict(frames, theta))
        for index, message, header, frame in waiting:
            decision: Decision = failed(Reason.BAD_FRAME) if frame is None else next(decisions)
            stamp = 0 if header is None else stamp_ns(header.stamp)
            rows.append(from_decision(index, message.time_ns, stamp, decision))
            on_frame(Answered(rows[-1], decision, message, header, frame))
        waiting.clear()
        size = 0

    for index, message in enumerate(messages):
        header, frame = None, None
        try:
            content = message.decode()
            header = header_of(content)
            frame = reader.frame(content)
            size += frame.pixels.nbytes
            faint += isinstance(frame, FaintFrame)
        except (MessageError, BadFrameError) as error:
            complaints[str(error)] = complaints.get(str(error), 0) + 1
        waiting.append((index, message, header, frame))
        if len(waiting) >= BATCH_FRAMES or size >= BATCH_BYTES:
            flush()
    flush()
    notes = [f"{count} of {len(rows)} frames could not be read: {why}." for why, count in complaints.items()]
    return rows, [*notes, FAINT_NOTE] if 2 * faint > len(rows) else notes
