# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node says of itself on /diagnostics."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from cac_core.support.names import one_line
from cac_ros.node.frame_timings import Timings
from cac_ros.node.newest_frame_worker import Counts

FEWEST_FOR_DRIFT = 100
"""Among fewer classified frames, the share of unknown ones says little."""

STALL_LIMIT = 1.5
"""A frame in the engine for longer than this is an error [s]; told within 2 s, see ``watchdog.py``."""


@dataclass(frozen=True)
class NodeStatus:
    """Everything /diagnostics tells of the node or of one camera, at one moment.

    Attributes:
        state: lifecycle state; "disabled" when active but switched off.
        counts: of the worker.
        timings: of the last frames.
        model_id, engine, device, precision, threshold, known_kept: empty without a model.
        promised_unknown: share of known validation images that the thresholds reject; NaN without a model.
        tolerance: by how much the unknown share may exceed that; 1 = by any.
        topic, transport, reliability: of the image subscription; empty when there is none.
        rate: images a second [Hz].
        age: time since the last image [s].
        lost: images that DDS reported as lost.
        given_up: pictures whose decoder took too long.
        busy_for: how long a frame has been in the engine, or in the decoder [s].
        decoding: it is in the decoder.
        input_problem: why no images arrive, or that many are lost; empty if neither.
        failure: why the last transition failed; empty if it did not.
        problem: what went wrong with frames since the last status; empty if nothing.
        observer_values: further keys and values, of what is switched on.
    """

    state: str
    counts: Counts
    timings: Timings
    model_id: str = ""
    engine: str = ""
    device: str = ""
    precision: str = ""
    threshold: str = ""
    known_kept: str = ""
    promised_unknown: float = math.nan
    tolerance: float = 1.0
    topic: str = ""
    transport: str = ""
    reliability: str = ""
    rate: float = 0.0
    age: float = math.nan
    lost: int = 0
    busy_for: float = 0.0
    decoding: bool = False
    input_problem: str = ""
    failure: str = ""
    problem: str = ""
    given_up: int = 0
    observer_values: Mapping[str, str] = field(default_factory=dict)

    @property
    def stall(self) -> str:
        """That the engine or the decoder hangs, as a sentence; empty while neither does."""
        return "" if self.busy_for <= STALL_LIMIT else hanging(self.decoding, self.busy_for)

    @property
    def drift(self) -> str:
        """That far more frames are unknown than validation promised, as a sentence; empty while they are not."""
        share, promised = self.timings.unknown_share, self.promised_unknown
        if self.timings.classified < FEWEST_FOR_DRIFT or not share > promised + self.tolerance:
            return ""
        return (
            f"{share:.0%} of the last {self.timings.classified} frames are unknown; on the validation images it was "
            f"{promised:.0%}. Compare lighting, focus and distance with the training images. If they differ, train "
            "again with images of this camera. If the camera rightly shows other things most of the time, set "
            "unknown_share_tolerance to 1.0."
        )

    @property
    def error(self) -> str:
        """What keeps frames from being answered, as a sentence; empty if nothing does."""
        return self.stall or self.failure

    @property
    def warning(self) -> str:
        """What else is wrong, as a sentence; empty if nothing is."""
        return self.input_problem or self.problem or self.drift


def hanging(decoding: bool, seconds: float) -> str:
    """That one frame takes very long, as a sentence that blames the right part."""
    if decoding:
        return f"The decoder has been working on one frame for {seconds:.1f} s."
    return f"The engine has been working on one frame for {seconds:.1f} s."


def combined(node: NodeStatus, cameras: Mapping[str, NodeStatus], timings: Timings) -> NodeStatus:
    """The status of several cameras as one: sums, the longest silence, and every camera with a problem.

    Args:
        node: what is not of one camera; its counts are already those of all.
        cameras: status by name of the camera.
        timings: of all frames together.
    """
    each = cameras.values()
    problems = [f"Camera {name}: {status.warning}" for name, status in cameras.items() if status.warning]
    silences = [status.age for status in each if not math.isnan(status.age)]
    return replace(
        node,
        timings=timings,
        tolerance=1.0,  # what share is unknown depends on what a camera shows; each one says it by itself
        topic=", ".join(status.topic for status in each if status.topic),
        rate=sum(status.rate for status in each),
        age=max(silences, default=math.nan),
        lost=sum(status.lost for status in each),
        given_up=sum(status.given_up for status in each),
        problem=" ".join([*filter(None, [node.problem]), *problems]),
    )


def status_message(name: str, hardware_id: str, status: NodeStatus) -> DiagnosticStatus:
    """The status as a message: the worst thing first, all figures as key and value."""
    level, message = DiagnosticStatus.OK, status.state
    if status.error or status.warning:
        level = DiagnosticStatus.ERROR if status.error else DiagnosticStatus.WARN
        message = status.error or status.warning
    return DiagnosticStatus(
        level=level,
        name=name,
        hardware_id=hardware_id,
        message=one_line(message),
        values=[KeyValue(key=key, value=one_line(value)) for key, value in key_values(status).items()],
    )


def key_values(status: NodeStatus) -> dict[str, str]:
    """All figures as texts, by their key in the message; what is not known is empty."""
    counts, timings = status.counts, status.timings
    return {
        "state": status.state,
        "received": str(counts.received),
        "classified": str(counts.classified),
        "replaced": str(counts.replaced),
        "failed": str(counts.failed),
        "unanswered": str(counts.unanswered),
        "given_up": str(status.given_up),
        "waiting": str(counts.waiting + counts.in_work),
        "lost": str(status.lost),
        "input_rate_hz": f"{status.rate:.1f}",
        "input_age_s": _number(status.age, 1),
        "latency_ms_p50": _number(timings.latency_p50, 2),
        "latency_ms_p95": _number(timings.latency_p95, 2),
        "decode_ms_p50": _number(timings.decode_p50, 2),
        "engine_ms_p50": _number(timings.engine_p50, 2),
        "unknown_share": _number(timings.unknown_share, 3),
        "unknown_share_promised": _number(status.promised_unknown, 3),
        "failed_share": _number(timings.failed_share, 3),
        "model_id": status.model_id,
        "engine": status.engine,
        "device": status.device,
        "precision": status.precision,
        "threshold": status.threshold,
        "known_kept": status.known_kept,
        "topic": status.topic,
        "transport": status.transport,
        "reliability": status.reliability,
        **status.observer_values,
    }


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"
