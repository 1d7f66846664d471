# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From frames to decisions: the one way to use a bundle."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle, load_bundle
from cac_core.engines import Engine, make_engine
from cac_core.inference_equations import UNKNOWN, decide
from cac_core.preprocessing import Frame
from cac_core.support.errors import CacError, EngineError


class Reason(IntEnum):
    """Why a decision is what it is; the same numbers as in ``cac_msgs/OpenSetClassification``."""

    OK = 0
    ABOVE_THRESHOLD = 1
    NOT_FINITE = 2
    BAD_FRAME = 3
    ENGINE_ERROR = 4
    TOO_DARK = 5
    TOO_BRIGHT = 6
    FROZEN = 7
    UNDECIDED = 8


@dataclass(frozen=True)
class Decision:
    """What the classifier says of one frame (eq. 9).

    Attributes:
        unknown: true when the frame belongs to no known class, or when that could not be computed.
        class_index: -1 when unknown.
        label: empty when unknown.
        nearest_index: closest known class even when unknown; -1 when it could not be computed.
        nearest_label: its name, or empty.
        rejection_score: the smallest γ; +inf when it could not be computed.
        threshold: the θ it was compared with; NaN when there was nothing to compare.
        reason: OK for a known class, else why not.
        rejection_scores: γ of every class ``(N,)`` float32; empty when it could not be computed.
    """

    unknown: bool
    class_index: int
    label: str
    nearest_index: int
    nearest_label: str
    rejection_score: float
    threshold: float
    reason: Reason
    rejection_scores: NDArray[np.float32] = field(repr=False)


def failed(reason: Reason, threshold: float = float("nan")) -> Decision:
    """The decision for a frame that could not be classified: unknown, and why."""
    return Decision(True, -1, "", -1, "", float("inf"), threshold, reason, np.empty(0, dtype=np.float32))


class Predictor:
    """A loaded model, ready to classify frames.

    Args:
        bundle: the model.
        engine: ``auto`` or an engine's name.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        threads: CPU threads of the engine; 0 lets it choose.
        precision: of the backbone, see :func:`cac_core.engines.make_engine`. Other than float32 it is a variant of the
            model. ``bundle``, ``model_id`` and every threshold are then those of the variant.

    Raises:
        DeviceError, EngineError, BundleInvalidError: with a sentence.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        engine: str = "auto",
        device: str = "auto",
        threads: int = 0,
        precision: str = "auto",
    ) -> None:
        self._engine: Engine = make_engine(bundle, engine, device, threads, precision)
        self.bundle = bundle.in_precision(self._engine.precision)
        self._notes_given = 0
        self._default_theta = self.theta()

    @classmethod
    def load(
        cls,
        path: str | Path,
        engine: str = "auto",
        device: str = "auto",
        threads: int = 0,
        precision: str = "auto",
    ) -> "Predictor":
        """Load and verify a bundle file; see :func:`cac_core.bundle.load_bundle` for its errors."""
        return cls(load_bundle(path), engine, device, threads, precision)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The known classes in index order."""
        return self.bundle.class_names

    @property
    def model_id(self) -> str:
        """Name and checksum of the model, and ``+int8`` or the like when a variant answers."""
        return self.bundle.model_id

    @property
    def engine_name(self) -> str:
        """The engine in use."""
        return self._engine.name

    @property
    def device_name(self) -> str:
        """The device in use."""
        return self._engine.device

    @property
    def precision(self) -> str:
        """The precision in use: float32, or the variant of the model that answers."""
        return self.bundle.precision

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences worth logging once."""
        return self._engine.notes

    def new_notes(self) -> tuple[str, ...]:
        """The notes that this method has not given yet: an engine can have one to make while it runs."""
        notes = self._engine.notes
        new, self._notes_given = notes[self._notes_given :], len(notes)
        return new

    def theta(
        self, known_kept: float | None = None, threshold: float | None = None, per_class: bool = False
    ) -> NDArray[np.float32]:
        """Thresholds ``(N,)`` float32; see :meth:`cac_core.thresholds.Thresholds.theta`."""
        return self.bundle.thresholds.theta(known_kept, per_class, threshold)

    def release_weights(self) -> None:
        """Keep no second copy of the network beside the engine's: ``bundle`` is without weights and graph from now on.

        The node does so, because a robot's memory is small. Such a bundle cannot be saved or given to another engine.
        """
        self.bundle = replace(self.bundle, state={}, graph=b"", variants=())

    def warm_up(self, batch_size: int = 1) -> None:
        """Run a grey frame through the engine, so that the first real one is not slow.

        Raises:
            EngineError: when the engine fails on it.
        """
        size = self.bundle.preprocessing.image_size
        grey = Frame(np.full((size, size, 3), 127, dtype=np.uint8), "rgb")
        for _ in range(2):
            self.rejection_scores([grey] * batch_size)

    def rejection_scores(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """γ ``(B, N)`` of a batch of frames.

        Raises:
            EngineError: whatever went wrong inside the engine.
        """
        try:
            gamma = self._engine.rejection_scores(frames)
        except CacError:
            raise
        except (
            Exception
        ) as error:  # engines are foreign code: any exception of theirs must reach the caller as one kind
            raise EngineError(f"engine {self.engine_name} failed: {type(error).__name__}: {error}") from error
        if gamma.shape != (len(frames), len(self.class_names)):
            raise EngineError(f"engine {self.engine_name} returned shape {gamma.shape} for {len(frames)} frames")
        return gamma

    def predict(self, frames: Sequence[Frame], theta: NDArray[np.float32] | None = None) -> list[Decision]:
        """Decide on a batch of frames; the result of a batch equals the results one by one.

        Args:
            frames: any number, any sizes.
            theta: thresholds ``(N,)``; the bundle's own when omitted.

        Raises:
            EngineError: whatever went wrong inside the engine.
        """
        if not frames:
            return []
        limits = self._default_theta if theta is None else theta
        gamma = self.rejection_scores(frames)
        chosen = decide(gamma, limits)
        return [self._decision(gamma[i], int(chosen[i]), limits) for i in range(len(frames))]

    def _decision(self, gamma: NDArray[np.float32], index: int, theta: NDArray[np.float32]) -> Decision:
        if not np.isfinite(gamma).all():
            return failed(Reason.NOT_FINITE)
        nearest = int(gamma.argmin())
        unknown = index == UNKNOWN
        return Decision(
            unknown=unknown,
            class_index=index,
            label="" if unknown else self.class_names[index],
            nearest_index=nearest,
            nearest_label=self.class_names[nearest],
            rejection_score=float(gamma[nearest]),
            threshold=float(theta[nearest]),
            reason=Reason.ABOVE_THRESHOLD if unknown else Reason.OK,
            rejection_scores=gamma,
        )
