# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One thread that works on the newest frame of each camera, and counts what became of every frame.

A camera is faster than a slow model; answering old frames late helps nobody. So each camera has one slot: a new frame
replaces the one that still waits there. No ROS in this file.
"""

import contextlib
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Counts:
    """What became of the frames so far: ``received = classified + replaced + failed + waiting + in_work``.

    Attributes:
        received: frames put in.
        classified: frames answered, known or unknown.
        replaced: frames dropped because a newer one came before their turn, or because the worker was closed.
        failed: frames answered with an error (unreadable, engine error, result not finite), or not at all.
        waiting: frames in a slot.
        in_work: frames in the batch being worked on.
        unanswered: those of the failed frames that got no answer at all.
    """

    received: int = 0
    classified: int = 0
    replaced: int = 0
    failed: int = 0
    waiting: int = 0
    in_work: int = 0
    unanswered: int = 0


class NewestFrameWorker(Generic[T]):
    """A worker thread with one newest-frame slot for each camera.

    Args:
        process: gets the newest frames of all cameras that have one, answers them, and returns for each whether it was
            classified (true), failed (false), or got no answer (None). Runs in the worker thread, never twice at once.
        on_crash: gets an exception that escaped from ``process``; its frames count as unanswered; the worker goes on.
        clock: seconds, never going back.
        name: of the thread.
    """

    def __init__(
        self,
        process: Callable[[Sequence[T]], Sequence[bool | None]],
        on_crash: Callable[[Exception], None],
        clock: Callable[[], float] = time.monotonic,
        name: str = "classify",
    ) -> None:
        self._process = process
        self._on_crash = on_crash
        self._clock = clock
        self._changed = threading.Condition()
        self._slots: dict[Hashable, T] = {}
        self._in_work: dict[Hashable, T] = {}
        self._busy_since = 0.0
        self._done: defaultdict[Hashable, Counter[str]] = defaultdict(Counter)  # of each camera
        self._closed = False
        # A daemon, because an engine that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, camera: Hashable, frame: T) -> None:
        """Put a frame in its camera's slot; returns at once. A frame that still waits there is replaced."""
        with self._changed:
            self._done[camera]["received"] += 1
            if self._closed or camera in self._slots:
                self._done[camera]["replaced"] += 1
            if not self._closed:
                self._slots[camera] = frame
                self._changed.notify_all()

    def counts(self, camera: Hashable | None = None) -> Counts:
        """All counters at one moment, of one camera or of all together."""
        with self._changed:
            cameras = list(self._done) if camera is None else [camera]
            total = sum((self._done[name] for name in cameras), Counter[str]())
            waiting, in_work = (sum(name in frames for name in cameras) for frames in (self._slots, self._in_work))
            return Counts(**total, waiting=waiting, in_work=in_work)

    def busy_for(self) -> float:
        """How long the batch now being worked on has been in work [s]; 0 if none is."""
        with self._changed:
            return self._clock() - self._busy_since if self._in_work else 0.0

    def wait_idle(self, timeout: float) -> bool:
        """Wait until every frame put in so far is done with [s]; returns whether that happened in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._slots and not self._in_work, timeout)

    def close(self, timeout: float) -> bool:
        """Drop what waits, finish what is in work, end the thread [s]; returns whether it ended in time."""
        with self._changed:
            self._closed = True
            for camera in self._slots:
                self._done[camera]["replaced"] += 1
            self._slots.clear()
            self._changed.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while batch := self._take():
            results: Sequence[bool | None]
            try:
                results = self._process(list(batch.values()))
                if len(results) != len(batch):
                    raise RuntimeError(f"{len(results)} results for {len(batch)} frames")
            except Exception as error:  # noqa: BLE001 - whatever it is, the robot's next frame must still be answered
                results = [None] * len(batch)
                with contextlib.suppress(Exception):  # not even a failing report may end this thread
                    self._on_crash(error)
            with self._changed:
                for camera, good in zip(batch, results, strict=True):
                    self._done[camera]["classified" if good else "failed"] += 1
                    if good is None:
                        self._done[camera]["unanswered"] += 1
                self._in_work = {}
                self._changed.notify_all()

    def _take(self) -> dict[Hashable, T]:
        """Wait for work; returns the newest frame of every camera that has one, or nothing when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._slots))
            if self._closed:
                return {}
            self._in_work, self._slots = self._slots, {}
            self._busy_since = self._clock()
            return self._in_work
