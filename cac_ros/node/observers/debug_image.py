# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The annotated image on ``~/debug_image`` and ``~/debug_image/compressed``, drawn only while somebody looks."""

from __future__ import annotations

import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cv2
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image

from cac_ros.drawing.annotated import Picture, annotate
from cac_ros.node.newest_frame_worker import NewestFrameWorker
from cac_ros.node.observers.observer import AnsweredFrame

_JPEG_QUALITY = 85
_EARLY = 0.2  # [periods]; a camera is not a metronome: a frame that comes so much too early is taken as on time


class DebugImage:
    """An observer that draws and publishes in a thread of its own, so that no answer waits for it.

    Args:
        node: to publish with.
        rate: gives the most images a second [Hz]; 0 = none.
        on_crash: gets an exception that escaped from drawing.
        outputs: in front of the names of the topics.
    """

    problem = ""

    def __init__(
        self, node: LifecycleNode, rate: Callable[[], float], on_crash: Callable[[Exception], None], outputs: str
    ) -> None:
        self._node = node
        self._rate = rate
        qos = QoSProfile(depth=1)
        self._raw: LifecyclePublisher[Image] = node.create_lifecycle_publisher(Image, f"{outputs}/debug_image", qos)
        self._jpeg: LifecyclePublisher[CompressedImage] = node.create_lifecycle_publisher(
            CompressedImage, f"{outputs}/debug_image/compressed", qos
        )
        self._due = 0.0
        self._drawn = 0
        self._worker: NewestFrameWorker[AnsweredFrame] = NewestFrameWorker(self._draw, on_crash, name="debug_image")

    def observe(self, answered: AnsweredFrame) -> None:
        """Have the frame drawn if it is time for one and somebody subscribes."""
        rate = self._rate()
        if rate > 0 and answered.arrived >= self._due - _EARLY / rate and self._watched():
            self._due = max(self._due, answered.arrived) + 1 / rate
            self._worker.put("frame", answered)

    def status_values(self) -> Mapping[str, str]:
        """How many images were drawn."""
        return {"debug_images": str(self._drawn)}

    def close(self, patience: float) -> None:
        """End the thread and remove the publishers."""
        self._worker.close(patience)
        for publisher in (self._raw, self._jpeg):
            self._node.destroy_lifecycle_publisher(publisher)

    def _watched(self) -> bool:
        return bool(self._raw.get_subscription_count() or self._jpeg.get_subscription_count())

    def _draw(self, batch: Sequence[AnsweredFrame]) -> list[bool]:
        for answered in batch:
            picture = annotate(answered.frame, answered.decision, 1e3 * answered.latency_s)
            if self._raw.get_subscription_count():
                self._raw.publish(raw_message(answered.header, picture))
            if self._jpeg.get_subscription_count():
                self._jpeg.publish(jpeg_message(answered.header, picture))
            self._drawn += 1
        return [True] * len(batch)


def raw_message(header: Any, picture: Picture) -> Image:
    """A BGR picture ``(H, W, 3)`` as a message."""
    height, width = picture.shape[:2]
    message = Image(header=header, height=height, width=width, encoding="bgr8", step=3 * width)
    message.data = array.array("B", picture.tobytes())
    return message


def jpeg_message(header: Any, picture: Picture) -> CompressedImage:
    """A BGR picture ``(H, W, 3)`` as a JPEG message, named as image_transport does."""
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
    message = CompressedImage(header=header, format="bgr8; jpeg compressed bgr8")
    message.data = array.array("B", data.tobytes())
    return message
