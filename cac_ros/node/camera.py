# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One camera: its topics, its observers, and the figures of its frames."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, NamedTuple

from cac_msgs.msg import OpenSetClassification
from rclpy.lifecycle import LifecycleNode

from cac_ros.node.active_model import ActiveModel
from cac_ros.node.answers import Answer, FrameCheck
from cac_ros.node.diagnostics import NodeStatus
from cac_ros.node.image_input import ImageInput
from cac_ros.node.messages import classification_message
from cac_ros.node.newest_frame_worker import Counts
from cac_ros.node.observers.observer import AnsweredFrame, Observer
from cac_ros.node.observers.selection import make_observers
from cac_ros.node.picture_quality import PictureCheck, PictureLimits
from cac_ros.node.recent_frames import FrameTimes, RecentFrames, timings_of
from cac_ros.node.region_input import RegionInput
from cac_ros.parameters import NodeSettings
from cac_ros.parameters.camera_names import camera_name

PATIENCE = 2.0
"""How long a transition waits for a frame in the engine [s]."""

NO_DIGITS = str.maketrans("", "", "0123456789")
"""Sentences that differ only in a number are of one kind."""

Warn = Callable[[object, str], None]
"""Gets the kind of a problem, and a sentence to be logged unless one of its kind was just now."""


class ArrivedImage(NamedTuple):
    """An image message, and when it came [s, time.monotonic()]."""

    camera: Camera
    message: Any
    arrived: float


class Camera:
    """What belongs to one camera: its topics, the state of what looks at several of its frames, its figures.

    Args:
        node: to subscribe and publish with.
        settings: gives the values of the parameters now in force.
        topic: as in image_topics; empty for the only camera, on the topic image.
        put: takes its frames.
        model: gives the model in use.
        engine: held while the engine works.
        warn: gets a problem; the sentence is preceded by the camera's name.
    """

    def __init__(
        self,
        node: LifecycleNode,
        settings: Callable[[], NodeSettings],
        topic: str,
        put: Callable[[ArrivedImage], None],
        model: Callable[[], ActiveModel | None],
        engine: threading.Lock,
        warn: Warn,
    ) -> None:
        self.name = camera_name(topic)
        self.recent_frames = RecentFrames()
        self._context = node.context
        self._put = put
        self._report_warning = warn
        self._picture_check = PictureCheck()
        self._problem = ""  # of a frame since the last status
        self._observers: list[Observer] = []
        self._regions: RegionInput | None = None
        start, outputs = settings(), f"~/{self.name}".rstrip("/")
        self._input = ImageInput(node, topic or "image", start.image_transport, start.reliability, self._on_image)
        with ExitStack() as undo:  # what was made is freed if the next one fails
            self._answers = node.create_lifecycle_publisher(OpenSetClassification, f"{outputs}/classification", 10)
            undo.callback(node.destroy_lifecycle_publisher, self._answers)
            for observer in make_observers(node, settings, self.name, outputs, self._on_observer_crash):
                self._observers.append(observer)
                undo.callback(observer.close, PATIENCE)
            if start.classify_regions:
                inputs = f"{topic}/" if topic else ""
                self._regions = RegionInput(node, inputs, outputs, model, engine, self._warn, self._on_observer_crash)
                undo.callback(self._regions.release, PATIENCE)
            self._resources = undo.pop_all()

    def open(self) -> None:
        """Subscribe."""
        self._input.open()
        if self._regions is not None:
            self._regions.open()

    def close(self) -> None:
        """Unsubscribe."""
        self._input.close()
        if self._regions is not None:
            self._regions.close()

    def release(self) -> None:
        """Free everything."""
        self._resources.close()

    def frame_check(self, limits: PictureLimits) -> FrameCheck | None:
        """What says whether a frame of this camera is worth classifying; None if nothing is to be checked."""
        return (lambda frame: self._picture_check.check(frame, time.monotonic(), limits)) if limits.any else None

    def publish(self, image: ArrivedImage, result: Answer, model: ActiveModel) -> None:
        """Publish the answer, then show it to the observers; in the worker thread."""
        header = image.message.header
        self._answers.publish(
            classification_message(header, result.decision, model.model_id, with_scores=model.with_scores)
        )
        latency_s = time.monotonic() - image.arrived
        self.recent_frames.add(
            FrameTimes(
                latency_s=latency_s,
                decode_s=result.decode_s,
                engine_s=result.engine_s,
                unknown=result.decision.unknown,
                failed=result.failed,
            )
        )
        if result.problem:
            self._problem = result.problem
            self._warn(result.decision.reason, result.problem)
        names = model.predictor.class_names
        self._show(
            AnsweredFrame(header, result.frame, result.decision, model.model_id, names, image.arrived, latency_s)
        )

    def status(self, node: NodeStatus, counts: Counts, timeout: float) -> NodeStatus:
        """What /diagnostics tells of this camera.

        Args:
            node: what is not of one camera.
            counts: of its frames.
            timeout: the parameter input_timeout [s].
        """
        problem, self._problem = self._problem, ""
        values: dict[str, str] = {}
        for observer in self._observers:
            values |= observer.status_values()
        if self._regions is not None:
            values |= self._regions.status_values()
        status = replace(
            node,
            counts=counts,
            timings=timings_of(self.recent_frames),
            problem=problem,
            observer_values=values,
            **(self._input.status_fields(timeout) if self._input.is_open else {}),
        )
        if status.input_problem:
            self._report_warning((self.name, status.input_problem.translate(NO_DIGITS)), status.input_problem)
        return status

    def _on_image(self, message: Any, arrived: float) -> None:
        if self._regions is not None:
            self._regions.remember(message)
        self._put(ArrivedImage(self, message, arrived))

    def _show(self, answered: AnsweredFrame) -> None:
        for observer in self._observers:
            try:
                observer.observe(answered)
            except Exception as error:  # noqa: BLE001 - the frame is answered; this must not make it count as failed
                self._on_observer_crash(error)

    def _on_observer_crash(self, error: Exception) -> None:
        if self._context.ok():
            text = f"The answer was published, but an observer failed: {type(error).__name__}: {error}"
            self._problem = text
            self._warn("observer", f"{text}\n{''.join(traceback.format_exception(error))}")

    def _warn(self, kind: object, sentence: str) -> None:
        self._report_warning((self.name, kind), f"Camera {self.name}: {sentence}" if self.name else sentence)
