# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An observer works on a frame after its answer was published. No ROS in this file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cac_core.predictor import Decision
from cac_core.preprocessing import Frame


@dataclass(frozen=True)
class AnsweredFrame:
    """One frame and what was answered.

    Attributes:
        header: of the image message (std_msgs/Header).
        frame: its pixels, not to be changed; None if it could not be read.
        decision: the answer.
        model_id: the model that decided.
        class_names: its known classes, in index order.
        arrived: when the message arrived [s, time.monotonic()].
        latency_s: from then to the publication of the answer [s].
    """

    header: Any
    frame: Frame | None
    decision: Decision
    model_id: str
    class_names: Sequence[str]
    arrived: float
    latency_s: float


class Observer(Protocol):
    """Is shown every answered frame. What takes time belongs into a thread of the observer's own."""

    @property
    def problem(self) -> str:
        """What keeps it from its work, as a sentence for /diagnostics; empty if nothing does."""

    def observe(self, answered: AnsweredFrame) -> None:
        """Take notice of a frame; called in the worker thread, in the order of the frames, and must return at once."""

    def status_values(self) -> Mapping[str, str]:
        """Keys and values for /diagnostics."""

    def close(self, patience: float) -> None:
        """Free everything; waits for its thread for ``patience`` [s] at most."""
