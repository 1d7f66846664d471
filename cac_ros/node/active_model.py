# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The model in use with its thresholds, and what it answers to image messages. No ROS in this file."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.predictor import Decision, Predictor, Reason, failed
from cac_core.preprocessing import Frame
from cac_core.support.errors import CacError, NotABundleError
from cac_ros.images import BadFrameError, to_frame
from cac_ros.parameters import NodeSettings, ParameterError


@dataclass(frozen=True)
class ActiveModel:
    """Everything that decides on a frame. Replaced as a whole, so no frame sees half of a change.

    Attributes:
        predictor: the loaded model.
        theta: threshold of each class ``(N,)``.
        known_kept: share of known validation images that theta keeps; -1 when theta was set by hand.
        with_scores: whether the score of every class is published.
        smallest_side: shorter side that a JPEG image may be reduced to while it is decoded [pixels]; 0 = never reduce.
    """

    predictor: Predictor
    theta: NDArray[np.float32]
    known_kept: float
    with_scores: bool
    smallest_side: int = 0

    @classmethod
    def load(cls, path: str, settings: NodeSettings) -> "ActiveModel":
        """Load, verify and warm up a model; takes seconds.

        Raises:
            CacError: with a sentence, for whatever is wrong with the path, the file, the engine or the device.
        """
        if not path:
            raise NotABundleError(
                "model_path is empty: give the path of a .cac file; at start with --ros-args -p model_path:=PATH"
            )
        predictor = Predictor.load(
            Path(path).expanduser(), settings.engine, settings.device, settings.threads, settings.precision
        )
        model = cls.of(predictor, settings)
        for cameras in range(1, 1 + max(1, len(settings.cameras))):  # as many frames as can be in one batch
            predictor.warm_up(cameras)
        return model

    @classmethod
    def of(cls, predictor: Predictor, settings: NodeSettings) -> "ActiveModel":
        """A predictor with the thresholds that the parameters ask for.

        Raises:
            ParameterError: the model has no such thresholds.
        """
        by_hand = settings.threshold >= 0
        share = None if settings.known_kept == NodeSettings.known_kept else settings.known_kept
        try:
            theta = predictor.theta(
                known_kept=None if by_hand else share,
                threshold=settings.threshold if by_hand else None,
                per_class=settings.per_class_thresholds and not by_hand,
            )
        except (ValueError, CacError) as error:
            raise ParameterError(f"Model {predictor.model_id} cannot use these thresholds: {error}") from error
        trained = predictor.bundle.thresholds.known_kept
        known_kept = -1.0 if by_hand else trained if share is None else share
        smallest_side = 2 * predictor.bundle.preprocessing.image_size if settings.reduced_jpeg else 0
        return cls(predictor, theta, known_kept, settings.publish_rejection_scores, smallest_side)

    def with_settings(self, settings: NodeSettings) -> "ActiveModel":
        """The same model under changed parameters; raises ParameterError."""
        return self.of(self.predictor, settings)

    @property
    def model_id(self) -> str:
        """Name and checksum of the model."""
        return self.predictor.model_id

    @property
    def promised_unknown(self) -> float:
        """Share of the known validation images that these thresholds reject, in [0, 1]."""
        if self.known_kept >= 0:
            return 1.0 - self.known_kept
        quantiles = self.predictor.bundle.thresholds.quantiles  # set by hand: where it lies among theirs
        kept = max(0, int(np.searchsorted(quantiles, float(self.theta.min()), side="right")) - 1)
        return 1.0 - kept / (len(quantiles) - 1)

    @property
    def threshold_text(self) -> str:
        """The thresholds in short: one number if all are equal, else the range."""
        low, high = float(self.theta.min()), float(self.theta.max())
        return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"

    def describe(self) -> str:
        """What it is, for the log."""
        return (
            f"{len(self.predictor.class_names)} classes, engine {self.predictor.engine_name} on "
            f"{self.predictor.device_name}, threshold {self.threshold_text}"
        )

    def report(self) -> dict[str, Any]:
        """Its part of the diagnostics report: fields of :class:`cac_ros.node.diagnostics.Report`."""
        return {
            "model_id": self.model_id,
            "engine": self.predictor.engine_name,
            "device": self.predictor.device_name,
            "threshold": self.threshold_text,
            "known_kept": f"{self.known_kept:g}",
            "promised_unknown": self.promised_unknown,
        }


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


Gate = Callable[[Frame], tuple[Reason, str]]
"""Says why a frame is not worth classifying, with a sentence; OK if it is."""


def answer(messages: Sequence[Any], model: ActiveModel, gates: Sequence[Gate | None] | None = None) -> list[Answer]:
    """Classify a batch of image messages. Never raises: whatever goes wrong becomes an unknown with its reason.

    Args:
        messages: sensor_msgs/Image or CompressedImage, of any sizes and encodings.
        model: decides.
        gates: for each message who is asked about its frame, if it could be read; what it refuses is not classified.
    """
    frames: list[Frame | None] = []
    refusals: list[tuple[Reason, str]] = []
    decode_s: list[float] = []
    for message, gate in zip(messages, gates or [None] * len(messages), strict=True):
        start = time.perf_counter()
        frame, reason, problem = _read(message, gate, model.smallest_side)
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


def _read(message: Any, gate: Gate | None, smallest_side: int) -> tuple[Frame | None, Reason, str]:
    """The frame of a message, and why it is not to be classified, with a sentence; OK if it is."""
    try:
        frame = to_frame(message, smallest_side)
    except BadFrameError as error:
        return None, Reason.BAD_FRAME, f"A frame could not be read: {error}"
    return (frame, *gate(frame)) if gate else (frame, Reason.OK, "")


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
        problems = [f"The engine failed on a batch of {len(frames)}, and then not on its frames alone: {error}"] * len(
            frames
        )
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
