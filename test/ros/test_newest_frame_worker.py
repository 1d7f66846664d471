# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The newest frame wins, every frame is counted exactly once, and nothing stops the worker."""

import queue
import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cac_ros.node.newest_frame_worker import Counts, NewestFrameWorker

TIMEOUT = 10.0


class Engine:
    """Stands in for the classifier: each batch waits for the test's permission, then gives the wanted result."""

    def __init__(self) -> None:
        self.batches: queue.Queue[list[int]] = queue.Queue()
        self.permits = threading.Semaphore(0)
        self.crashes: list[Exception] = []

    def process(self, frames: Sequence[int]) -> list[bool]:
        self.batches.put(list(frames))
        assert self.permits.acquire(timeout=TIMEOUT)
        if any(frame < 0 for frame in frames):
            raise ZeroDivisionError("a bug")
        return [frame % 10 != 9 for frame in frames]

    def next_batch(self) -> list[int]:
        return self.batches.get(timeout=TIMEOUT)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def worker(engine: Engine) -> Iterator[NewestFrameWorker[int]]:
    made: NewestFrameWorker[int] = NewestFrameWorker(engine.process, engine.crashes.append)
    yield made
    engine.permits.release(100)
    assert made.close(TIMEOUT)


def test_a_new_frame_replaces_the_one_that_waits(engine: Engine, worker: NewestFrameWorker[int]) -> None:
    worker.put("camera", 1)
    assert engine.next_batch() == [1]
    worker.put("camera", 2)
    worker.put("camera", 3)
    worker.put("camera", 4)
    assert worker.counts() == Counts(received=4, replaced=2, waiting=1, in_work=1)
    engine.permits.release(2)
    assert engine.next_batch() == [4]
    assert worker.wait_idle(TIMEOUT)
    assert worker.counts() == Counts(received=4, classified=2, replaced=2)


def test_all_cameras_share_one_batch_and_replace_only_their_own_frames(
    engine: Engine, worker: NewestFrameWorker[int]
) -> None:
    worker.put("left", 1)
    engine.next_batch()
    for camera, frame in (("left", 10), ("right", 20), ("left", 11)):
        worker.put(camera, frame)
    engine.permits.release()
    assert sorted(engine.next_batch()) == [11, 20]
    assert worker.counts("left") == Counts(received=3, replaced=1, classified=1, in_work=1)
    engine.permits.release()
    assert worker.wait_idle(TIMEOUT)
    assert worker.counts() == Counts(received=4, classified=3, replaced=1)
    assert worker.counts("left") == Counts(received=3, classified=2, replaced=1)
    assert worker.counts("right") == Counts(received=1, classified=1)
    assert worker.counts("rear") == Counts()


def test_a_camera_that_sends_without_a_pause_does_not_starve_the_others(
    engine: Engine, worker: NewestFrameWorker[int]
) -> None:
    worker.put("fast", 0)
    for number in range(1, 20):
        engine.next_batch()
        worker.put("slow", 10 * number)
        for frame in range(20):
            worker.put("fast", 1000 * number + frame)
        engine.permits.release()
        assert worker.counts("slow").replaced == 0
    assert sorted(engine.next_batch()) == [190, 19019]
    engine.permits.release()
    assert worker.wait_idle(TIMEOUT)
    assert worker.counts("slow") == Counts(received=19, classified=19)
    assert worker.counts("fast").replaced == 19 * 19


def test_failed_frames_are_counted_apart(engine: Engine, worker: NewestFrameWorker[int]) -> None:
    engine.permits.release(1)
    worker.put("camera", 9)
    assert worker.wait_idle(TIMEOUT)
    assert worker.counts() == Counts(received=1, failed=1)


def test_a_crash_is_reported_counted_and_survived(engine: Engine, worker: NewestFrameWorker[int]) -> None:
    engine.permits.release(2)
    worker.put("camera", -1)
    assert worker.wait_idle(TIMEOUT)
    worker.put("camera", 2)
    assert worker.wait_idle(TIMEOUT)
    assert [type(error) for error in engine.crashes] == [ZeroDivisionError]
    assert worker.counts() == Counts(received=2, classified=1, failed=1, unanswered=1)


def test_unanswered_frames_are_counted_even_if_the_crash_report_fails() -> None:
    def crash_again(error: Exception) -> None:
        raise UnicodeEncodeError("utf-8", "", 0, 1, "a report that cannot be written")

    outcomes: Iterator[list[bool | None]] = iter([[True], [None], [False], [], [True]])
    worker: NewestFrameWorker[int] = NewestFrameWorker(lambda frames: next(outcomes), crash_again)
    try:
        for frame in range(5):
            worker.put("camera", frame)
            assert worker.wait_idle(TIMEOUT)
        assert worker.counts() == Counts(received=5, classified=2, failed=3, unanswered=2)
    finally:
        worker.close(TIMEOUT)


def test_a_wrong_number_of_results_is_a_crash() -> None:
    crashes: list[Exception] = []
    worker: NewestFrameWorker[int] = NewestFrameWorker(lambda frames: [], crashes.append)
    worker.put("camera", 1)
    assert worker.wait_idle(TIMEOUT)
    assert str(crashes[0]) == "0 results for 1 frames"
    assert worker.counts() == Counts(received=1, failed=1, unanswered=1)
    assert worker.close(TIMEOUT)


def test_busy_for_tells_how_long_a_batch_hangs(engine: Engine) -> None:
    now = [100.0]
    worker: NewestFrameWorker[int] = NewestFrameWorker(engine.process, engine.crashes.append, clock=lambda: now[0])
    assert worker.busy_for() == 0
    worker.put("camera", 1)
    engine.next_batch()
    now[0] = 103.5
    assert worker.busy_for() == 3.5
    assert not worker.wait_idle(0.01)
    engine.permits.release()
    assert worker.wait_idle(TIMEOUT)
    assert worker.busy_for() == 0
    assert worker.close(TIMEOUT)


def test_close_drops_what_waits_and_accepts_nothing_more(engine: Engine) -> None:
    worker: NewestFrameWorker[int] = NewestFrameWorker(engine.process, engine.crashes.append)
    worker.put("camera", 1)
    engine.next_batch()
    worker.put("camera", 2)
    assert not worker.close(0.01), "the engine still hangs"
    worker.put("camera", 3)
    engine.permits.release()
    assert worker.close(TIMEOUT)
    assert worker.counts() == Counts(received=3, classified=1, replaced=2)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 9)), max_size=60))
@settings(max_examples=30, deadline=None)
def test_every_frame_is_counted_exactly_once(frames: list[tuple[int, int]]) -> None:
    engine = Engine()
    engine.permits.release(1000)
    worker: NewestFrameWorker[int] = NewestFrameWorker(engine.process, engine.crashes.append)
    for camera, frame in frames:
        worker.put(camera, frame)
        seen = worker.counts()
        assert seen.received == seen.classified + seen.replaced + seen.failed + seen.waiting + seen.in_work
    assert worker.wait_idle(TIMEOUT)
    for camera in range(4):
        seen = worker.counts(camera)
        assert seen.received == sum(name == camera for name, _ in frames)
        assert seen.received == seen.classified + seen.replaced + seen.failed
    done = worker.counts()
    assert done.received == len(frames) == done.classified + done.replaced + done.failed
    assert worker.close(TIMEOUT)
