# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node says of itself on /diagnostics."""

import math
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from cac_ros.node.worker import Counts

FEWEST_FOR_DRIFT = 100
"""With fewer classified frames in the window, their unknown share says little."""

STALL_LIMIT = 2.0
"""A frame in the engine for longer than this is an error [s]."""


@dataclass(frozen=True)
class Timings:
    """Of the frames in the window: latencies [ms], NaN before the first frame; shares in [0, 1].

    Attributes:
        latency_p50: from the arrival of the message to the publication of the answer, median.
        latency_p95: the same, 95th percentile.
        decode_p50: reading the message, median.
        engine_p50: in the engine, median.
        unknown_share: of the classified frames.
        failed_share: of all answered frames.
        classified: number of classified frames in the window.
    """

    latency_p50: float = math.nan
    latency_p95: float = math.nan
    decode_p50: float = math.nan
    engine_p50: float = math.nan
    unknown_share: float = math.nan
    failed_share: float = math.nan
    classified: int = 0


Row = tuple[float, float, float, bool, bool]
"""Of one frame: latency, decoding and engine [s], whether it is unknown, whether it failed."""


class Window:
    """The last answered frames. Filled by the worker thread, read by the executor's."""

    def __init__(self, size: int = 300) -> None:
        self._lock = threading.Lock()
        self._rows: deque[Row] = deque(maxlen=size)

    def add(self, *, latency_s: float, decode_s: float, engine_s: float, unknown: bool, failed: bool) -> None:
        """Add one answered frame."""
        with self._lock:
            self._rows.append((latency_s, decode_s, engine_s, unknown, failed))

    def rows(self) -> list[Row]:
        """What was added, oldest first."""
        with self._lock:
            return list(self._rows)

    def clear(self) -> None:
        """Forget all: what comes next is answered by another rule."""
        with self._lock:
            self._rows.clear()


def timings_of(*windows: Window) -> Timings:
    """The figures of one or several windows together."""
    rows = [row for window in windows for row in window.rows()]
    if not rows:
        return Timings()
    latencies, decode, engine, _, failures = zip(*rows, strict=True)
    good = [unknown for *_, unknown, failed in rows if not failed]
    return Timings(
        latency_p50=1e3 * percentile(latencies, 0.5),
        latency_p95=1e3 * percentile(latencies, 0.95),
        decode_p50=1e3 * median(decode),
        engine_p50=1e3 * median(engine),
        unknown_share=sum(good) / len(good) if good else math.nan,
        failed_share=sum(failures) / len(rows),
        classified=len(good),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@dataclass(frozen=True)
class Report:
    """Everything /diagnostics tells, at one moment.

    Attributes:
        state: lifecycle state; "disabled" when active but switched off.
        counts: of the worker.
        timings: of the last frames.
        model_id, engine, device, threshold, known_kept: empty without a model.
        promised_unknown: share of known validation images that the thresholds reject; NaN without a model.
        tolerance: by how much the unknown share may exceed that; 1 = by any.
        topic, transport, reliability: of the image subscription; empty when there is none.
        rate: images a second [Hz].
        age: time since the last image [s].
        lost: images that DDS reported as lost.
        busy_for: how long a frame has been in the engine [s].
        input_problem: why no images arrive, or that many are lost; empty if neither.
        failure: why the last transition failed; empty if it did not.
        problem: what went wrong with frames since the last report; empty if nothing.
        extra: further keys and values, of what is switched on.
    """

    state: str
    counts: Counts
    timings: Timings
    model_id: str = ""
    engine: str = ""
    device: str = ""
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
    input_problem: str = ""
    failure: str = ""
    problem: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def stall(self) -> str:
        """That the engine hangs, as a sentence; empty while it does not."""
        if self.busy_for <= STALL_LIMIT:
            return ""
        return f"The engine has been working on one frame for {self.busy_for:.1f} s."

    @property
    def drift(self) -> str:
        """That far more frames are unknown than validation promised, as a sentence; empty while they are not."""
        share, promised = self.timings.unknown_share, self.promised_unknown
        if self.timings.classified < FEWEST_FOR_DRIFT or not share > promised + self.tolerance:
            return ""
        return (
            f"{share:.0%} of the last {self.timings.classified} frames are unknown, of the validation images it was "
            f"{promised:.0%}: compare lighting, focus and distance with the training images, and train again with "
            "images of this camera if they differ. If it shows other things most of the time, set "
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


def together(node: Report, cameras: Mapping[str, Report], timings: Timings) -> Report:
    """What several cameras report, as one report: sums, the longest silence, and every camera with a problem.

    Args:
        node: what is not of one camera; its counts are already those of all.
        cameras: reports by name of the camera.
        timings: of all frames together.
    """
    reports = cameras.values()
    problems = [f"Camera {name}: {report.warning}" for name, report in cameras.items() if report.warning]
    silences = [report.age for report in reports if not math.isnan(report.age)]
    return replace(
        node,
        timings=timings,
        tolerance=1.0,  # what share is unknown depends on what a camera shows; each one says it by itself
        topic=", ".join(report.topic for report in reports if report.topic),
        rate=sum(report.rate for report in reports),
        age=max(silences, default=math.nan),
        lost=sum(report.lost for report in reports),
        problem=" ".join([*filter(None, [node.problem]), *problems]),
    )


def status(name: str, hardware_id: str, report: Report) -> DiagnosticStatus:
    """The report as a message: the worst thing first, all figures as key and value."""
    level, message = DiagnosticStatus.OK, report.state
    if report.error or report.warning:
        level = DiagnosticStatus.ERROR if report.error else DiagnosticStatus.WARN
        message = report.error or report.warning
    return DiagnosticStatus(
        level=level,
        name=name,
        hardware_id=hardware_id,
        message=message,
        values=[KeyValue(key=key, value=value) for key, value in _values(report).items()],
    )


def _values(report: Report) -> dict[str, str]:
    counts, timings = report.counts, report.timings
    return {
        "state": report.state,
        "received": str(counts.received),
        "classified": str(counts.classified),
        "replaced": str(counts.replaced),
        "failed": str(counts.failed),
        "waiting": str(counts.waiting + counts.in_work),
        "lost": str(report.lost),
        "input_rate_hz": f"{report.rate:.1f}",
        "input_age_s": _number(report.age, 1),
        "latency_ms_p50": _number(timings.latency_p50, 2),
        "latency_ms_p95": _number(timings.latency_p95, 2),
        "decode_ms_p50": _number(timings.decode_p50, 2),
        "engine_ms_p50": _number(timings.engine_p50, 2),
        "unknown_share": _number(timings.unknown_share, 3),
        "unknown_share_promised": _number(report.promised_unknown, 3),
        "failed_share": _number(timings.failed_share, 3),
        "model_id": report.model_id,
        "engine": report.engine,
        "device": report.device,
        "threshold": report.threshold,
        "known_kept": report.known_kept,
        "topic": report.topic,
        "transport": report.transport,
        "reliability": report.reliability,
        **report.extra,
    }


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"
