# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From images to answers. Whatever goes wrong becomes an unknown with its reason. No ROS in this file."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cac_core.predictor import Decision, Reason, failed
from cac_core.preprocessing import Frame
from cac_core.support.errors import CacError
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.arrived_image import Look, unread


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


def answer(looks: Sequence[Callable[[], Look]], model: ActiveModel) -> list[Answer]:
    """Classify a batch of images. Never raises: whatever goes wrong becomes an unknown with its reason.

    Args:
        looks: for each image, reads it and says whether it is to be classified. A refused frame is not given to the
            engine.
        model: decides.
    """
    seen: list[Look] = []
    decode_s: list[float] = []
    for read in looks:
        start = time.perf_counter()
        try:
            seen.append(read())
        except Exception as error:  # noqa: BLE001 - a bug in one camera's part must not cost the others their answers
            seen.append(unread(error))
        decode_s.append(time.perf_counter() - start)
    start = time.perf_counter()
    good = [one.frame for one in seen if one.frame and one.reason == Reason.OK]
    rest = iter(zip(*decide(good, model), strict=True))
    engine_s = time.perf_counter() - start
    answers = []
    for one, seconds in zip(seen, decode_s, strict=True):
        decision, why = next(rest) if one.reason == Reason.OK else (failed(one.reason), one.problem)
        answers.append(Answer(decision, why, seconds, engine_s, one.frame))
    return answers


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
