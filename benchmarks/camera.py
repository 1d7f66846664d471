# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera that measures: publishes images to a node in another process and notes when each answer arrives."""

import threading
import time
from collections.abc import Callable

import numpy as np
import rclpy
from cac_msgs.msg import OpenSetClassification
from rclpy.context import Context
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

TIMEOUT = 120.0
"""How long anything that is waited for may take [s]."""


class Camera:
    """Publishes bgr8 images in a namespace of its own; use it as a context manager.

    Args:
        namespace: of the node that is measured.
        width: of the images, in pixels.
        height: of the images, in pixels.
    """

    def __init__(self, namespace: str, width: int = 640, height: int = 480) -> None:
        self.answers: dict[int, float] = {}
        self._matched = [0, 0]
        self._changed = threading.Condition()
        self._context = Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("camera", namespace=namespace, context=self._context)
        reliable = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        self._images = self._node.create_publisher(
            Image, "image", reliable, event_callbacks=PublisherEventCallbacks(matched=self._match(0))
        )
        self._node.create_subscription(
            OpenSetClassification,
            "cac_classifier/classification",
            self._answer,
            QoSProfile(depth=1000),
            event_callbacks=SubscriptionEventCallbacks(matched=self._match(1)),
        )
        random = np.random.default_rng(0)
        self._pictures = [
            Image(
                height=height,
                width=width,
                encoding="bgr8",
                step=3 * width,
                data=random.integers(0, 256, height * width * 3, dtype=np.uint8).tobytes(),
            )
            for _ in range(4)
        ]
        self._last = 0
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)

    def __enter__(self) -> "Camera":
        """Start to listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._thread.join(5.0)
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def wait_matched(self) -> None:
        """Wait until the node under test has been discovered in both directions."""
        self._wait(lambda: all(self._matched), "the node was not discovered")

    def publish(self) -> int:
        """Publish one image; returns its stamp [ns]."""
        stamp = max(time.time_ns(), self._last + 1)
        self._last = stamp
        image = self._pictures[stamp % len(self._pictures)]
        image.header.stamp.sec, image.header.stamp.nanosec = divmod(stamp, 10**9)
        self._images.publish(image)
        return stamp

    def ask(self) -> float:
        """Publish one image and wait for its answer; returns the latency [s]."""
        start = time.perf_counter()
        stamp = self.publish()
        self._wait(lambda: stamp in self.answers, "an image was not answered")
        return self.answers[stamp] - start

    def latencies(self, frames: int, rate: float) -> tuple[list[float], int]:
        """Publish at a steady rate; returns the latencies [s] of the answered frames and the number of lost ones."""
        published: dict[int, float] = {}
        start = time.perf_counter() + 0.05
        for i in range(frames):
            time.sleep(max(0.0, start + i / rate - time.perf_counter()))
            now = time.perf_counter()
            published[self.publish()] = now
        end = time.perf_counter() + 5.0
        with self._changed:
            while len(published.keys() & self.answers.keys()) < frames and time.perf_counter() < end:
                self._changed.wait(0.1)
        answered = [self.answers[stamp] - sent for stamp, sent in published.items() if stamp in self.answers]
        return answered, frames - len(answered)

    def saturated(self, seconds: float, in_flight: int = 3) -> float:
        """Answers per second with always so many images on their way that the node never waits."""
        sent: list[int] = [self.publish() for _ in range(in_flight)]
        start, before = time.perf_counter(), len(self.answers)
        while (now := time.perf_counter()) - start < seconds:
            with self._changed:
                # A replaced frame is never answered: the newest answer tells how many are still on their way.
                newest = max(self.answers, default=0)
                if sum(stamp > newest for stamp in sent[-in_flight:]) >= in_flight:
                    self._changed.wait(0.01)
                    continue
            sent.append(self.publish())
        return (len(self.answers) - before) / (now - start)

    def _answer(self, message: OpenSetClassification) -> None:
        now = time.perf_counter()
        with self._changed:
            self.answers[message.header.stamp.sec * 10**9 + message.header.stamp.nanosec] = now
            self._changed.notify_all()

    def _match(self, index: int) -> Callable[[object], None]:
        def remember(event: object) -> None:
            with self._changed:
                self._matched[index] = event.current_count  # type: ignore[attr-defined]
                self._changed.notify_all()

        return remember

    def _wait(self, condition: Callable[[], bool], failure: str) -> None:
        end = time.monotonic() + TIMEOUT
        with self._changed:
            while not condition():
                if time.monotonic() > end:
                    raise TimeoutError(failure)
                self._changed.wait(0.5)
