# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Play a bag to the real node over DDS, in real time, and collect what it answers.

The node runs as its own process, in a namespace and (unless ROS_DOMAIN_ID is set, or it is to be watched) a ROS domain
of its own. Frames are stamped anew with the time of their publication, as a camera does: stamps of a recording may
repeat or lie years back, and the answers are told apart by them.
"""

from __future__ import annotations

import math
import os
import signal
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rclpy
from cac_msgs.msg import OpenSetClassification
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from cac_core.predictor import Reason, failed
from cac_core.support import console
from cac_core.support.errors import CacError
from cac_ros.bags.reader import Bag, BagMessage, MessageError, Topic
from cac_ros.node.diagnostics import percentile
from cac_ros.replay.node_process import NodeProcess
from cac_ros.replay.results import UNKNOWN, FrameResult, LiveFigures, from_decision, no_answer

START_TIMEOUT = 300.0
"""How long the node may take to load its model and to be discovered [s]; an engine may compile for minutes."""

DISCOVERY_TIMEOUT = 30.0
"""How long the two processes may take to find each other once the node has loaded its model [s]."""

ATTEMPTS = 3
"""How often the replay is begun anew, each time in another ROS domain, when they do not find each other."""

SETTLE_TIMEOUT = 60.0
"""How long the node may take to answer the last frames [s]."""

COUNTERS = ("received", "classified", "replaced", "failed")
"""Keys of the node's diagnostics; the first is the sum of the others once the node is idle."""

# Shared memory alone: both ends are on this machine, and discovery then needs no network that passes multicast. Its
# default size is smaller than one 640x480 colour frame.
LOCAL_TRANSPORT = "SHM?max_msg_size=1MB&sockets_size=8MB&non_blocking=false"

WATCHED = "/cac_replay/debug_image"
"""The annotated image of a replay that is to be watched; compressed on .../compressed. As in replay.launch.py."""

_REPORT_PERIOD = 0.2  # [s]; of the node's diagnostics, from which the counters are read
_STILL = 2.0  # [s]; counters that stand still for so long will not move any more
_LATE = 0.1  # [s]; publishing later than this is worth a note


class LiveError(CacError):
    """A live replay that could not be done."""


class NotDiscoveredError(LiveError):
    """The node runs, and the replay does not see it."""


@dataclass(frozen=True)
class LiveResult:
    """What a live replay gives: a row per frame, sentences, counters, and what the node said of its model."""

    rows: list[FrameResult]
    notes: list[str]
    figures: LiveFigures
    model: dict[str, str]


@dataclass(frozen=True)
class _Sent:
    """A frame on its way: `new_stamp` is the one it was published with, None when it could not be published."""

    index: int
    time_ns: int
    stamp_ns: int
    new_stamp: int | None
    published_at: float


def replay(
    bag: Bag,
    topic: Topic,
    class_names: Sequence[str],
    parameters: dict[str, str | bool | float],
    rate: float = 1.0,
    watch: bool = False,
) -> LiveResult:
    """Start the node, play one image topic to it, and end the node.

    Args:
        bag: the bag, open.
        topic: its image topic.
        class_names: the model's classes in index order.
        parameters: of the node; `model_path` at least.
        rate: times the bag's own pace.
        watch: publish the annotated image on `WATCHED`, in the ROS domain and over the transport that the user's other
            programs have; otherwise nobody hears this replay.

    Raises:
        LiveError: the node was not found, or did not answer in time.
        NodeProcessError: the node did not start or ended early; with its reason.
    """
    attempts = 1 if watch or "ROS_DOMAIN_ID" in os.environ else ATTEMPTS  # a domain of the user's choice is kept
    notes = _prepare_environment(watch)
    while True:
        try:
            return _replay(bag, topic, class_names, parameters, rate, watch, notes)
        except NotDiscoveredError as error:
            attempts -= 1
            if attempts == 0:
                raise
            # Seen once on a busy machine and never explained: both processes run, and neither sees the other.
            console.warn(f"{error} Trying again in the next domain.")
            os.environ["ROS_DOMAIN_ID"] = str(1 + int(os.environ["ROS_DOMAIN_ID"]) % 100)


def _replay(
    bag: Bag,
    topic: Topic,
    class_names: Sequence[str],
    parameters: dict[str, str | bool | float],
    rate: float,
    watch: bool,
    notes: list[str],
) -> LiveResult:
    """Make one attempt."""
    notes = list(notes)
    compressed = topic.msgtype.endswith("/CompressedImage")
    namespace = f"/cac_replay_{os.getpid()}"
    settings = {
        **parameters,
        "image_transport": "compressed" if compressed else "raw",
        "diagnostics_period": _REPORT_PERIOD,
        "autostart": True,
    }
    reports = f"{namespace}/diagnostics"
    names = {"/diagnostics": reports}
    if watch:
        names |= {"~/debug_image": WATCHED, "~/debug_image/compressed": f"{WATCHED}/compressed"}
    with (
        _ended_by_sigterm(),
        tempfile.TemporaryDirectory(prefix="cac_replay_") as folder,
        _Driver(namespace, reports, compressed) as driver,
        NodeProcess(Path(folder), namespace, settings, names) as node,
    ):
        with console.err.status("starting the node"):
            driver.wait_ready(node)
        sent, lateness, complaints = _play(bag.messages(topic.name), topic.count, driver, node, rate)
        notes += complaints
        published = [frame for frame in sent if frame.new_stamp is not None]
        driver.settle(len(published), node)
        rows, latencies = _rows(sent, driver.answers, class_names)
        model = {key: driver.report.get(key, "") for key in ("engine", "device")}
        counters = {key: int(driver.report[key]) for key in COUNTERS}
    figures = LiveFigures(
        rate=rate,
        sent=len(published),
        **counters,
        answers=len(latencies),
        latency_p50=percentile(latencies, 0.50) if latencies else math.nan,
        latency_p95=percentile(latencies, 0.95) if latencies else math.nan,
        latency_p99=percentile(latencies, 0.99) if latencies else math.nan,
        worst_lateness_ms=1e3 * lateness,
    )
    if lateness > _LATE:
        notes.append(f"The bag could not be played at its pace: a frame was published {lateness:.2f} s late.")
    if figures.lost > 0:
        notes.append(f"{figures.lost} of {figures.sent} frames were lost on their way to the node.")
    if figures.replaced:
        notes.append(f"Frames replaced by newer ones before the node could classify them: {figures.replaced}.")
    return LiveResult(rows, notes, figures, model)


def _prepare_environment(watch: bool) -> list[str]:
    """Set what ROS reads from the environment, unless the user did; returns sentences about what slows it down."""
    notes = []
    if watch:  # programs with another transport setting than ours would neither see the node nor be seen
        os.environ.setdefault("ROS_DOMAIN_ID", "0")
        where = f"{WATCHED} (and {WATCHED}/compressed) in ROS domain {os.environ['ROS_DOMAIN_ID']}"
        console.err.print(f"watch {where}", markup=False, highlight=False)
        notes.append(f"The annotated image could be watched on {where}; latencies are longer than without --watch.")
    else:
        os.environ.setdefault("FASTDDS_BUILTIN_TRANSPORTS", LOCAL_TRANSPORT)
        os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    # The discovery range stays as it is: with LOCALHOST, rmw_fastrtps makes transports of its own and ignores the
    # variable. Measured with 640x480 colour frames: p50 14 ms instead of 4 ms.
    local = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").upper() == "LOCALHOST"
    if (
        local or os.environ.get("ROS_LOCALHOST_ONLY") == "1"
    ) and "fastrtps" in rclpy.get_rmw_implementation_identifier():
        notes.append("Discovery is limited to this machine (LOCALHOST), which makes Fast DDS slow with large images.")
    return notes


def _play(
    messages: Iterator[BagMessage], count: int, driver: _Driver, node: NodeProcess, rate: float
) -> tuple[list[_Sent], float, list[str]]:
    """Publish every frame at its time; also the worst delay [s], and sentences about frames that cannot be sent."""
    sent: list[_Sent] = []
    complaints: dict[str, int] = {}
    lateness, new_stamp = 0.0, 0
    start: float | None = None
    first_ns, before = 0, 0.0
    with console.progress_bar() as bar:
        task = bar.add_task("playing the bag", total=count or None)
        for index, message in enumerate(messages):
            try:
                stamp = message.decode().header.stamp
                stamp_ns = stamp.sec * 10**9 + stamp.nanosec
                data = bytearray(message.cdr())
            except MessageError as error:  # a middleware must not be given such bytes
                complaints[str(error)] = complaints.get(str(error), 0) + 1
                sent.append(_Sent(index, message.time_ns, 0, None, 0.0))
                continue
            if start is None:
                start, first_ns = time.monotonic() + 0.05, message.time_ns
            due = start + (message.time_ns - first_ns) / 1e9 / rate
            while (left := due - time.monotonic()) > 0:
                time.sleep(min(left, 0.5))
                node.check()
            lateness = max(lateness, time.monotonic() - due)
            new_stamp = max(time.time_ns(), new_stamp + 1)
            _write_stamp(data, new_stamp)
            published_at = time.monotonic()
            driver.images.publish(bytes(data))
            sent.append(_Sent(index, message.time_ns, stamp_ns, new_stamp, published_at))
            bar.advance(task)
            # Reading the next frame would hold up the thread that receives the answer, and so lengthen the latency.
            driver.wait_for_answer(new_stamp, (due - before) / 2 if before else 0.0)
            before = due
    notes = [f"{n} of {len(sent)} frames could not be sent: {why}." for why, n in complaints.items()]
    return sent, lateness, notes


def _write_stamp(data: bytearray, stamp_ns: int) -> None:
    """Change the stamp of a serialised message whose first field is a header: it follows the 4 bytes of CDR's own."""
    order = "<" if data[1] & 1 else ">"
    struct.pack_into(f"{order}iI", data, 4, stamp_ns // 10**9, stamp_ns % 10**9)


def _rows(
    sent: Sequence[_Sent], answers: dict[int, tuple[float, Any]], class_names: Sequence[str]
) -> tuple[list[FrameResult], list[float]]:
    """A row per frame, and the latencies [ms] of the answered ones."""
    index_of = {name: index for index, name in enumerate(class_names)}
    rows, latencies = [], []
    for frame in sent:
        if frame.new_stamp is None:
            rows.append(from_decision(frame.index, frame.time_ns, frame.stamp_ns, failed(Reason.BAD_FRAME)))
            continue
        if frame.new_stamp not in answers:
            rows.append(no_answer(frame.index, frame.time_ns, frame.stamp_ns))
            continue
        received_at, answer = answers[frame.new_stamp]
        latency = 1e3 * (received_at - frame.published_at)
        latencies.append(latency)
        rows.append(
            FrameResult(
                index=frame.index,
                time_ns=frame.time_ns,
                stamp_ns=frame.stamp_ns,
                unknown=answer.unknown,
                class_index=answer.class_index,
                nearest_index=index_of.get(answer.nearest_label, UNKNOWN),
                rejection_score=answer.rejection_score,
                threshold=answer.threshold,
                reason=Reason(answer.reason).name,
                latency_ms=latency,
            )
        )
    return rows, latencies


class _Driver:
    """Our end of the topics. Messages and matches arrive in a thread of its own; waiting is for what they change."""

    def __init__(self, namespace: str, reports: str, compressed: bool) -> None:
        self.answers: dict[int, tuple[float, OpenSetClassification]] = {}
        self.report: dict[str, str] = {}
        self._reports_seen = 0
        self._matched = {"images": 0, "answers": 0, "reports": 0}
        self._changed = threading.Condition()
        self._context = Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("cac_replay", namespace=namespace, context=self._context)
        self.images = self._node.create_publisher(
            CompressedImage if compressed else Image,
            "image/compressed" if compressed else "image",
            QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE),
            event_callbacks=PublisherEventCallbacks(matched=self._on_match("images")),
        )
        self._hear(OpenSetClassification, "cac_classifier/classification", self._on_answer, "answers")
        self._hear(DiagnosticArray, reports, self._on_report, "reports")
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._executor.spin, name="cac_replay", daemon=True)

    def __enter__(self) -> _Driver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self._thread.join(5.0)
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def ready(self) -> bool:
        """Whether the node is active and each side has found the other."""
        return all(self._matched.values()) and self.report.get("state") == "active"

    def wait_ready(self, node: NodeProcess) -> None:
        """Wait until the node is active and each side has found the other.

        Raises:
            NotDiscoveredError: the node has long been active, by its log, and nothing of it is seen here.
            LiveError: it did not become active.
            NodeProcessError: the node ended.
        """
        active_since: float | None = None

        def ready_or_lonely() -> bool:
            nonlocal active_since
            if active_since is None and node.says_loaded():
                active_since = time.monotonic()
            lonely = active_since is not None and time.monotonic() - active_since > DISCOVERY_TIMEOUT
            return self.ready() or lonely

        self.wait(ready_or_lonely, node, START_TIMEOUT, "the node did not become active")
        if not self.ready():
            domain = os.environ.get("ROS_DOMAIN_ID", "0")
            raise NotDiscoveredError(
                f"The node is active but was not discovered within {DISCOVERY_TIMEOUT:g} s in ROS domain {domain}; "
                "see whether another program uses this domain, or set ROS_DOMAIN_ID to a free one."
            )

    def wait_for_answer(self, stamp_ns: int, timeout: float) -> None:
        """Wait until the frame with this stamp is answered, but no longer than `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: stamp_ns in self.answers, min(timeout, 0.1))

    def settle(self, sent: int, node: NodeProcess) -> None:
        """Wait until the node has dealt with everything that reached it and its answers are here.

        The wait ends at once when all frames are accounted for. With frames lost, the counters must have stood still
        for two seconds while nothing waits in the node.
        """
        with self._changed:
            seen = self._reports_seen
        counters: tuple[int, ...] = ()
        unchanged_since = time.monotonic()

        def settled() -> bool:
            nonlocal seen, counters, unchanged_since
            if self._reports_seen == seen:
                return False  # only a report from after the last frame counts
            seen = self._reports_seen
            before, counters = counters, tuple(int(self.report[key]) for key in COUNTERS)
            if counters != before:
                unchanged_since = time.monotonic()
            received, classified, replaced, failures = counters
            complete = received == classified + replaced + failures and len(self.answers) >= classified + failures
            idle = time.monotonic() - unchanged_since >= _STILL and int(self.report["waiting"]) == 0
            return (complete and received >= sent) or idle

        self.wait(settled, node, SETTLE_TIMEOUT, "the node did not answer its last frames")

    def wait(self, condition: Callable[[], bool], node: NodeProcess, timeout: float, failure: str) -> None:
        """Wait until something that arrives makes the condition true.

        Raises:
            LiveError: it took longer than `timeout` seconds.
            NodeProcessError: the node ended.
        """
        end = time.monotonic() + timeout
        with self._changed:
            while not condition():
                node.check()
                if time.monotonic() > end:
                    last = node.last_words()
                    raise LiveError(f"Within {timeout:g} s {failure}; the last line of its log is: {last}")
                self._changed.wait(0.2)

    def _hear(self, kind: Any, topic: str, callback: Callable[[Any], None], name: str) -> None:
        events = SubscriptionEventCallbacks(matched=self._on_match(name))
        self._node.create_subscription(kind, topic, callback, QoSProfile(depth=1000), event_callbacks=events)

    def _on_match(self, name: str) -> Callable[[Any], None]:
        def remember(event: Any) -> None:
            with self._changed:
                self._matched[name] = event.current_count
                self._changed.notify_all()

        return remember

    def _on_answer(self, message: OpenSetClassification) -> None:
        now = time.monotonic()
        stamp = message.header.stamp
        with self._changed:
            self.answers[stamp.sec * 10**9 + stamp.nanosec] = (now, message)
            self._changed.notify_all()

    def _on_report(self, message: DiagnosticArray) -> None:
        with self._changed:
            self.report = {item.key: item.value for status in message.status for item in status.values}
            self._reports_seen += 1
            self._changed.notify_all()


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that the node is ended like after any other error."""

    def end(*_: object) -> None:
        raise SystemExit(143)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
