# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The running node, driven over DDS from another process: what it answers, and that nothing stops it."""

import array
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cac_msgs.msg import OpenSetClassification
from cac_msgs.srv import LoadModel, SetThreshold
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool

from cac_core.predictor import Reason
from cac_ros.parameters import TABLE
from test.ros.colour_bundle import NAMES, colour_bundle, write_model
from test.ros.driver import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    RED,
    NodeProcess,
    Robot,
    connected,
    picture,
    running,
    sums_up,
    values_of,
)

MUTED = (200, 140, 140)  # γ between the thresholds for 50 % and for 100 % of known kept; a test below checks it

THRESHOLD = "threshold must be -1, or at least 0 and at most 1e+38, not "


@pytest.fixture(scope="module")
def node(model: Path, module_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    folder = tmp_path_factory.mktemp("node")
    with running(folder, module_domain, model, diagnostics_period=0.2, input_timeout=0.5) as process:
        yield process


@pytest.fixture(scope="module")
def shared_robot(node: NodeProcess, module_domain: int) -> Iterator[Robot]:
    with connected(module_domain) as made:
        yield made


@pytest.fixture
def robot(shared_robot: Robot, node: NodeProcess) -> Iterator[Robot]:
    """The robot of a node that answers, and that has the default parameters again afterwards."""
    yield shared_robot
    assert node.status is None, "the node ended"
    shared_robot.set_parameters(threshold=-1.0)
    results = shared_robot.set_parameters(known_kept=-1.0, per_class_thresholds=False, publish_rejection_scores=True)
    assert all(result.successful for result in results)
    assert shared_robot.ask(picture(RED)).label == "red", "the node no longer answers"


@pytest.mark.parametrize(("colour", "name"), [(RED, NAMES[0]), (GREEN, NAMES[1]), (BLUE, NAMES[2])])
@pytest.mark.parametrize("encoding", ["rgb8", "bgr8"])
def test_a_known_object_is_named(robot: Robot, colour: tuple[int, ...], name: str, encoding: str) -> None:
    answer = robot.ask(picture(colour, encoding=encoding))
    assert not answer.unknown
    assert (answer.label, answer.nearest_label, answer.class_index) == (name, name, NAMES.index(name))
    assert answer.reason == OpenSetClassification.OK
    assert 0 <= answer.rejection_score <= answer.threshold == pytest.approx(1.0)
    assert len(answer.rejection_scores) == 3
    assert answer.rejection_scores[answer.class_index] == answer.rejection_score


@pytest.mark.parametrize("colour", [GREY, BLACK])
def test_an_unknown_object_is_unknown(robot: Robot, colour: tuple[int, ...]) -> None:
    answer = robot.ask(picture(colour))
    assert answer.unknown
    assert (answer.label, answer.class_index) == ("", -1)
    assert answer.nearest_label in NAMES
    assert answer.reason == OpenSetClassification.ABOVE_THRESHOLD
    assert answer.rejection_score > answer.threshold == pytest.approx(1.0)


def test_the_answer_carries_the_header_of_the_image_and_the_model(robot: Robot) -> None:
    message = picture(RED)
    message.header.frame_id = "left/optical frame ü"
    answer = robot.ask(message)
    assert answer.header == message.header
    assert answer.model_id == robot.class_lists[-1].model_id
    assert answer.model_id.startswith("colours@")


def test_the_reasons_of_the_message_are_those_of_the_core() -> None:
    for reason in Reason:
        assert getattr(OpenSetClassification, reason.name) == reason.value


def broken_images() -> dict[str, Image]:
    """One image for each way an image can be wrong."""

    def changed(**changes: object) -> Image:
        message = picture(RED)
        for field, value in changes.items():
            setattr(message, field, value)
        return message

    return {
        "encoding": changed(encoding="h264"),
        "no encoding": changed(encoding=""),
        "width": changed(width=0),
        "height": changed(height=0),
        "huge": changed(height=2**32 - 1, width=2**32 - 1, step=2**32 - 1),
        "step": changed(step=1),
        "data cut": changed(data=array.array("B", bytes(100))),
        "no data": changed(data=array.array("B")),
        "odd yuv": changed(encoding="yuyv", width=63),
        "default": Image(),
    }


@pytest.mark.parametrize("kind", broken_images())
def test_a_bad_frame_is_unknown_and_the_node_goes_on(robot: Robot, kind: str) -> None:
    answer = robot.ask(broken_images()[kind])
    assert answer.unknown
    assert (answer.label, answer.nearest_label, answer.class_index) == ("", "", -1)
    assert answer.reason == OpenSetClassification.BAD_FRAME
    assert answer.rejection_score == math.inf
    assert list(answer.rejection_scores) == []
    assert answer.model_id.startswith("colours@")
    assert robot.ask(picture(GREEN)).label == "green"


def test_what_is_wrong_with_frames_is_logged_once_and_reported(robot: Robot, node: NodeProcess) -> None:
    def times_logged() -> int:
        return node.output.count("A frame could not be read")

    before = times_logged()
    for _ in range(20):
        robot.ask(broken_images()["step"])
    assert times_logged() <= before + 1, "at most once in ten seconds"
    bad = "step 1 is too small"
    report = robot.wait_report(lambda r: bad in r.message or not robot.send(broken_images()["step"]), bad)
    assert report.level == DiagnosticStatus.WARN
    assert report.message == "A frame could not be read: step 1 is too small: 64 pixels of rgb8 need 192 bytes a row"


def test_every_frame_is_accounted_for_under_load(robot: Robot) -> None:
    received = int(values_of(robot.wait_report(sums_up, "at rest"))["received"])
    robot.answers.clear()
    stamps = [robot.send(broken_images()["step"] if i % 7 == 0 else picture(RED, 640, 480)) for i in range(60)]
    robot.wait(lambda: robot.answer_to(stamps[-1]), "the answer to the newest frame")
    report = robot.wait_report(sums_up, "at rest again")
    values = values_of(report)
    # A burst is faster than any camera: some of it does not leave the publisher's queue.
    assert received + len(robot.answers) <= int(values["received"]) <= received + 60
    assert 0 < float(values["latency_ms_p50"]) <= float(values["latency_ms_p95"])
    answered = [(a.header.stamp.sec, a.header.stamp.nanosec) for a in robot.answers]
    assert answered == [stamp for stamp in stamps if stamp in answered], "in order, none twice"


def test_the_report_names_model_engine_and_state(robot: Robot) -> None:
    values = values_of(robot.wait_report(lambda r: True, "any"))
    assert values["state"] == "active"
    assert values["model_id"] == robot.class_lists[-1].model_id
    assert (values["engine"], values["device"]) != ("", "")
    assert values["topic"] == "/image"
    assert float(values["threshold"]) == pytest.approx(1.0)


# -- parameters ---------------------------------------------------------------------------------------------------


def test_the_threshold_changes_on_the_next_frame(robot: Robot) -> None:
    assert robot.ask(picture(GREY)).unknown
    assert robot.set_parameters(threshold=50.0)[0].successful
    answer = robot.ask(picture(GREY))
    assert not answer.unknown
    assert answer.threshold == 50.0
    assert robot.set_parameters(threshold=-1.0)[0].successful
    assert robot.ask(picture(GREY)).unknown


def test_the_share_of_known_kept_changes_on_the_next_frame(robot: Robot) -> None:
    score = robot.ask(picture(MUTED)).rejection_score
    assert 1.0 < score < 2.0
    assert robot.ask(picture(MUTED)).unknown
    assert robot.set_parameters(known_kept=1.0)[0].successful
    answer = robot.ask(picture(MUTED))
    assert not answer.unknown
    assert answer.threshold == pytest.approx(2.0)


def test_scores_can_be_switched_off(robot: Robot) -> None:
    assert robot.set_parameters(publish_rejection_scores=False)[0].successful
    answer = robot.ask(picture(RED))
    assert list(answer.rejection_scores) == []
    assert answer.label == "red"


def test_the_class_list_follows_thresholds_and_reaches_late_subscribers(robot: Robot, module_domain: int) -> None:
    robot.class_lists.clear()
    assert robot.set_parameters(known_kept=1.0)[0].successful
    late = Robot(module_domain)
    try:
        for hearer in (robot, late):
            classes = hearer.wait(partial(list, hearer.class_lists), "the class list")[-1]
            assert tuple(classes.names) == NAMES
            assert list(classes.thresholds) == pytest.approx([2.0] * 3)
            assert classes.known_kept == 1.0
    finally:
        late.close()
    robot.class_lists.clear()
    assert robot.set_parameters(threshold=3.5)[0].successful
    classes = robot.wait(lambda: robot.class_lists, "the class list")[-1]
    assert (list(classes.thresholds), classes.known_kept) == ([3.5] * 3, -1.0)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("threshold", -2.0, "threshold must be -1, or at least 0 and at most 1e+38, not -2."),
        ("threshold", 1e39, "threshold must be -1, or at least 0 and at most 1e+38, not 1e+39."),
        ("threshold", math.nan, "threshold must be -1, or at least 0 and at most 1e+38, not nan."),
        ("threshold", 1, "threshold must be a double (-1, or at least 0 and at most 1e+38), not 1: write 1.0."),
        ("known_kept", 0.0, "known_kept must be -1, or above 0 and at most 1, not 0."),
        ("known_kept", 1.5, "known_kept must be -1, or above 0 and at most 1, not 1.5."),
        ("per_class_thresholds", "yes", "per_class_thresholds must be a bool, not 'yes'."),
        (
            "model_path",
            "other.cac",
            "model_path cannot be changed while the node is active: a configured node changes its model ",
        ),
        ("device", "cpu", "device cannot be changed while the node is active: it is read when the node is configured"),
    ],
)
def test_a_rejected_parameter_gets_a_sentence(robot: Robot, name: str, value: object, sentence: str) -> None:
    result = robot.set_parameters(**{name: value})[0]
    assert not result.successful
    assert result.reason.startswith(sentence)


def test_a_parameter_without_effect_is_rejected_with_what_to_do(robot: Robot) -> None:
    assert robot.set_parameters(threshold=0.5)[0].successful
    result = robot.set_parameters(known_kept=0.9)[0]
    assert not result.successful
    assert result.reason == "known_kept has no effect while threshold is 0.5; set threshold to -1.0 first."
    both = robot.set_parameters_atomically(threshold=-1.0, known_kept=1.0)
    assert both.successful
    assert robot.ask(picture(RED)).threshold == pytest.approx(2.0)


def test_the_running_node_has_the_parameters_of_the_table_and_no_others(robot: Robot) -> None:
    names = [name for name in robot.parameter_names() if name not in ("use_sim_time", "start_type_description_service")]
    assert sorted(names) == sorted(row.name for row in TABLE)
    rows = {row.name: row for row in TABLE}
    for descriptor in robot.parameter_descriptors(names):
        row = rows[descriptor.name]
        assert descriptor.description == row.description
        assert descriptor.read_only == row.is_fixed("unconfigured")
        assert row.fixed in descriptor.additional_constraints


# -- services -----------------------------------------------------------------------------------------------------


def test_set_threshold_sets_the_parameters(robot: Robot) -> None:
    response = robot.call(SetThreshold, "set_threshold", SetThreshold.Request(threshold=50.0))
    assert response.success, response.message
    assert list(response.thresholds) == [50.0] * 3
    assert not robot.ask(picture(GREY)).unknown
    assert robot.parameter_values(["threshold"])[0].double_value == 50.0

    response = robot.call(SetThreshold, "set_threshold", SetThreshold.Request(known_kept=1.0, per_class=1))
    assert response.success, response.message
    assert list(response.thresholds) == pytest.approx([2.0, 2.0, 2.2])
    assert robot.parameter_values(["threshold"])[0].double_value == -1.0, "the one set by hand is left"

    response = robot.call(SetThreshold, "set_threshold", SetThreshold.Request(known_kept=1.0))
    assert response.success, response.message
    assert robot.parameter_values(["per_class_thresholds"])[0].bool_value, "what is not named stays as it is"


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (SetThreshold.Request(threshold=-3.0), f"{THRESHOLD}-3."),
        (SetThreshold.Request(threshold=math.nan), f"{THRESHOLD}nan."),
        (SetThreshold.Request(threshold=1e39), f"{THRESHOLD}1e+39."),
        (SetThreshold.Request(threshold=math.inf), f"{THRESHOLD}inf."),
        (SetThreshold.Request(), "Nothing was changed: give threshold, known_kept or per_class."),
        (SetThreshold.Request(known_kept=0.0), "known_kept must be -1, or above 0 and at most 1, not 0."),
        (
            SetThreshold.Request(threshold=0.5, known_kept=0.9),
            "threshold excludes known_kept and per_class: one threshold is set, or they are derived.",
        ),
    ],
)
def test_set_threshold_says_why_it_refuses(robot: Robot, request_: SetThreshold.Request, sentence: str) -> None:
    response = robot.call(SetThreshold, "set_threshold", request_)
    assert (response.success, response.message) == (False, sentence)
    assert list(response.thresholds) == pytest.approx([1.0] * 3)
    assert robot.ask(picture(RED)).threshold == pytest.approx(1.0)


def test_enable_switches_the_answers_off_and_on(robot: Robot) -> None:
    assert robot.call(SetBool, "enable", SetBool.Request(data=False)).success
    robot.wait(lambda: robot.images.get_subscription_count() == 0, "the node to unsubscribe")
    assert values_of(robot.wait_report(lambda r: True, "any"))["state"] == "disabled"
    assert robot.call(SetBool, "enable", SetBool.Request(data=True)).success
    robot.wait_connected()
    assert robot.ask(picture(BLUE)).label == "deep blue"


def test_load_model_swaps_under_load_and_each_answer_is_of_one_model(robot: Robot, tmp_path: Path) -> None:
    old = robot.class_lists[-1].model_id
    names = ("rot", "grün", "tief blau")
    other = write_model(tmp_path, colour_bundle("farben", names, known_kept=1.0))
    robot.answers.clear()
    robot.class_lists.clear()
    future = robot.call_async(LoadModel, "load_model", LoadModel.Request(model_path=str(other)))
    stamps = []

    def sent_until(done: bool) -> bool:
        stamps.append(robot.send(picture(RED, 320, 240)))
        robot.wait(lambda: robot.answer_to(stamps[-1]), "an answer while the model loads")
        return done

    while not sent_until(future.done()):
        pass
    response = future.result()
    assert response.success, response.message
    assert response.model_id.startswith("farben@")
    sent_until(True)

    # Each image was waited for, so each has exactly one answer: by the old model, then by the new one, never a mixture.
    assert [(a.header.stamp.sec, a.header.stamp.nanosec) for a in robot.answers] == stamps
    kinds = [(a.model_id, a.label, round(a.threshold, 3)) for a in robot.answers]
    assert set(kinds) <= {(old, "red", 1.0), (response.model_id, "rot", 2.0)}
    assert kinds == sorted(kinds, key=lambda kind: kind[0] != old)
    assert kinds[-1][1] == "rot"
    assert tuple(robot.wait(lambda: robot.class_lists, "the class list")[-1].names) == names

    back = robot.call(LoadModel, "load_model", LoadModel.Request(model_path=robot_model(robot)))
    assert back.success, back.message
    assert robot.ask(picture(RED)).model_id == old


def robot_model(robot: Robot) -> str:
    """The model that the shared node was started with."""
    return str(robot.parameter_values(["model_path"])[0].string_value)


def test_load_model_keeps_the_old_model_when_the_new_one_is_bad(robot: Robot, tmp_path: Path) -> None:
    good = Path(robot_model(robot)).read_bytes()
    old = robot.class_lists[-1].model_id
    cut = tmp_path / "cut.cac"
    cut.write_bytes(good[: len(good) // 2])
    for path, words in (
        (tmp_path / "none.cac", "does not exist"),
        (cut, "cut.cac is damaged"),
        ("", "model_path is empty"),
    ):
        response = robot.call(LoadModel, "load_model", LoadModel.Request(model_path=str(path)))
        assert not response.success
        assert response.message.startswith("The old model stays in use: ")
        assert words in response.message
        assert response.model_id == old
        assert robot.ask(picture(RED)).model_id == old


def test_an_output_that_is_not_finite_is_unknown(robot: Robot, overflowing_model: Path) -> None:
    first = robot_model(robot)
    assert robot.call(LoadModel, "load_model", LoadModel.Request(model_path=str(overflowing_model))).success
    try:
        answer = robot.ask(picture(RED))
        assert answer.unknown
        assert answer.reason == OpenSetClassification.NOT_FINITE
        assert (answer.label, answer.class_index, answer.rejection_score) == ("", -1, math.inf)
        assert robot.ask(picture(BLACK)).reason == OpenSetClassification.ABOVE_THRESHOLD
        report = robot.wait_report(lambda r: r.level == DiagnosticStatus.WARN, "a warning")
        assert "not finite" in report.message
    finally:
        assert robot.call(LoadModel, "load_model", LoadModel.Request(model_path=first)).success
