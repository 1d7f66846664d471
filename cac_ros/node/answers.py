# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From image messages to answers. Whatever goes wrong becomes an unknown with its reason. No ROS in this file."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cac_core.predictor import Decision, Reason, failed
from cac_core.preprocessing import Frame
from cac_core.support.errors import CacError
from cac_ros.images import BadFrameError, to_frame
from cac_ros.node.active_model import ActiveModel


@dataclass(frozen=True)
class Answer:
    """What became of one image message.

    Attributes:
        decision: to be published.
        problem: what went wrong, as a sentence; empty if nothing did.
        decode_s: time to read the message [s].
        engine_s: time in the engine, of the whole batch [s].
        frame: what was read from the message, a view on its data; None if it could not be read.
    """

    decision: Decision
    problem: str
    decode_s: float
    engine_s: float
    frame: Frame | None

    @property
    def failed(self) -> bool:
        """Whether the frame could not be classified."""
        return self.decision.reason not in (Reason.OK, Reason.ABOVE_THRESHOLD)


FrameCheck = Callable[[Frame], tuple[Reason, str]]
"""Says why a frame is not worth classifying, with a sentence; OK if it is."""


def answer(
    messages: Sequence[Any], model: ActiveModel, checks: Sequence[FrameCheck | None] | None = None
) -> list[Answer]:
    """Classify a batch of image messages. Never raises: whatever goes wrong becomes an unknown with its reason.

    Args:
        messages: sensor_msgs/Image or CompressedImage, of any sizes and encodings.
        model: decides.
        checks: for each message, what its frame is asked before it is classified; None: nothing. A refused frame is not
            given to the engine.
    """
    frames: list[Frame | None] = []
    refusals: list[tuple[Reason, str]] = []
    decode_s: list[float] = []
    for message, check in zip(messages, checks or [None] * len(messages), strict=True):
        start = time.perf_counter()
        frame, reason, problem = _read(message, check, model.smallest_side)
        frames.append(frame)
        refusals.append((reason, problem))
        decode_s.append(time.perf_counter() - start)
    start = time.perf_counter()
    good = [frame for frame, (reason, _) in zip(frames, refusals, strict=True) if frame and reason == Reason.OK]
    rest = iter(zip(*decide(good, model), strict=True))
    engine_s = time.perf_counter() - start
    answers = []
    for frame, (reason, problem), seconds in zip(frames, refusals, decode_s, strict=True):
        decision, why = next(rest) if reason == Reason.OK else (failed(reason), problem)
        answers.append(Answer(decision, why, seconds, engine_s, frame))
    return answers


def _read(message: Any, check: FrameCheck | None, smallest_side: int) -> tuple[Frame | None, Reason, str]:
    """The frame of a message, and why it is not to be classified, with a sentence; OK if it is."""
    try:
        frame = to_frame(message, smallest_side)
    except BadFrameError as error:
        return None, Reason.BAD_FRAME, f"A frame could not be read: {error}"
    return (frame, *check(frame)) if check else (frame, Reason.OK, "")


def decide(frames: Sequence[Frame], model: ActiveModel) -> tuple[list[Decision], list[str]]:
    """A decision for each frame, and for each what went wrong, as a sentence; empty if nothing did. Never raises.

    If the engine fails on a batch, each frame is tried alone: one that it cannot bear takes no other with it.
    """
    decisions, error = _predict(frames, model)
    if not error or len(frames) == 1:
        return decisions, [_problem(decision, error) for decision in decisions]
    alone = [_predict([frame], model) for frame in frames]
    decisions, problems = [one for (one,), _ in alone], [_problem(one, why) for (one,), why in alone]
    if not any(problems):
        sentence = f"The engine failed on a batch of {len(frames)}, but not on its frames one by one: {error}"
        problems = [sentence] * len(frames)
    return decisions, problems


def _predict(frames: Sequence[Frame], model: ActiveModel) -> tuple[list[Decision], str]:
    """Decisions, and the engine's error; empty if there was none."""
    try:
        decisions = model.predictor.predict(frames, model.theta)
        if len(decisions) != len(frames):
            raise RuntimeError(f"{len(decisions)} decisions for {len(frames)} frames")
    except Exception as error:  # noqa: BLE001 - engines are foreign code; the robot's next frame must still be answered
        kind = "" if isinstance(error, CacError) else f"{type(error).__name__}: "
        return [failed(Reason.ENGINE_ERROR)] * len(frames), f"{kind}{error}"
    return decisions, ""


def _problem(decision: Decision, error: str) -> str:
    if decision.reason == Reason.ENGINE_ERROR:
        return f"The engine failed on a frame: {error}"
    if decision.reason == Reason.NOT_FINITE:
        return "The network's output is not finite; the model is damaged or was trained badly."
    return ""
