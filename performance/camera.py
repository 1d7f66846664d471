# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cameras that measure: publish images to a node in another process and note when each answer arrives."""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import rclpy
from cac_msgs.msg import OpenSetClassification
from rclpy.context import Context
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from cac_ros.replay.node_process import NodeProcess, ParameterValue
from cac_ros.stamps import stamp_ns
from performance.processes import MeasurementError, Node, running

TIMEOUT = 120.0
"""How long anything that is waited for may take [s]."""

_runs = itertools.count()


class Camera:
    """Publishes images in a namespace of its own; use it as a context manager.

    Args:
        pictures: what each camera publishes, in turns: messages of one type.
        count: of cameras. One publishes on ``image`` as the node expects it; several on ``camera_0/image`` and so on.
    """

    def __init__(self, pictures: Sequence[Image] | Sequence[CompressedImage], count: int = 1) -> None:
        self.namespace = f"/performance_{os.getpid()}_{next(_runs)}"
        self.count = count
        self.answers: dict[int, float] = {}
        self.answered = [0] * count
        self._newest = [0] * count
        self._matched: dict[str, int] = {}
        self._changed = threading.Condition()
        self._context = Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("camera", namespace=self.namespace, context=self._context)
        self._pictures = list(pictures)
        self._publishers = [self._publisher(topic) for topic in self.topics]
        for camera in range(count):
            self._subscribe(camera)
        self._last = 0
        self._process: NodeProcess | None = None
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)

    @property
    def node(self) -> "rclpy.node.Node":
        """To call services with."""
        return self._node

    @property
    def topics(self) -> list[str]:
        """Full names of the image topics, without the ``/compressed`` of JPEG images."""
        names = ["image"] if self.count == 1 else [f"camera_{i}/image" for i in range(self.count)]
        return [f"{self.namespace}/{name}" for name in names]

    @property
    def parameters(self) -> dict[str, ParameterValue]:
        """What our node must be told to read these topics."""
        several = {} if self.count == 1 else {"image_topics": self.topics}
        return {"image_transport": "compressed" if self._compressed else "raw", **several}

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

    @contextmanager
    def watched_by(self, node: Node) -> Iterator[tuple[int, float]]:
        """Run a node that answers, wait until it has been discovered in both directions and has answered 20 images.

        Gives its process id and how long its start took until it was discovered [s]. Raises MeasurementError.
        """
        start = time.perf_counter()
        with running(node, self.namespace) as self._process:
            self._wait(lambda: all(self._matched.values()), "the node was not discovered")
            seconds = time.perf_counter() - start
            for _ in range(20):
                self.ask()
            yield self._process.pid, seconds

    def publish(self, camera: int = 0) -> int:
        """Publish one image; returns its stamp [ns], which no other image of any camera has."""
        stamp = max(time.time_ns(), self._last + 1)
        self._last = stamp
        image = self._pictures[stamp % len(self._pictures)]
        image.header.stamp.sec, image.header.stamp.nanosec = divmod(stamp, 10**9)
        self._publishers[camera].publish(image)
        return stamp

    def ask(self, camera: int = 0) -> float:
        """Publish one image and wait for its answer; returns the latency [s]."""
        start = time.perf_counter()
        stamp = self.publish(camera)
        self._wait(lambda: stamp in self.answers, "an image was not answered")
        return self.answers[stamp] - start

    def latencies(self, frames: int, rate: float) -> tuple[list[float], int]:
        """Publish ``frames`` images of each camera at a steady rate, the cameras evenly shifted against each other.

        Returns:
            The latencies [s] of the answered frames, and the number of those that were lost or replaced.
        """
        published: dict[int, float] = {}
        start = time.perf_counter() + 0.05
        for i in range(frames * self.count):
            time.sleep(max(0.0, start + i / (rate * self.count) - time.perf_counter()))
            now = time.perf_counter()
            published[self.publish(i % self.count)] = now
        self.wait_for(set(published), 5.0)
        answered = [self.answers[stamp] - sent for stamp, sent in published.items() if stamp in self.answers]
        return answered, len(published) - len(answered)

    def wait_for(self, stamps: set[int], seconds: float) -> None:
        """Wait until all these images are answered, but no longer than so many seconds."""
        end = time.perf_counter() + seconds
        with self._changed:
            while not stamps <= self.answers.keys() and time.perf_counter() < end:
                self._changed.wait(0.1)

    def saturated(self, seconds: float, in_flight: int = 3) -> list[float]:
        """Answers per second to each camera with always so many images on their way that the node never waits.

        The cameras publish in step: each gets the same chances, whatever it has made of those before.
        """
        sent: list[list[int]] = [[self.publish(camera) for camera in range(self.count)] for _ in range(in_flight)]
        start, before = time.perf_counter(), list(self.answered)
        while (now := time.perf_counter()) - start < seconds:
            with self._changed:
                # A replaced frame is never answered: the newest answer tells how many are still on their way.
                hungry = any(
                    sum(stamps[camera] > newest for stamps in sent[-in_flight:]) < in_flight
                    for camera, newest in enumerate(self._newest)
                )
                if not hungry:
                    self._changed.wait(0.01)
                    continue
            sent.append([self.publish(camera) for camera in range(self.count)])
        return [(after - first) / (now - start) for after, first in zip(self.answered, before, strict=True)]

    @property
    def _compressed(self) -> bool:
        return isinstance(self._pictures[0], CompressedImage)

    def _publisher(self, topic: str) -> "rclpy.publisher.Publisher[Image] | rclpy.publisher.Publisher[CompressedImage]":
        kind, name = (CompressedImage, f"{topic}/compressed") if self._compressed else (Image, topic)
        reliable = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        events = PublisherEventCallbacks(matched=self._match(name))
        return self._node.create_publisher(kind, name, reliable, event_callbacks=events)

    def _subscribe(self, camera: int) -> None:
        output = "" if self.count == 1 else f"{self.topics[camera]}"
        name = f"{self.namespace}/cac_classifier{output}/classification"
        self._node.create_subscription(
            OpenSetClassification,
            name,
            partial(self._answer, camera),
            QoSProfile(depth=1000),
            event_callbacks=SubscriptionEventCallbacks(matched=self._match(name)),
        )

    def _answer(self, camera: int, message: OpenSetClassification) -> None:
        now = time.perf_counter()
        stamp = stamp_ns(message.header.stamp)
        with self._changed:
            self.answers[stamp] = now
            self.answered[camera] += 1
            self._newest[camera] = max(self._newest[camera], stamp)
            self._changed.notify_all()

    def _match(self, name: str) -> Callable[[object], None]:
        self._matched[name] = 0

        def remember(event: object) -> None:
            with self._changed:
                self._matched[name] = event.current_count  # type: ignore[attr-defined]
                self._changed.notify_all()

        return remember

    def _wait(self, condition: Callable[[], bool], failure: str) -> None:
        end = time.monotonic() + TIMEOUT
        with self._changed:
            while not condition():
                if self._process is not None and self._process.status is not None:
                    raise MeasurementError("the node that is measured has ended; what it said is above")
                if time.monotonic() > end:
                    raise MeasurementError(f"{failure} within {TIMEOUT:.0f} s; what the node said is above")
                self._changed.wait(0.5)
