# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The way of a frame: from the cameras of a configured node through one engine to each camera's own answers.

The one camera on the topic ``image`` is the case without a name. An engine call answers the newest frame of every
camera; what belongs to one camera stays in its :class:`Camera`.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from cac_msgs.msg import OpenSetClassification

from cac_ros.node.active_model import ActiveModel, Answer, Gate, answer
from cac_ros.node.diagnostics import Report, Window, timings_of, together
from cac_ros.node.image_input import ImageInput
from cac_ros.node.messages import classification_message
from cac_ros.node.observers.observer import Observer, Seen
from cac_ros.node.observers.selection import observers
from cac_ros.node.picture_quality import Limits, QualityGate
from cac_ros.node.region_input import RegionInput
from cac_ros.node.worker import Counts, NewestFrameWorker
from cac_ros.parameters.camera_names import camera_name

if TYPE_CHECKING:
    from cac_ros.classifier_node import ClassifierNode

_PATIENCE = 2.0  # [s]; how long a transition waits for a frame in the engine
_NO_DIGITS = str.maketrans("", "", "0123456789")

Warn = Callable[[object, str], None]
"""Gets the kind of a problem, and a sentence to be logged unless one of its kind was just now."""


class Shot(NamedTuple):
    """An image message, and when it came [s, time.monotonic()]."""

    camera: Camera
    message: Any
    arrived: float


class Camera:
    """What belongs to one camera: its topics, the state of what looks at several of its frames, its figures.

    Args:
        node: to subscribe and publish with; its settings decide.
        topic: as in image_topics; empty for the only camera, on the topic image.
        put: takes its frames.
        model: gives the model in use.
        engine: held while the engine works.
        warn: gets a problem; the sentence is preceded by the camera's name.
    """

    def __init__(
        self,
        node: ClassifierNode,
        topic: str,
        put: Callable[[Shot], None],
        model: Callable[[], ActiveModel | None],
        engine: threading.Lock,
        warn: Warn,
    ) -> None:
        self.name = camera_name(topic)
        self.window = Window()
        self._context = node.context
        self._put = put
        self._report_warning = warn
        self._gate = QualityGate()
        self._problem = ""  # of a frame since the last report
        self._observers: list[Observer] = []
        self._regions: RegionInput | None = None
        settings, outputs = node.settings, f"~/{self.name}".rstrip("/")
        self._input = ImageInput(node, topic or "image", settings.image_transport, settings.reliability, self._on_image)
        with ExitStack() as undo:  # what was made is freed if the next one fails
            self._answers = node.create_lifecycle_publisher(OpenSetClassification, f"{outputs}/classification", 10)
            undo.callback(node.destroy_lifecycle_publisher, self._answers)
            for observer in observers(node, self.name, outputs, self._on_observer_crash):
                self._observers.append(observer)
                undo.callback(observer.close, _PATIENCE)
            if settings.classify_regions:
                inputs = f"{topic}/" if topic else ""
                self._regions = RegionInput(node, inputs, outputs, model, engine, self._warn, self._on_observer_crash)
                undo.callback(self._regions.release, _PATIENCE)
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

    def gate(self, limits: Limits) -> Gate | None:
        """Who says whether a frame of this camera is worth classifying; None if nothing is to be checked."""
        return (lambda frame: self._gate.check(frame, time.monotonic(), limits)) if limits.any else None

    def publish(self, shot: Shot, result: Answer, model: ActiveModel) -> None:
        """Publish what was answered, then let others see it; in the worker thread."""
        header = shot.message.header
        self._answers.publish(
            classification_message(header, result.decision, model.model_id, with_scores=model.with_scores)
        )
        latency_s = time.monotonic() - shot.arrived
        self.window.add(
            latency_s=latency_s,
            decode_s=result.decode_s,
            engine_s=result.engine_s,
            unknown=result.decision.unknown,
            failed=result.failed,
        )
        if result.problem:
            self._problem = result.problem
            self._warn(result.decision.reason, result.problem)
        names = model.predictor.class_names
        self._show(Seen(header, result.frame, result.decision, model.model_id, names, shot.arrived, latency_s))

    def report(self, node: Report, counts: Counts, timeout: float) -> Report:
        """What /diagnostics tells of this camera.

        Args:
            node: what is not of one camera.
            counts: of its frames.
            timeout: the parameter input_timeout.
        """
        problem, self._problem = self._problem, ""
        sources = self._observers if self._regions is None else [*self._observers, self._regions]
        report = replace(
            node,
            counts=counts,
            timings=timings_of(self.window),
            problem=problem,
            extra={key: value for source in sources for key, value in source.values().items()},
            **(self._input.report(timeout) if self._input.is_open else {}),
        )
        if report.input_problem:
            self._report_warning((self.name, report.input_problem.translate(_NO_DIGITS)), report.input_problem)
        return report

    def _on_image(self, message: Any, arrived: float) -> None:
        if self._regions is not None:
            self._regions.remember(message)
        self._put(Shot(self, message, arrived))

    def _show(self, seen: Seen) -> None:
        for observer in self._observers:
            try:
                observer.see(seen)
            except Exception as error:  # noqa: BLE001 - the frame is answered; an extra must not make it count as failed
                self._on_observer_crash(error)

    def _on_observer_crash(self, error: Exception) -> None:
        if self._context.ok():
            text = f"The frame is answered, but what follows failed: {type(error).__name__}: {error}"
            self._problem = text
            self._warn("observer", f"{text}\n{''.join(traceback.format_exception(error))}")

    def _warn(self, kind: object, sentence: str) -> None:
        self._report_warning((self.name, kind), f"Camera {self.name}: {sentence}" if self.name else sentence)


class Cameras:
    """Every camera of a configured node, and the worker that answers them all.

    All methods are called from the executor's thread; answering happens in a thread of its own.

    Args:
        node: to subscribe and publish with; its settings decide.
        model: gives the model in use.
        warn: gets a problem.
    """

    def __init__(self, node: ClassifierNode, model: Callable[[], ActiveModel | None], warn: Warn) -> None:
        self._node = node
        self._model = model
        self._warn = warn
        self._problem = ""  # of no camera in particular, since the last report
        self._released = False
        # Engines work on one batch at a time. A new lock: the thread of an engine that hung may hold the old one.
        self._engine = threading.Lock()
        self._worker: NewestFrameWorker[Shot] = NewestFrameWorker(self._answer, self._on_crash)
        self._cameras: list[Camera] = []
        try:
            for topic in node.settings.cameras or ("",):
                self._cameras.append(Camera(node, topic, self._put, model, self._engine, warn))
        except Exception:
            self.release()
            raise

    def open(self) -> None:
        """Subscribe."""
        for camera in self._cameras:
            camera.open()

    def close(self) -> None:
        """Unsubscribe."""
        for camera in self._cameras:
            camera.close()

    def wait_idle(self) -> bool:
        """Wait until all frames are answered; returns whether that happened in time."""
        return self._worker.wait_idle(_PATIENCE)

    def release(self) -> bool:
        """Free everything; returns whether the worker ended in time."""
        self.close()
        ended = self._worker.close(_PATIENCE)
        self._released = True
        for camera in self._cameras:
            camera.release()
        return ended

    def forget_timings(self) -> None:
        """Start new windows: what comes next is answered by another rule."""
        for camera in self._cameras:
            camera.window.clear()

    def reports(self, node: Report) -> dict[str, Report]:
        """What /diagnostics tells, by the end of the status's name; of several cameras first all together.

        Args:
            node: what is not of one camera.
        """
        node = replace(node, counts=self._worker.counts(), busy_for=self._worker.busy_for())
        problem, self._problem = self._problem, ""
        if node.stall:
            self._warn(node.stall.translate(_NO_DIGITS), node.stall)
        timeout = self._node.settings.input_timeout
        reports = {
            camera.name: camera.report(node, self._worker.counts(camera.name), timeout) for camera in self._cameras
        }
        if list(reports) == [""]:
            return {"classifier": replace(reports[""], problem=reports[""].problem or problem)}
        timings = timings_of(*(camera.window for camera in self._cameras))
        return {
            "classifier": together(replace(node, problem=problem), reports, timings),
            **{f"camera {name}": report for name, report in reports.items()},
        }

    def _put(self, shot: Shot) -> None:
        self._worker.put(shot.camera.name, shot)

    def _answer(self, batch: Sequence[Shot]) -> list[bool]:
        """In the worker thread: classify and publish."""
        model, settings = self._model(), self._node.settings
        if model is None:
            return [False] * len(batch)
        limits = Limits(settings.dark_limit, settings.bright_limit, settings.frozen_after)
        with self._engine:
            results = answer([shot.message for shot in batch], model, [shot.camera.gate(limits) for shot in batch])
        if self._released:  # while the engine hung
            return [False] * len(batch)
        return [self._publish(shot, result, model) for shot, result in zip(batch, results, strict=True)]

    def _publish(self, shot: Shot, result: Answer, model: ActiveModel) -> bool:
        try:
            shot.camera.publish(shot, result, model)
        except Exception as error:  # noqa: BLE001 - the other cameras' answers are good
            self._on_crash(error)
            return False
        return not result.failed

    def _on_crash(self, error: Exception) -> None:
        if self._node.context.ok():  # otherwise the process is ending and the publishers are gone
            self._problem = f"A frame was lost to a bug: {type(error).__name__}: {error}"
            self._warn("crash", f"{self._problem}\n{''.join(traceback.format_exception(error))}")
