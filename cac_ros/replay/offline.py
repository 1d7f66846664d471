# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Classify every frame of a bag without ROS running: the same twice, and as fast as the engine goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from cac_core.predictor import Decision, Predictor, Reason, failed
from cac_core.preprocessing import Frame
from cac_ros.bags.message import BagMessage, MessageError
from cac_ros.images import FAINT_NOTE, BadFrameError, FaintFrame, to_frame
from cac_ros.replay.results import FrameResult, from_decision
from cac_ros.stamps import stamp_ns

BATCH_FRAMES = 32
BATCH_BYTES = 64 * 2**20
"""A batch ends at either limit, so that large pictures do not fill the memory."""


def classify(
    messages: Iterable[BagMessage],
    predictor: Predictor,
    theta: NDArray[np.float32],
    on_frame: Callable[[], None] = lambda: None,
) -> tuple[list[FrameResult], list[str]]:
    """Classify frames in order.

    Args:
        messages: the messages of one image topic.
        predictor: the model.
        theta: thresholds (N,).
        on_frame: called after each frame, for a progress bar.

    Returns:
        A row per message; one that cannot be read is unknown with the reason BAD_FRAME. And a sentence for each kind of
        thing that was wrong with frames.

    Raises:
        EngineError: the engine failed.
    """
    rows: list[FrameResult] = []
    waiting: list[tuple[int, BagMessage, int, Frame | None]] = []
    complaints: dict[str, int] = {}
    size = faint = 0

    def flush() -> None:
        nonlocal size
        frames = [frame for *_, frame in waiting if frame is not None]
        decisions = iter(predictor.predict(frames, theta))
        for index, message, stamp, frame in waiting:
            decision: Decision = failed(Reason.BAD_FRAME) if frame is None else next(decisions)
            rows.append(from_decision(index, message.time_ns, stamp, decision))
            on_frame()
        waiting.clear()
        size = 0

    for index, message in enumerate(messages):
        stamp, frame = 0, None
        try:
            content = message.decode()
            stamp = stamp_ns(content.header.stamp)
            frame = to_frame(content)
            size += frame.pixels.nbytes
            faint += isinstance(frame, FaintFrame)
        except (MessageError, BadFrameError) as error:
            complaints[str(error)] = complaints.get(str(error), 0) + 1
        waiting.append((index, message, stamp, frame))
        if len(waiting) >= BATCH_FRAMES or size >= BATCH_BYTES:
            flush()
    flush()
    notes = [f"{count} of {len(rows)} frames could not be read: {why}." for why, count in complaints.items()]
    return rows, [*notes, FAINT_NOTE] if 2 * faint > len(rows) else notes
