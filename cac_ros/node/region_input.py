# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Boxes that others found in our images: in on ``regions`` and ``detections``, and back with their answers.

A detector that is sure of things it was never taught is what open-set recognition is for: it finds the boxes, and this
node says which of them it knows.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cac_msgs.msg import Region, RegionArray, RegionClassification, RegionClassificationArray
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.subscription import Subscription

from cac_ros.node.active_model import ActiveModel
from cac_ros.node.arrived_image import ArrivedImage, PictureGate
from cac_ros.node.box_decisions import decide_on_boxes
from cac_ros.node.detections import detections_message
from cac_ros.node.messages import classification_message, vision_messages
from cac_ros.node.newest_frame_worker import NewestFrameWorker
from cac_ros.node.regions import Box, boxes_of_detections, boxes_of_regions

KEPT_IMAGES = 30
"""Newest images that wait for a detector to look at them, too."""

KEPT_PIXELS = 2**26
"""Most memory for the decoded pixels of these images [bytes]; older ones are decoded again where boxes ask for them."""

KEPT_QUESTIONS = 10
"""Newest questions that wait for their image."""

KEPT_SECONDS = 2.0
"""How long a question waits for its image [s]."""

Stamp = tuple[int, int]


@dataclass(frozen=True)
class _Question:
    stamp: Stamp
    boxes: list[Box]
    asked: float  # [s, time.monotonic()]


@dataclass(frozen=True)
class _Job:
    image: ArrivedImage
    boxes: list[Box]


class RegionInput:
    """Matches questions and images by their stamps, and answers in a thread of its own.

    All methods but the answering are called from the executor's thread.

    Args:
        node: to subscribe and publish with.
        inputs: in front of the names of the topics that are read; empty or ending in ``/``.
        outputs: in front of the name of the topic of the answers.
        model: gives the model in use.
        gate: gives the verdict of the camera's gate on an image whose frame had no turn yet, or None if nothing is
            checked.
        engine: held while the engine works; engines work on one batch at a time.
        warn: gets the kind of a problem and a sentence.
        on_crash: gets an exception that escaped from answering.
    """

    def __init__(
        self,
        node: LifecycleNode,
        inputs: str,
        outputs: str,
        model: Callable[[], ActiveModel | None],
        gate: Callable[[ArrivedImage], PictureGate | None],
        engine: threading.Lock,
        warn: Callable[[object, str], None],
        on_crash: Callable[[Exception], None],
    ) -> None:
        self._node = node
        self._inputs = inputs
        self._model = model
        self._gate = gate
        self._engine = engine
        self._warn = warn
        self._images: deque[tuple[Stamp, ArrivedImage]] = deque(maxlen=KEPT_IMAGES)
        self._questions: deque[_Question] = deque()
        self._subscriptions: list[Subscription[Any]] = []
        self._without_image = 0
        self._publisher: LifecyclePublisher[RegionClassificationArray] = node.create_lifecycle_publisher(
            RegionClassificationArray, f"{outputs}/region_classifications", 10
        )
        self._vision = vision_messages()
        self._detected: LifecyclePublisher[Any] | None = None
        if self._vision is not None:
            self._detected = node.create_lifecycle_publisher(self._vision.Detection2DArray, f"{outputs}/detections", 10)
        else:
            text = "vision_msgs is not installed: boxes are read as cac_msgs/RegionArray only."
            node.get_logger().info(text, once=True)
        self._worker: NewestFrameWorker[_Job] = NewestFrameWorker(self._answer, on_crash, name="regions")

    def open(self) -> None:
        """Subscribe."""
        if self._subscriptions:
            return
        hear = self._node.create_subscription
        regions, detections = f"{self._inputs}regions", f"{self._inputs}detections"
        self._subscriptions = [hear(RegionArray, regions, lambda m: self._ask(m, boxes_of_regions(m)), 10)]
        if self._vision is not None:
            self._subscriptions.append(
                hear(self._vision.Detection2DArray, detections, lambda m: self._ask(m, boxes_of_detections(m)), 10)
            )

    def close(self) -> None:
        """Unsubscribe and forget what waits."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
        self._images.clear()
        self._questions.clear()

    def release(self, patience: float) -> None:
        """Free everything; waits for the thread for ``patience`` [s] at most."""
        self.close()
        self._worker.close(patience)
        self._node.destroy_lifecycle_publisher(self._publisher)
        if self._detected is not None:
            self._node.destroy_lifecycle_publisher(self._detected)

    def busy_for(self) -> float:
        """How long the boxes now being worked on have been in work [s]; 0 if none are."""
        return self._worker.busy_for()

    def remember(self, image: ArrivedImage) -> None:
        """Keep an image for questions that come later, and answer those that came before it."""
        stamp = _stamp(image.message)
        self._images.append((stamp, image))
        room = KEPT_PIXELS
        for _, kept in reversed(self._images):
            room -= kept.pixel_bytes()
            if room < 0:
                kept.forget_frame()
        for question in [question for question in self._questions if question.stamp == stamp]:
            self._questions.remove(question)
            self._worker.put("regions", _Job(image, question.boxes))

    def status_values(self) -> Mapping[str, str]:
        """What became of the questions."""
        self._give_up_old_questions()
        counts = self._worker.counts()
        return {
            "regions_answered": str(counts.classified + counts.failed),
            "regions_replaced": str(counts.replaced),
            "regions_without_image": str(self._without_image),
        }

    def _ask(self, message: Any, boxes: list[Box]) -> None:
        stamp = _stamp(message)
        image = next((image for known, image in reversed(self._images) if known == stamp), None)
        if image is not None:
            self._worker.put("regions", _Job(image, boxes))
            return
        self._questions.append(_Question(stamp, boxes, time.monotonic()))
        self._give_up_old_questions()

    def _give_up_old_questions(self) -> None:
        now = time.monotonic()
        while self._questions and (
            len(self._questions) > KEPT_QUESTIONS or now - self._questions[0].asked > KEPT_SECONDS
        ):
            self._questions.popleft()
            self._without_image += 1
            self._warn(
                "no image",
                f"Boxes arrived without their image: none of the last {len(self._images)} images has their stamp. "
                f"The detector must copy the header of the image, and answer within {KEPT_IMAGES} images.",
            )

    def _answer(self, batch: Sequence[_Job]) -> list[bool | None]:
        return [self._answer_one(job) for job in batch]

    def _answer_one(self, job: _Job) -> bool | None:
        model = self._model()
        if model is None:
            return None
        decisions, problem = decide_on_boxes(job.image, job.boxes, model, self._gate(job.image), self._engine)
        if problem:
            self._warn("regions", f"Boxes could not be classified: {problem}")
        header = job.image.message.header
        results = [
            RegionClassification(
                region=Region(id=box.id, x=box.x, y=box.y, width=box.width, height=box.height),
                classification=classification_message(header, decision, model.model_id, with_scores=model.with_scores),
            )
            for box, decision in zip(job.boxes, decisions, strict=True)
        ]
        self._publisher.publish(RegionClassificationArray(header=header, results=results))
        if self._detected is not None and self._detected.get_subscription_count():
            names = model.predictor.class_names
            self._detected.publish(detections_message(self._vision, header, job.boxes, decisions, names))
        return not problem


def _stamp(message: Any) -> Stamp:
    return message.header.stamp.sec, message.header.stamp.nanosec
