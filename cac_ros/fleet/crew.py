# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What workers have in common, wherever they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cac_ros.fleet.task import Outcome, Task


@dataclass(frozen=True)
class News:
    """Something that a worker tells.

    Attributes:
        worker: its number.
        outcome: of its task; None where the worker has just become ready, or died.
        died: whether it is gone. It is replaced by `Crew.replace`.
        fatal: why no worker can ever start, a sentence; empty otherwise.
    """

    worker: int
    outcome: Outcome | None = None
    died: bool = False
    fatal: str = ""


class Crew(Protocol):
    """Worker processes, numbered from 0. Each says when it is ready, then takes one task after the other."""

    @property
    def size(self) -> int:
        """Number of workers."""

    def give(self, worker: int, task: Task) -> None:
        """Give a task to a worker that has none."""

    def wait(self, seconds: float) -> Sequence[News]:
        """What happened, after waiting for it no longer than this."""

    def replace(self, worker: int) -> None:
        """End a worker, whatever it does, and start another in its place."""

    def close(self) -> None:
        """End all."""
