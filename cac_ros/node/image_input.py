# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The image subscription: follows the publisher's reliability and knows why nothing arrives."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
from rclpy.node import Node
from rclpy.qos import QoSPolicyKind, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from rclpy.topic_endpoint_info import TopicEndpointInfo
from sensor_msgs.msg import CompressedImage, Image

from cac_ros.node import why_no_images
from cac_ros.node.image_qos import COMPRESSED_TYPE, RAW_TYPE, image_qos, wanted_reliability, wanted_transport
from cac_ros.node.qos_overrides import overriding_options, policies_given

_RECHECK_PERIOD = 0.25  # [s]; how long a publisher that offers only best effort can go unheard
_RECENT = 5.0  # [s]; what "lately" and the image rate look back at
_TYPES: dict[str, type] = {"raw": Image, "compressed": CompressedImage}
_TYPE_NAMES = {"raw": RAW_TYPE, "compressed": COMPRESSED_TYPE}


class ImageInput:
    """Subscribes while open. All methods are called from the executor's thread.

    Args:
        node: to subscribe with.
        name: of the topic, before namespace and remapping.
        transport: the parameter image_transport.
        reliability: the parameter reliability.
        on_image: called with each message and the time it arrived [s, time.monotonic()].
    """

    def __init__(
        self,
        node: Node,
        name: str,
        transport: str,
        reliability: str,
        on_image: Callable[[Image | CompressedImage, float], None],
    ) -> None:
        self._node = node
        self._name = name
        self._setting = reliability
        self._transport_setting = transport
        self._on_image = on_image
        self._transport = "compressed" if transport == "compressed" else "raw"
        self.reliability: ReliabilityPolicy | None = None
        self._qos = image_qos(ReliabilityPolicy.RELIABLE)
        self._is_fixed = False  # whether qos_overrides sets the reliability
        self.lost = 0
        self._subscription: Subscription[Any] | None = None
        self._timer: Timer | None = None
        self._silent_since = time.monotonic()
        self._arrivals: deque[float] = deque(maxlen=1000)
        self._losses: deque[tuple[float, int]] = deque(maxlen=1000)

    @property
    def topic(self) -> str:
        """Full name of the topic that is read."""
        return self._node.resolve_topic_name(self._topic(self._transport))

    @property
    def is_open(self) -> bool:
        """Whether it is subscribed."""
        return self._timer is not None

    def open(self) -> None:
        """Subscribe."""
        if self.is_open:
            return
        self._silent_since = time.monotonic()
        self._follow_publishers()
        self._timer = self._node.create_timer(
            _RECHECK_PERIOD, self._follow_publishers, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def close(self) -> None:
        """Unsubscribe; does nothing if closed."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
        self._unsubscribe()
        self._arrivals.clear()
        self._losses.clear()

    def silent_for(self) -> float:
        """Time since the last image, or since opening if none came yet [s]."""
        return time.monotonic() - self._silent_since

    def rate(self) -> float:
        """Images a second over the last seconds [Hz]."""
        recent = self._recent_arrivals()
        return (len(recent) - 1) / (time.monotonic() - recent[0]) if len(recent) > 1 else 0.0

    def status_fields(self, timeout: float) -> dict[str, Any]:
        """Its part of the diagnostics: fields of :class:`cac_ros.node.diagnostics.NodeStatus`.

        Args:
            timeout: the parameter input_timeout [s].
        """
        return {
            "topic": self.topic,
            "transport": self._transport,
            "reliability": self.reliability.name.lower() if self.reliability is not None else "",
            "rate": self.rate(),
            "age": self.silent_for(),
            "lost": self.lost,
            "input_problem": self.explain_silence() if self.silent_for() > timeout else self.explain_loss(),
        }

    def explain_silence(self) -> str:
        """Why no image arrives, as a sentence; asks the ROS graph."""
        return why_no_images.explain_silence(
            topic=self.topic,
            name=self._name,
            message_type=_TYPE_NAMES[self._transport],
            qos=self._qos,
            publishers=self._node.get_publishers_info_by_topic(self.topic),
            topics=self._published_topics(),
            read={subscription.topic_name for subscription in self._node.subscriptions},
            silent_for=self.silent_for(),
            lost=self.lost,
            environment=os.environ,
            rmw=rclpy.get_rmw_implementation_identifier(),
        )

    def explain_loss(self) -> str:
        """That images were lost lately, as a sentence; empty if few were."""
        now = time.monotonic()
        lost = sum(count for t, count in self._losses if now - t <= _RECENT)
        if not lost:
            return ""
        return why_no_images.explain_loss(
            topic=self.topic,
            lost=lost,
            received=len(self._recent_arrivals()),
            publishers=self._node.get_publishers_info_by_topic(self.topic),
            environment=os.environ,
            rmw=rclpy.get_rmw_implementation_identifier(),
        )

    def _recent_arrivals(self) -> list[float]:
        now = time.monotonic()
        return [t for t in self._arrivals if now - t <= _RECENT]

    def _published_topics(self) -> dict[str, Sequence[str]]:
        every = dict(self._node.get_topic_names_and_types())
        topics = why_no_images.without_our_own(every, self._node.get_publishers_info_by_topic)
        candidates = why_no_images.image_topics(topics)
        own = f"{self._node.get_fully_qualified_name()}/"  # the annotated images; reading those helps nobody
        return {
            name: topics[name] for name in candidates if not name.startswith(own) and self._node.count_publishers(name)
        }

    def _topic(self, transport: str) -> str:
        # image_transport's convention: a remapped image takes its compressed topic with it.
        return f"{self._node.resolve_topic_name(self._name)}/compressed" if transport == "compressed" else self._name

    def _publishers(self, transport: str) -> list[TopicEndpointInfo]:
        topic = self._node.resolve_topic_name(self._topic(transport))
        return [p for p in self._node.get_publishers_info_by_topic(topic) if p.topic_type == _TYPE_NAMES[transport]]

    def _follow_publishers(self) -> None:
        if self._transport_setting == "auto":
            self._follow_transport()
        publishers = self._publishers(self._transport)
        wanted = wanted_reliability(self._setting, publishers, self.reliability)
        if self._subscription is None or (wanted != self.reliability and not self._is_fixed):
            self._unsubscribe()
            self._subscribe(wanted)

    def _follow_transport(self) -> None:
        counts = {transport: len(self._publishers(transport)) for transport in _TYPES}
        wanted = wanted_transport("auto", **counts, current=self._transport)
        if wanted != self._transport:
            self._unsubscribe()
            self._transport = wanted

    def _subscribe(self, reliability: ReliabilityPolicy) -> None:
        events = SubscriptionEventCallbacks(
            message_lost=self._on_lost,
            # With "auto" the next check follows the publisher; otherwise explain_silence() says it with the fix.
            incompatible_qos=lambda _: None,
        )
        qos, policies = image_qos(reliability), policies_given(self._node, self.topic)
        kind, name = _TYPES[self._transport], self._topic(self._transport)
        hear = partial(
            self._node.create_subscription, kind, name, self._receive, qos,
            qos_overriding_options=overriding_options(policies),
        )  # fmt: skip
        try:
            self._subscription = hear(event_callbacks=events)
        except UnsupportedEventTypeError:  # a middleware that does not report losses
            self._subscription = hear()
        self._qos, self.reliability = qos, qos.reliability  # rclpy has put the overrides into it
        self._is_fixed = QoSPolicyKind.RELIABILITY in policies
        overridden = "".join(f", {kind.name.lower()} by qos_overrides" for kind in policies)
        self._node.get_logger().info(
            f"Reading {self.topic} ({_TYPE_NAMES[self._transport]}, {qos.reliability.name.lower()}{overridden})"
        )

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
        self._subscription = None
        self.reliability = None

    def _receive(self, message: Image | CompressedImage) -> None:
        now = time.monotonic()
        self._silent_since = now
        self._arrivals.append(now)
        self._on_image(message, now)

    def _on_lost(self, event: Any) -> None:
        self.lost += event.total_count_change
        self._losses.append((time.monotonic(), event.total_count_change))
