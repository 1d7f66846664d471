# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reports: the worst thing first, figures as numbers, nothing repeated in the log."""

import asyncio
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from hypothesis import given
from hypothesis import strategies as st

from cac_ros.node.background import Background
from cac_ros.node.diagnostics import NodeStatus, combined, status_message
from cac_ros.node.frame_timings import FrameTimes, RecentFrames, Timings, percentile, timings_of
from cac_ros.node.log_throttle import LogThrottle
from cac_ros.node.newest_frame_worker import Counts
from test.ros.driver import values_of


def report(**changes: object) -> DiagnosticStatus:
    values: dict[str, Any] = {"state": "active", "counts": Counts(7, 3, 2, 1, 0, 1), "timings": Timings()}
    return status_message("cac_classifier: classifier", "/cac_classifier", NodeStatus(**{**values, **changes}))


def test_all_well() -> None:
    made = report()
    assert (made.level, made.message) == (DiagnosticStatus.OK, "active")
    assert (made.name, made.hardware_id) == ("cac_classifier: classifier", "/cac_classifier")


def test_the_worst_thing_comes_first() -> None:
    changes: dict[str, object] = {}
    expected = [
        ("problem", "a frame could not be read", DiagnosticStatus.WARN, "a frame could not be read"),
        ("input_problem", "no node publishes", DiagnosticStatus.WARN, "no node publishes"),
        ("failure", "configure failed", DiagnosticStatus.ERROR, "configure failed"),
        ("busy_for", 2.5, DiagnosticStatus.ERROR, "The engine has been working on one frame for 2.5 s."),
    ]
    for field, value, level, message in expected:
        changes[field] = value
        made = report(**changes)
        assert (made.level, made.message) == (level, message)


def test_a_frame_in_the_engine_for_under_1_5_seconds_is_no_error() -> None:
    assert report(busy_for=1.4).level == DiagnosticStatus.OK
    assert report(busy_for=1.6).level == DiagnosticStatus.ERROR


def test_frames_without_any_answer_are_counted_among_the_failed_ones() -> None:
    values = values_of(report(counts=Counts(received=7, classified=3, failed=4, unanswered=2)))
    assert (values["failed"], values["unanswered"]) == ("4", "2")


def test_no_text_of_unknown_origin_breaks_a_report() -> None:
    made = report(problem="bad \ud800\n[ERROR] lost", observer_values={"decision": "a\ud800\nb"})
    assert made.message == r"bad \ud800\n[ERROR] lost"
    assert values_of(made)["decision"] == r"a\ud800\nb"


def test_the_keys_that_others_read() -> None:
    values = values_of(report(timings=Timings(1.234, 5.678, 0.1, 1.0, 0.25, 0.0), rate=29.97, age=0.04, lost=3))
    counts = {key: values[key] for key in ("received", "classified", "replaced", "failed", "waiting", "lost")}
    assert list(counts.values()) == ["7", "3", "2", "1", "1", "3"]
    assert (values["latency_ms_p50"], values["latency_ms_p95"]) == ("1.23", "5.68")
    assert (values["input_rate_hz"], values["input_age_s"], values["unknown_share"]) == ("30.0", "0.0", "0.250")
    assert {"model_id", "engine", "device", "state"} <= values.keys()


def test_what_is_not_known_yet_is_empty_and_not_nan() -> None:
    assert {values_of(report())[key] for key in ("latency_ms_p50", "unknown_share", "input_age_s")} == {""}


def test_the_window_keeps_newest_frames_and_counts_no_failed_ones() -> None:
    recent = RecentFrames(size=4)
    assert str(timings_of(recent)) == str(Timings())
    rows = [(9.0, True, True), (0.001, True, False), (0.002, False, False), (0.003, False, False), (0.004, True, True)]
    for latency, unknown, failed in rows:
        recent.add(FrameTimes(latency, 0.0005, latency / 2, unknown, failed))
    timings = timings_of(recent)
    assert timings.latency_p50 == pytest.approx(2)
    assert timings.latency_p95 == pytest.approx(4)
    assert timings.decode_p50 == pytest.approx(0.5)
    assert timings.unknown_share == pytest.approx(1 / 3)
    assert timings.failed_share == pytest.approx(1 / 4)


@pytest.mark.parametrize(
    ("share", "frames", "tolerance", "warns"),
    [(0.9, 300, 0.5, True), (0.5, 300, 0.5, False), (0.9, 99, 0.5, False), (1.0, 300, 1.0, False)],
)
def test_far_more_unknown_frames_than_validation_promised_are_a_warning(
    share: float, frames: int, tolerance: float, warns: bool
) -> None:
    timings = Timings(unknown_share=share, classified=frames)
    made = report(timings=timings, promised_unknown=0.05, tolerance=tolerance)
    assert made.level == (DiagnosticStatus.WARN if warns else DiagnosticStatus.OK)
    assert values_of(made)["unknown_share_promised"] == "0.050"
    if warns:
        assert made.message.startswith("90% of the last 300 frames are unknown; on the validation images it was 5%. ")
        assert made.message.endswith("set unknown_share_tolerance to 1.0.")


def test_several_cameras_are_summed_up_and_each_problem_names_its_camera() -> None:
    node = NodeStatus("active", Counts(9, 9), Timings(), model_id="m@1", promised_unknown=0.1, tolerance=0.5)
    cameras = {
        "front": replace(node, topic="/front", rate=30.0, age=0.01, lost=1),
        "rear": replace(node, topic="/rear", rate=0.0, age=7.0, lost=2, input_problem="No node publishes /rear."),
        "left": replace(node, topic="/left", rate=5.0, problem="A frame could not be read."),
        "up": replace(node, timings=Timings(unknown_share=1.0, classified=300)),
    }
    everything = Timings(unknown_share=1.0, classified=1000)
    made = status_message("n: classifier", "n", combined(replace(node, problem="A bug."), cameras, everything))
    assert made.level == DiagnosticStatus.WARN
    assert made.message.startswith(
        "A bug. Camera rear: No node publishes /rear. Camera left: A frame could not be read. Camera up: 100% of the "
    )
    assert "front" not in made.message
    values = values_of(made)
    assert values["topic"] == "/front, /rear, /left"
    assert (values["input_rate_hz"], values["input_age_s"], values["lost"]) == ("35.0", "7.0", "3")
    assert (values["received"], values["unknown_share"], values["model_id"]) == ("9", "1.000", "m@1")
    good = combined(node, {"front": cameras["front"]}, everything)
    assert (good.error, good.warning) == ("", ""), "how much is unknown is said of each camera, not of their mean"
    assert combined(replace(node, failure="activate failed"), cameras, everything).error == "activate failed"


def test_without_a_model_nothing_is_promised() -> None:
    assert report(timings=Timings(unknown_share=1.0, classified=300)).level == DiagnosticStatus.OK


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_value_that_the_share_does_not_exceed(values: list[float], share: float) -> None:
    result = percentile(values, share)
    assert result == np.quantile(values, share, method="inverted_cdf")


def test_the_throttle_is_per_kind_and_tells_how_much_it_kept_quiet() -> None:
    now = [0.0]
    throttle = LogThrottle(10, clock=lambda: now[0])
    assert throttle("a", "first") == "first"
    assert throttle("a", "second") == ""
    assert throttle("b", "other") == "other"
    assert throttle("a", "third") == ""
    now[0] = 10.0
    assert throttle("a", "fourth") == "fourth (2 more like this before)"
    now[0] = 20.0
    assert throttle("a", "fifth") == "fifth"


async def yielding(job: Background[int]) -> int:
    """Await as rclpy's executor does: resume the coroutine again and again."""
    waiting = job.__await__()
    while True:
        try:
            next(waiting)
        except StopIteration as end:
            return int(end.value)
        await asyncio.sleep(0)


def test_background_work_is_awaited_without_blocking() -> None:
    go_on = threading.Event()
    job = Background(lambda: go_on.wait(10) and 42)

    async def run() -> int:
        task = asyncio.ensure_future(yielding(job))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not task.done()
        go_on.set()
        return await task

    assert asyncio.run(run()) == 42


def test_an_error_of_background_work_is_handed_over() -> None:
    job: Background[int] = Background(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(yielding(job))


def test_background_work_that_hangs_can_be_given_up() -> None:
    go_on = threading.Event()
    job: Background[int] = Background(lambda: go_on.wait(10) and 42)
    job.give_up(ValueError("given up"))
    with pytest.raises(ValueError, match="given up"):
        asyncio.run(yielding(job))
    go_on.set()
    with pytest.raises(ValueError, match="given up"):
        job.wait(lambda: True)


def test_the_wait_for_background_work_ends_when_it_has_to() -> None:
    go_on = threading.Event()
    job: Background[int] = Background(lambda: go_on.wait(10) and 42)
    assert job.wait(lambda: False) is None
    go_on.set()
    assert job.wait(lambda: True) == 42
