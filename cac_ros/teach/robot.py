# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The running node: its annotated image, its camera, its model and its threshold."""

from __future__ import annotations

import threading
import time
from typing import Any

import rclpy
from cac_msgs.msg import ClassList, OpenSetClassification
from cac_msgs.srv import LoadModel, SetThreshold
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from cac_core.support.names import one_line
from cac_ros.images import BadFrameError, to_bgr, to_frame
from cac_ros.images.likeness import Picture
from cac_ros.teach.view import ViewStatus

_TIMEOUT = 120.0  # [s]; an engine may compile a model for long
_LOOKED_AT = 5.0  # [s]; how long after the last request the image is still subscribed
_IMAGE_TYPES = {"sensor_msgs/msg/Image": Image, "sensor_msgs/msg/CompressedImage": CompressedImage}


class Robot:
    """A client of one node; messages arrive in a thread of its own.

    The images are subscribed only while the page looks at them: drawing and sending them costs the robot time.

    Args:
        name: of the node, such as /cac_classifier.
    """

    def __init__(self, name: str) -> None:
        self._name = "/" + name.strip("/")
        self._context = Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("cac_teach", context=self._context)
        latched = QoSProfile(
            depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE
        )
        self._classes: ClassList | None = None
        self._answer: OpenSetClassification | None = None
        self._node.create_subscription(ClassList, f"{self._name}/classes", self._on_classes, latched)
        self._node.create_subscription(OpenSetClassification, f"{self._name}/classification", self._on_answer, 1)
        self._load: Any = self._node.create_client(LoadModel, f"{self._name}/load_model")
        self._set: Any = self._node.create_client(SetThreshold, f"{self._name}/set_threshold")
        self._lock = threading.Lock()
        self._shown: tuple[int, bytes] = (0, b"")
        self._raw: tuple[int, Any] = (0, None)
        self._looked = {"shown": 0.0, "raw": 0.0}
        self._subscriptions: dict[str, Any] = {}
        self._node.create_timer(0.5, self._subscribe_what_is_looked_at)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name="teach_robot", daemon=True)
        self._thread.start()

    def status(self) -> ViewStatus:
        """Whether the node is there, its model, and its newest answer."""
        connected = self._load.service_is_ready()
        classes, answer = (self._classes, self._answer) if connected else (None, None)
        return ViewStatus(
            kind="node",
            name=self._name,
            connected=connected,
            model_id=one_line(classes.model_id) if classes else "",
            theta=min(classes.thresholds) if classes and classes.thresholds else None,
            answer=_words(answer) if answer else "",
            problem="" if connected else f"The node {self._name} is not there. Start it, or name it with --node.",
        )

    def shown(self, after: int) -> tuple[int, bytes]:
        """The newest annotated image."""
        self._look_at("shown")
        number, data = self._shown
        return (number, data) if number > after else (number, b"")

    def frame(self, after: int) -> tuple[int, Picture | None]:
        """The newest image of the camera that the node reads."""
        self._look_at("raw")
        number, message = self._raw
        if number <= after:
            return number, None
        try:
            return number, to_bgr(to_frame(message))
        except BadFrameError:
            return number, None

    def load_model(self, path: str) -> tuple[bool, str]:
        """Call ~/load_model and wait for the answer."""
        return self._call(self._load, LoadModel.Request(model_path=path))

    def set_threshold(self, theta: float) -> tuple[bool, str]:
        """Call ~/set_threshold and wait for the answer."""
        return self._call(self._set, SetThreshold.Request(threshold=theta))

    def close(self) -> None:
        """Leave the ROS graph."""
        self._executor.shutdown(1.0)
        self._thread.join(5.0)
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _spin(self) -> None:
        while self._context.ok():
            try:
                self._executor.spin()
                return
            except ExternalShutdownException:
                return
            except Exception as error:  # noqa: BLE001 - a message that cannot be deserialised ends no view
                self._node.get_logger().warning(one_line(str(error)), throttle_duration_sec=10.0)

    def _call(self, client: Any, request: Any) -> tuple[bool, str]:
        if not client.service_is_ready():
            return False, f"The node {self._name} is not there. Nothing was changed."
        done = threading.Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        end = time.monotonic() + _TIMEOUT
        while not done.wait(0.2):
            if not client.service_is_ready() or time.monotonic() > end:
                future.cancel()
                return False, f"The node {self._name} went away, or did not answer. Look at what it says it uses."
        response = future.result()
        return bool(response.success), one_line(response.message)

    def _on_classes(self, message: ClassList) -> None:
        self._classes = message

    def _on_answer(self, message: OpenSetClassification) -> None:
        self._answer = message

    def _on_shown(self, message: CompressedImage) -> None:
        self._shown = (self._shown[0] + 1, bytes(message.data))

    def _on_raw(self, message: Any) -> None:
        self._raw = (self._raw[0] + 1, message)

    def _look_at(self, what: str) -> None:
        with self._lock:
            self._looked[what] = time.monotonic()

    def _subscribe_what_is_looked_at(self) -> None:
        """Runs in the executor's thread, like every callback."""
        with self._lock:
            wanted = {
                what for what, moment in self._looked.items() if moment and time.monotonic() - moment < _LOOKED_AT
            }
        for what in self._subscriptions.keys() - wanted:
            self._node.destroy_subscription(self._subscriptions.pop(what))
        for what in wanted - self._subscriptions.keys():
            topic = self._camera_topic() if what == "raw" else (f"{self._name}/debug_image/compressed", CompressedImage)
            if topic is not None:
                hear = self._on_raw if what == "raw" else self._on_shown
                qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
                self._subscriptions[what] = self._node.create_subscription(topic[1], topic[0], hear, qos)

    def _camera_topic(self) -> tuple[str, type] | None:
        """The first topic of images that the node reads."""
        namespace, _, name = self._name.rpartition("/")
        try:
            found = self._node.get_subscriber_names_and_types_by_node(name, namespace or "/")
        except Exception:  # noqa: BLE001 - rclpy raises several kinds where the node has just gone
            return None
        topics = [
            (topic, _IMAGE_TYPES[kind]) for topic, kinds in sorted(found) for kind in kinds if kind in _IMAGE_TYPES
        ]
        return topics[0] if topics else None


def _words(answer: OpenSetClassification) -> str:
    if answer.unknown:
        nearest = f", nearest {one_line(answer.nearest_label)}" if answer.nearest_label else ""
        return f"unknown{nearest}"
    return str(one_line(answer.label))
