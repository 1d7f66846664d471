# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The way of a frame: from all cameras of a configured node through one engine to each camera's own answers.

One engine call answers the newest frame of every camera. What belongs to one camera stays in its :class:`Camera`; the
only camera on the topic ``image`` is the case without a name.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from rclpy.lifecycle import LifecycleNode

from cac_ros.node.active_model import ActiveModel
from cac_ros.node.answers import Answer, answer
from cac_ros.node.arrived_image import ArrivedImage, Look
from cac_ros.node.camera import NO_DIGITS, PATIENCE, Camera, Warn
from cac_ros.node.diagnostics import NodeStatus, combined
from cac_ros.node.frame_timings import timings_of
from cac_ros.node.newest_frame_worker import NewestFrameWorker
from cac_ros.parameters import NodeSettings

Work = tuple[Camera, ArrivedImage]


class Cameras:
    """Every camera of a configured node, and the worker that answers them all.

    All methods are called from the executor's thread; answering happens in a thread of its own.

    Args:
        node: to subscribe and publish with.
        settings: gives the values of the parameters now in force.
        model: gives the model in use.
        warn: gets a problem.

    Attributes:
        decoding: the frame in work is with the decoder, not yet with the engine.
    """

    def __init__(
        self,
        node: LifecycleNode,
        settings: Callable[[], NodeSettings],
        model: Callable[[], ActiveModel | None],
        warn: Warn,
    ) -> None:
        self._context = node.context
        self._settings = settings
        self._model = model
        self._warn = warn
        self._problem = ""  # of no camera in particular, since the last status
        self._released = False
        self.decoding = False
        # Engines work on one batch at a time. A new lock: the thread of an engine that hung may hold the old one.
        self._engine = threading.Lock()
        self._worker: NewestFrameWorker[Work] = NewestFrameWorker(self._answer, self._on_crash)
        self._cameras: list[Camera] = []
        try:
            for topic in settings().cameras or ("",):
                self._cameras.append(Camera(node, settings, topic, self._put, model, self._engine, warn))
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
        return self._worker.wait_idle(PATIENCE)

    def release(self) -> bool:
        """Free everything; returns whether the worker ended in time."""
        self.close()
        ended = self._worker.close(PATIENCE)
        self._released = True
        for camera in self._cameras:
            camera.release()
        return ended

    def busy_for(self) -> float:
        """How long a frame, or boxes, have been in the decoder and the engine [s]; 0 if nothing is."""
        return max([self._worker.busy_for(), *(camera.busy_for() for camera in self._cameras)])

    def forget_timings(self) -> None:
        """Start new figures: what comes next is answered by another rule."""
        for camera in self._cameras:
            camera.recent_frames.clear()

    def statuses(self, node: NodeStatus) -> dict[str, NodeStatus]:
        """What /diagnostics tells, by the end of the status's name; of several cameras first all together.

        Args:
            node: what is not of one camera.
        """
        node = replace(node, counts=self._worker.counts(), busy_for=self.busy_for(), decoding=self.decoding)
        problem, self._problem = self._problem, ""
        if node.stall:
            self._warn(node.stall.translate(NO_DIGITS), node.stall)
        timeout = self._settings().input_timeout
        each = {camera.name: camera.status(node, self._worker.counts(camera.name), timeout) for camera in self._cameras}
        if list(each) == [""]:
            return {"classifier": replace(each[""], problem=each[""].problem or problem)}
        timings = timings_of(*(camera.recent_frames for camera in self._cameras))
        return {
            "classifier": combined(replace(node, problem=problem), each, timings),
            **{f"camera {name}": status for name, status in each.items()},
        }

    def _put(self, camera: Camera, image: ArrivedImage) -> None:
        self._worker.put(camera.name, (camera, image))

    def _answer(self, batch: Sequence[Work]) -> list[bool | None]:
        """In the worker thread: classify and publish; None for a frame that gets no answer."""
        model = self._model()
        if model is None:
            return [None] * len(batch)
        for _, image in batch:
            image.begin(model.smallest_side)  # large pictures are decoded at the same time
        with self._engine:
            results = answer([partial(self._look, camera, image, model) for camera, image in batch], model)
        if self._released:  # while the engine hung
            return [None] * len(batch)
        return [self._publish(*work, result, model) for work, result in zip(batch, results, strict=True)]

    def _look(self, camera: Camera, image: ArrivedImage, model: ActiveModel) -> Look:
        self.decoding = True
        try:
            return camera.look(image, model)
        finally:
            self.decoding = False

    def _publish(self, camera: Camera, image: ArrivedImage, result: Answer, model: ActiveModel) -> bool | None:
        try:
            camera.publish(image, result, model)
        except Exception as error:  # noqa: BLE001 - the other cameras' answers are good
            self._on_crash(error)
            return None
        return not result.failed

    def _on_crash(self, error: Exception) -> None:
        if self._context.ok():  # otherwise the process is ending and the publishers are gone
            self._problem = f"A frame was lost to a bug: {type(error).__name__}: {error}"
            self._warn("crash", f"{self._problem}\n{''.join(traceback.format_exception(error))}")
