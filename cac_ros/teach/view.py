# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What stands before a camera: the running node, or a USB camera. The page needs no more of either than this."""

from dataclasses import dataclass
from typing import Protocol

from cac_ros.images.likeness import Picture


@dataclass(frozen=True)
class ViewStatus:
    """What there is to see.

    Attributes:
        kind: node or usb.
        name: of the node or the camera.
        connected: whether it is there.
        model_id: the model that answers; empty if nobody says.
        theta: its threshold, the smallest of all classes; None if nobody says.
        answer: the newest answer in words; empty if there is none.
        problem: what is wrong, as a sentence; empty if nothing is.
    """

    kind: str
    name: str
    connected: bool
    model_id: str = ""
    theta: float | None = None
    answer: str = ""
    problem: str = ""


class View(Protocol):
    """Something with a camera."""

    def status(self) -> ViewStatus:
        """What there is to see now."""

    def shown(self, after: int) -> tuple[int, bytes]:
        """The newest picture to show, as JPEG, and its number; empty if it is not newer than this number."""

    def frame(self, after: int) -> tuple[int, Picture | None]:
        """The newest picture of the camera as it is, BGR, and its number; None if it is not newer than this number."""

    def load_model(self, path: str) -> tuple[bool, str]:
        """Have it use a model file; whether it does, and what it says."""

    def set_threshold(self, theta: float) -> tuple[bool, str]:
        """Have it use a threshold; whether it does, and what it says."""

    def close(self) -> None:
        """Let go of it."""
