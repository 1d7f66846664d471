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
from functools import partial
from typing import Any

from cac_msgs.msg import OpenSetClassification
from rclpy.lifecycle import LifecycleNode

from cac_core.preprocessing import Frame
from cac_ros.images import FAINT_NOTE, FaintFrame
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.answers import Answer
from cac_ros.node.arrived_image import ArrivedImage, Look, PictureGate, Verdict, look
from cac_ros.node.decoder import Decoder
from cac_ros.node.diagnostics import NodeStatus
from cac_ros.node.frame_timings import FrameTimes, RecentFrames, timings_of
from cac_ros.node.image_input import ImageInput
from cac_ros.node.messages import classification_message
from cac_ros.node.newest_frame_worker import Counts
from cac_ros.node.observers.observer import AnsweredFrame, Observer
from cac_ros.node.observers.selection import make_observers
from cac_ros.node.picture_quality import PictureCheck, PictureLimits
from cac_ros.node.region_input import RegionInput
from cac_ros.parameters import NodeSettings
from cac_ros.parameters.camera_names import camera_name

PATIENCE = 2.0
"""How long a transition waits for a frame in the engine [s]."""

NO_DIGITS = str.maketrans("", "", "0123456789")
"""Sentences that differ only in a number are of one kind."""

Warn = Callable[[object, str], None]
"""Gets the kind of a problem, and a sentence to be logged unless one of its kind was just now."""


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
        put: Callable[[Camera, ArrivedImage], None],
        model: Callable[[], ActiveModel | None],
        engine: threading.Lock,
        warn: Warn,
    ) -> None:
        self.name = camera_name(topic)
        self.recent_frames = RecentFrames()
        self._context = node.context
        self._put = put
        self._settings = settings
        self._report_warning = warn
        self._picture_check = PictureCheck()
        self._problem = ""  # of a frame since the last status
        self._faint_told = False
        self._observers: list[Observer] = []
        self._regions: RegionInput | None = None
        start, outputs = settings(), f"~/{self.name}".rstrip("/")
        self._decoder = Decoder(depth_range=start.depth)
        self._input = ImageInput(node, topic or "image", start.image_transport, start.reliability, self._on_image)
        with ExitStack() as undo:  # what was made is freed if the next one fails
            self._answers = node.create_lifecycle_publisher(OpenSetClassification, f"{outputs}/classification", 10)
            undo.callback(node.destroy_lifecycle_publisher, self._answers)
            for observer in make_observers(node, settings, self.name, outputs, self._on_observer_crash):
                self._observers.append(observer)
                undo.callback(observer.close, PATIENCE)
            if start.classify_regions:
                inputs = f"{topic}/" if topic else ""
                self._regions = RegionInput(
                    node, inputs, outputs, model, self._gate_aside, engine, self._warn, self._on_observer_crash
                )
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

    def busy_for(self) -> float:
        """How long boxes of this camera have been in the engine [s]; 0 if none are."""
        return 0.0 if self._regions is None else self._regions.busy_for()

    def look(self, image: ArrivedImage, model: ActiveModel) -> Look:
        """Read the image whose turn it is and have it judged; in the worker thread, in the order of the images."""
        limits = self._limits()
        seen = look(image, model.smallest_side, partial(self._judge, limits) if limits.any else None)
        if seen.frame is not None:
            image.verdict = seen.reason, seen.problem
        if isinstance(seen.frame, FaintFrame) and not self._faint_told:
            self._faint_told = True
            self._warn("faint", FAINT_NOTE)
        return seen

    def _judge(self, limits: PictureLimits, frame: Frame, arrived: float) -> Verdict:
        return self._picture_check.check(frame, arrived, limits)

    def _gate_aside(self, image: ArrivedImage) -> PictureGate | None:
        """What judges an image for the boxes in it: what was said of its frame, or would be."""
        verdict, limits = image.verdict, self._limits()
        if verdict is not None:
            return lambda frame, arrived: verdict
        return (lambda frame, arrived: self._picture_check.check_aside(frame, arrived, limits)) if limits.any else None

    def _limits(self) -> PictureLimits:
        settings = self._settings()
        return PictureLimits(settings.dark_limit, settings.bright_limit, settings.frozen_after)

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
            problem = problem or observer.problem
        if self._regions is not None:
            values |= self._regions.status_values()
        values_of_input = self._input.status_fields(timeout) if self._input.is_open else {}
        if node.stall:  # images are lost because nobody takes them: neither the camera nor DDS is at fault
            values_of_input["input_problem"] = ""
        status = replace(
            node,
            counts=counts,
            timings=timings_of(self.recent_frames),
            problem=problem,
            given_up=self._decoder.given_up,
            observer_values=values,
            **values_of_input,
        )
        if status.input_problem:
            self._report_warning((self.name, status.input_problem.translate(NO_DIGITS)), status.input_problem)
        return status

    def _on_image(self, message: Any, arrived: float) -> None:
        image = ArrivedImage(message, arrived, self._decoder)
        self._put(self, image)  # first: whatever goes wrong with boxes, the frame is counted and answered
        if self._regions is not None:
            self._regions.remember(image)

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
