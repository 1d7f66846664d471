# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Our end of the topics of a live replay: publishes frames, hears answers and reports, and waits for them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from cac_msgs.msg import OpenSetClassification
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from cac_core.support.errors import CacError
from cac_ros.replay.node_process import NodeProcess
from cac_ros.replay.transport import how_they_see_each_other
from cac_ros.stamps import stamp_ns

START_TIMEOUT = 300.0
"""How long the node may take to load its model and to be discovered [s]; an engine may compile for minutes."""

DISCOVERY_TIMEOUT = 30.0
"""How long the two processes may take to find each other once the node is active [s]."""

SETTLE_TIMEOUT = 60.0
"""How long the node may take to answer the last frames [s]."""

COUNTERS = ("received", "classified", "replaced", "failed")
"""Keys of the node's diagnostics; the first is the sum of the others once the node is idle."""

_STILL = 2.0  # [s]; counters that stand still for so long will not move any more
_LONGEST_ANSWER = 0.1  # [s]; a frame that takes longer is not waited for


class LiveError(CacError):
    """A live replay that could not be done."""


class NotDiscoveredError(LiveError):
    """The node runs, and the replay does not see it."""


class DdsDriver:
    """Publisher and subscriptions; messages and matches arrive in a thread of its own. Use it in a `with` statement.

    Attributes:
        answers: for the stamp [ns] of a frame, when its answer arrived (seconds of the monotonic clock), and that
            answer.
        report: keys and values of the newest report on /diagnostics.
    """

    def __init__(self, namespace: str, reports: str, compressed: bool) -> None:
        """Make the topics.

        Args:
            namespace: of the node.
            reports: name of the topic of its diagnostics.
            compressed: whether frames are of the type CompressedImage.
        """
        self.answers: dict[int, tuple[float, OpenSetClassification]] = {}
        self.report: dict[str, str] = {}
        self._reports_seen = 0
        self._matched = {"images": 0, "answers": 0, "reports": 0}
        self._changed = threading.Condition()
        self._context = Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("cac_replay", namespace=namespace, context=self._context)
        self._images = self._node.create_publisher(
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

    def __enter__(self) -> DdsDriver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self._thread.join(5.0)
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def publish(self, data: bytes) -> None:
        """Publish a serialised frame."""
        self._images.publish(data)

    def counters(self) -> dict[str, int]:
        """What the node's newest report counts."""
        return {key: int(self.report[key]) for key in COUNTERS}

    def ready(self) -> bool:
        """Whether the node is active and each side has found the other."""
        return all(self._matched.values()) and self.report.get("state") == "active"

    def wait_ready(self, node: NodeProcess) -> None:
        """Wait until the node is active and each side has found the other.

        Raises:
            NotDiscoveredError: the node has long said that it is active, and nothing of it is seen here.
            LiveError: it did not become active.
            NodeProcessError: the node ended.
        """
        active_since: float | None = None

        def ready_or_lonely() -> bool:
            nonlocal active_since
            if active_since is None and node.ready():
                active_since = time.monotonic()
            lonely = active_since is not None and time.monotonic() - active_since > DISCOVERY_TIMEOUT
            return self.ready() or lonely

        self.wait(ready_or_lonely, node, START_TIMEOUT, "the node did not become active")
        if not self.ready():
            domain = os.environ.get("ROS_DOMAIN_ID", "0")
            raise NotDiscoveredError(
                f"The node is active but was not discovered within {DISCOVERY_TIMEOUT:g} s in ROS domain {domain}; "
                "see whether another program uses this domain, or set ROS_DOMAIN_ID to a free one, and check that "
                f"{how_they_see_each_other()}."
            )

    def wait_for_answer(self, stamp_ns: int, timeout: float) -> None:
        """Wait until the frame with this stamp is answered, but no longer than `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: stamp_ns in self.answers, min(timeout, _LONGEST_ANSWER))

    def settle(self, sent: int, node: NodeProcess) -> None:
        """Wait until the node has dealt with everything that reached it and its answers are here.

        The wait ends at once when all frames are accounted for. With frames lost, the counters must have stood still
        for two seconds while nothing waits in the node.

        Raises:
            LiveError: it did not answer the last frames in time.
            NodeProcessError: the node ended.
        """
        with self._changed:
            seen = self._reports_seen
        counters: dict[str, int] = {}
        unchanged_since = time.monotonic()

        def settled() -> bool:
            nonlocal seen, counters, unchanged_since
            if self._reports_seen == seen:
                return False  # only a report from after the last frame counts
            seen = self._reports_seen
            before, counters = counters, self.counters()
            if counters != before:
                unchanged_since = time.monotonic()
            received, classified, replaced, failures = (counters[key] for key in COUNTERS)
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
        with self._changed:
            self.answers[stamp_ns(message.header.stamp)] = (now, message)
            self._changed.notify_all()

    def _on_report(self, message: DiagnosticArray) -> None:
        with self._changed:
            self.report = {item.key: item.value for status in message.status for item in status.values}
            self._reports_seen += 1
            self._changed.notify_all()
