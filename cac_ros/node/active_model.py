# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The model in use with the thresholds that the parameters ask for. No ROS in this file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import load_bundle
from cac_core.predictor import Predictor
from cac_core.support.allocator import give_back_freed_memory
from cac_core.support.errors import CacError, NotABundleError
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
        bundle = load_bundle(Path(path).expanduser(), settings.keys)
        predictor = Predictor(bundle, settings.engine, settings.device, settings.threads, settings.precision)
        del bundle
        predictor.release_weights()
        model = cls.of(predictor, settings)
        for cameras in range(1, 1 + max(1, len(settings.cameras))):  # as many frames as can be in one batch
            predictor.warm_up(cameras)
        give_back_freed_memory()
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
            f"{self.predictor.device_name} in {self.predictor.precision}, threshold {self.threshold_text}"
        )

    def status_fields(self) -> dict[str, Any]:
        """Its part of the diagnostics: fields of :class:`cac_ros.node.diagnostics.NodeStatus`."""
        return {
            "model_id": self.model_id,
            "engine": self.predictor.engine_name,
            "device": self.predictor.device_name,
            "precision": self.predictor.precision,
            "threshold": self.threshold_text,
            "known_kept": f"{self.known_kept:g}",
            "promised_unknown": self.promised_unknown,
        }
