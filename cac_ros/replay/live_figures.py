# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Counters and latencies of a live replay, and whether the counters add up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LiveFigures:
    """Counters and latencies of a live replay; latencies in ms from publishing a frame to receiving its answer."""

    rate: float
    sent: int
    received: int
    classified: int
    replaced: int
    failed: int
    answers: int
    latency_p50: float
    latency_p95: float
    latency_p99: float
    worst_lateness_ms: float

    @property
    def lost(self) -> int:
        """Frames that never reached the node."""
        return self.sent - self.received

    def broken_sums(self) -> list[str]:
        """Sentences about sums that do not hold; empty when all do."""
        parts = self.classified + self.replaced + self.failed
        problems = []
        if self.lost < 0:
            problems.append(f"The node received {self.received} frames but only {self.sent} were sent.")
        if self.received != parts:
            problems.append(
                f"received = {self.received}, but classified + replaced + failed = "
                f"{self.classified} + {self.replaced} + {self.failed} = {parts}."
            )
        if self.answers != self.classified + self.failed:
            problems.append(
                f"The node answered {self.classified + self.failed} frames, but {self.answers} answers arrived."
            )
        return problems

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "rate": self.rate,
            "sent": self.sent,
            "received": self.received,
            "lost": self.lost,
            "classified": self.classified,
            "replaced": self.replaced,
            "failed": self.failed,
            "answers": self.answers,
            "latency_ms": {
                "p50": finite(self.latency_p50), "p95": finite(self.latency_p95), "p99": finite(self.latency_p99)
            },
            "worst_lateness_ms": finite(self.worst_lateness_ms),
        }  # fmt: skip


def finite(value: float) -> float | None:
    """A number as JSON can have it: None for infinity and NaN."""
    return float(value) if math.isfinite(value) else None
