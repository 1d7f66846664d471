# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Boxes that others found: each is answered under its id, in one batch, and never with a wrong image's pixels."""

import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from cac_msgs.msg import OpenSetClassification, Region, RegionArray, RegionClassificationArray
from diagnostic_msgs.msg import DiagnosticStatus
from hypothesis import given
from hypothesis import strategies as st
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from cac_core.predictor import Reason
from cac_core.preprocessing import Frame
from cac_core.support.errors import EngineError
from cac_ros.images import to_frame
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.arrived_image import ArrivedImage, look
from cac_ros.node.box_decisions import decide_on_boxes, reduced
from cac_ros.node.observers.debug_image import jpeg_message
from cac_ros.node.regions import Box, boxes_of_detections, classify, crop
from cac_ros.parameters import NodeSettings
from test.ros.driver import BLUE, GREEN, GREY, RED, NodeProcess, Robot, picture, running, values_of

WHOLE = (0, 0, 64, 48)


def quarters() -> Image:
    """Red, green, blue and grey, each in a quarter of 64x48 pixels."""
    message = picture(RED)
    pixels = np.frombuffer(message.data, np.uint8).reshape(48, 64, 3)
    pixels[:24, 32:], pixels[24:, :32], pixels[24:, 32:] = GREEN, BLUE, GREY
    return message


BOXES = {
    "r": (0, 0, 32, 24),
    "g": (40, 4, 20, 16),
    "b": (-20, 30, 40, 100),
    "grey": (32, 24, 32, 24),
    "outside": (70, 0, 10, 10),
    "empty": (5, 5, 0, 10),
}
EXPECTED = {"r": "red", "g": "green", "b": "deep blue", "grey": "", "outside": "", "empty": ""}

# -- without a node -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def active(model: Path) -> ActiveModel:
    return ActiveModel.load(str(model), NodeSettings(device="cpu"))


def frame() -> Frame:
    return Frame(np.frombuffer(quarters().data, np.uint8).reshape(48, 64, 3), "rgb")


def test_boxes_are_classified_in_one_batch_and_in_order(active: ActiveModel) -> None:
    boxes = [Box(name, *box) for name, box in BOXES.items()]
    with mock.patch.object(type(active.predictor), "predict", autospec=True, side_effect=type(active.predictor).predict
                           ) as predict:  # fmt: skip
        decisions, problem = classify(frame(), boxes, active)
    assert predict.call_count == 1
    assert problem == ""
    assert [d.label for d in decisions] == list(EXPECTED.values())
    reasons = [Reason.OK] * 3 + [Reason.ABOVE_THRESHOLD] + [Reason.BAD_FRAME] * 2
    assert [d.reason for d in decisions] == reasons


def test_an_engine_error_makes_every_box_unknown(active: ActiveModel) -> None:
    with mock.patch.object(type(active.predictor), "predict", side_effect=EngineError("out of memory")):
        decisions, problem = classify(frame(), [Box("a", *WHOLE), Box("b", *WHOLE)], active)
    assert [d.reason for d in decisions] == [Reason.ENGINE_ERROR] * 2
    assert problem == "The engine failed on a frame: out of memory"


@given(
    st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_a_crop_is_the_part_of_the_box_inside_of_the_frame(x: int, y: int, width: int, height: int) -> None:
    whole = Frame(np.zeros((48, 64, 3), np.uint8), "rgb")
    part = crop(whole, Box("", x, y, width, height))
    expected = (
        len(range(max(0, y), min(48, y + height))),
        len(range(max(0, x), min(64, x + width))),
    )
    if part is None:
        assert 0 in expected
    else:
        assert part.pixels.shape[:2] == expected
        assert np.shares_memory(part.pixels, whole.pixels)


def detection(id: str, x: float, y: float, width: float, height: float) -> Any:
    """Has the fields of vision_msgs/Detection2D, which is not among the wheels."""
    centre = SimpleNamespace(position=SimpleNamespace(x=x, y=y), theta=0.0)
    return SimpleNamespace(id=id, bbox=SimpleNamespace(center=centre, size_x=width, size_y=height))


def boxes_of(*detections: Any) -> list[Box]:
    return boxes_of_detections(SimpleNamespace(detections=detections))


def test_a_detection_has_its_centre_in_the_middle() -> None:
    assert boxes_of(detection("7", 50.0, 30.0, 20.0, 10.0)) == [Box("7", 40, 25, 20, 10)]
    assert boxes_of(detection("", 0.0, 0.0, 5.0, 5.0)) == [Box("", -2, -2, 4, 4)]


@given(*[st.floats()] * 4)
def test_no_detection_makes_it_fail(x: float, y: float, width: float, height: float) -> None:
    (box,) = boxes_of(detection("a", x, y, width, height))
    assert min(box.x, box.y) >= -(2**31)
    assert max(box.x, box.y, box.width, box.height) < 2**31
    assert min(box.width, box.height) >= 0
    if not all(map(math.isfinite, (x, y, width, height))):
        assert crop(frame(), box) is None


def test_an_image_is_decoded_once_for_its_frame_and_its_boxes() -> None:
    image = ArrivedImage(quarters(), 0.0)
    with mock.patch("cac_ros.node.decoder.to_frame", wraps=to_frame) as decoded:
        with ThreadPoolExecutor(8) as pool:
            looks = list(pool.map(lambda _: look(image, 0, None), range(32)))
        assert decoded.call_count == 1
        assert {id(one.frame) for one in looks} == {id(looks[0].frame)}
        image.forget_frame()
        assert look(image, 0, None).reason == Reason.OK
        assert decoded.call_count == 2


def test_an_unreadable_image_is_tried_once_and_a_bug_costs_no_answer() -> None:
    image = ArrivedImage(Image(encoding="h264"), 0.0)
    with mock.patch("cac_ros.node.decoder.to_frame", wraps=to_frame) as decoded:
        assert [look(image, 0, None)[:2] for _ in range(3)] == [(None, Reason.BAD_FRAME)] * 3
        assert decoded.call_count == 1
    with mock.patch("cac_ros.node.decoder.to_frame", side_effect=ZeroDivisionError("a bug")):
        seen = look(ArrivedImage(quarters(), 0.0), 0, None)
    assert seen == (None, Reason.BAD_FRAME, "A frame could not be read: ZeroDivisionError: a bug")


def test_a_gate_with_a_bug_costs_neither_frame_nor_boxes_an_answer(active: ActiveModel) -> None:
    gate = mock.Mock(side_effect=ZeroDivisionError("a bug"))
    image = ArrivedImage(quarters(), 0.0)
    frame, reason, problem = look(image, 0, gate)
    assert frame is not None
    assert (reason, problem) == (Reason.BAD_FRAME, "A frame could not be checked: ZeroDivisionError: a bug")
    decisions, problem = decide_on_boxes(image, [Box("a", 0, 0, 9, 9)], active, gate, threading.Lock())
    assert [(d.reason, d.unknown) for d in decisions] == [(Reason.BAD_FRAME, True)]
    assert problem == "A frame could not be checked: ZeroDivisionError: a bug"


def test_a_bug_in_cutting_out_boxes_costs_no_answer(active: ActiveModel) -> None:
    with mock.patch("cac_ros.node.box_decisions.classify", side_effect=ZeroDivisionError("a bug")):
        boxes = [Box("a", 0, 0, 9, 9), Box("b", 1, 1, 9, 9)]
        decisions, problem = decide_on_boxes(ArrivedImage(quarters(), 0.0), boxes, active, None, threading.Lock())
    assert [d.reason for d in decisions] == [Reason.BAD_FRAME] * 2
    assert problem == "The boxes could not be cut out: ZeroDivisionError: a bug"


@given(
    st.integers(-300, 900), st.integers(-300, 900), st.integers(0, 700), st.integers(0, 700), st.sampled_from([2, 4, 8])
)
def test_a_box_in_a_reduced_frame_covers_what_it_did(x: int, y: int, width: int, height: int, fraction: int) -> None:
    whole = Frame(np.zeros((480, 640, 3), np.uint8), "rgb")
    small = Frame(np.zeros((480 // fraction, 640 // fraction, 3), np.uint8), "rgb")
    (box,) = reduced([Box("", x, y, width, height)], fraction)
    before, after = crop(whole, Box("", x, y, width, height)), crop(small, box)
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        for full, part in zip(before.pixels.shape[:2], after.pixels.shape[:2], strict=True):
            assert full / fraction <= part < full / fraction + 2


@pytest.mark.parametrize(("side", "decodings"), [(512, 1), (256, 2), (60, 2)])
def test_boxes_in_a_reduced_jpeg_keep_what_the_network_needs(active: ActiveModel, side: int, decodings: int) -> None:
    reducing = active.with_settings(NodeSettings(device="cpu", reduced_jpeg=True))
    assert reducing.smallest_side == 64
    pixels = np.full((512, 1280, 3), GREY, np.uint8)
    pixels[:, :512], pixels[:, 768:] = GREEN[::-1], BLUE[::-1]
    image = ArrivedImage(jpeg_message(Header(), pixels), 0.0)
    boxes = [Box("g", 0, 0, side, side), Box("b", 1280 - side, 0, side, side), Box("outside", 1400, 0, 9, 9)]
    with mock.patch("cac_ros.node.decoder.to_frame", wraps=to_frame) as decoded:
        look(image, reducing.smallest_side, None)
        decisions, problem = decide_on_boxes(image, boxes, reducing, None, threading.Lock())
        assert decoded.call_count == decodings
    shorter = {512: 64, 256: 128, 60: 512}[side]
    assert min(image.frame(image._smallest_side).pixels.shape[:2]) == shorter, "no larger than the boxes need it"
    assert [decision.label for decision in decisions] == ["green", "deep blue", ""]
    assert problem == ""


# -- over DDS -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def node(model: Path, module_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    folder = tmp_path_factory.mktemp("node")
    with running(folder, module_domain, model, diagnostics_period=0.2, classify_regions=True) as process:
        yield process


class Detector(Robot):
    """A robot that also asks about boxes."""

    def __init__(self, domain: int) -> None:
        super().__init__(domain)
        self.found: list[RegionClassificationArray] = []
        self.questions = self.node.create_publisher(RegionArray, "regions", 100)
        topic = "cac_classifier/region_classifications"
        self._found = self.node.create_subscription(RegionClassificationArray, topic, self.found.append, 10)
        self.wait_connected()
        self.wait(self.questions.get_subscription_count, "the node to read our boxes")
        self.wait(lambda: self.node.count_publishers(topic), "the node's answers")

    def ask_about(self, header: Any, boxes: dict[str, tuple[int, int, int, int]]) -> None:
        regions = [
            Region(id=name, x=x, y=y, width=width, height=height) for name, (x, y, width, height) in boxes.items()
        ]
        self.questions.publish(RegionArray(header=header, regions=regions))

    def result(self, header: Any) -> RegionClassificationArray:
        return self.wait(lambda: next((f for f in self.found if f.header == header), None), "the boxes' answers")


@pytest.fixture(scope="module")
def detector(node: NodeProcess, module_domain: int) -> Iterator[Detector]:
    made = Detector(module_domain)
    yield made
    made.close()


def test_every_box_is_answered_under_its_id_with_the_header_of_the_image(detector: Detector) -> None:
    message = quarters()
    assert detector.ask(message).unknown, "the whole picture is none of the classes"
    for other in (RED, GREEN):
        detector.ask(picture(other))
    detector.ask_about(message.header, {})
    assert list(detector.result(message.header).results) == []
    detector.found.clear()
    detector.ask_about(message.header, BOXES)
    results = detector.result(message.header).results
    assert {r.region.id: r.classification.label for r in results} == EXPECTED
    assert [r.region.id for r in results] == list(BOXES)
    assert [(r.region.x, r.region.y, r.region.width, r.region.height) for r in results] == list(BOXES.values())
    for result in results:
        answer = result.classification
        assert answer.header == message.header
        assert answer.unknown == (answer.label == "")
        assert answer.model_id == detector.class_lists[-1].model_id
        outside = result.region.id in ("outside", "empty")
        assert (answer.reason == OpenSetClassification.BAD_FRAME) == outside


def test_boxes_may_come_before_their_image(detector: Detector) -> None:
    message = quarters()
    message.header.stamp.sec, message.header.stamp.nanosec = 5000, 1
    detector.ask_about(message.header, {"g": BOXES["g"]})
    detector.ask(picture(RED))
    detector.images.publish(message)
    (result,) = detector.result(message.header).results
    assert result.classification.label == "green"


def test_boxes_in_an_unreadable_image_are_unknown(detector: Detector, node: NodeProcess) -> None:
    message = Image(encoding="h264")
    detector.ask(message)
    detector.ask_about(message.header, {"a": WHOLE})
    (result,) = detector.result(message.header).results
    assert result.classification.reason == OpenSetClassification.BAD_FRAME
    assert "Boxes could not be classified: A frame could not be read: encoding 'h264'" in node.output


@pytest.mark.parametrize(
    ("colour", "gate", "reason"),
    [
        ((0, 0, 0), {"dark_limit": 0.05}, OpenSetClassification.TOO_DARK),
        ((255, 255, 255), {"bright_limit": 0.98}, OpenSetClassification.TOO_BRIGHT),
        (RED, {"frozen_after": 0.2}, OpenSetClassification.FROZEN),
    ],
)
def test_what_holds_for_a_frame_holds_for_its_boxes(
    detector: Detector, colour: tuple[int, int, int], gate: dict[str, float], reason: int
) -> None:
    off = {"dark_limit": 0.0, "bright_limit": 1.0, "frozen_after": 0.0}
    message = picture(colour)
    assert detector.set_parameters(threshold=1e6)[0].successful, "everything is known"
    try:
        answer = detector.ask(message)
        detector.ask_about(message.header, {"before": WHOLE, "small": (3, 3, 20, 20)})
        assert {r.classification.label for r in detector.result(message.header).results} == {answer.label} != {""}
        assert all(result.successful for result in detector.set_parameters(**gate))
        detector.wait(lambda: detector.ask(message).reason == reason, "the frame to be refused")
        for _ in range(3):
            detector.ask_about(message.header, {"after": WHOLE, "small": (3, 3, 20, 20)})
            results = detector.result(message.header).results
            assert [(r.classification.unknown, r.classification.label) for r in results] == [(True, "")] * 2
            assert [r.classification.reason for r in results] == [reason] * 2
            assert detector.ask(message).reason == reason
    finally:
        detector.set_parameters(**off, threshold=-1.0)


def test_boxes_in_a_refused_image_that_had_no_turn_yet_are_unknown(detector: Detector) -> None:
    message = picture((0, 0, 0))
    assert detector.set_parameters(dark_limit=0.05)[0].successful
    try:
        message.header.stamp.sec = 6000
        detector.ask_about(message.header, {"early": WHOLE})
        detector.ask(picture(RED))
        detector.images.publish(message)
        (result,) = detector.result(message.header).results
        assert result.classification.reason == OpenSetClassification.TOO_DARK
    finally:
        detector.set_parameters(dark_limit=0.0)


def test_boxes_without_an_image_are_not_answered_but_reported(detector: Detector, node: NodeProcess) -> None:
    detector.found.clear()
    header = picture(RED).header

    header.stamp.sec += 1
    detector.ask_about(header, {"a": WHOLE})

    def given_up(report: DiagnosticStatus) -> bool:
        return int(values_of(report)["regions_without_image"]) == 1

    report = detector.wait_report(given_up, "a question that is given up")
    assert int(values_of(report)["regions_answered"]) >= 1
    assert "The detector must copy the header of the image" in node.output
    assert detector.found == []


def test_boxes_over_dds_from_a_detector_that_speaks_vision_msgs(detector: Detector) -> None:
    vision = pytest.importorskip("vision_msgs.msg", reason="vision_msgs is not installed; it is not among the wheels")
    publisher = detector.node.create_publisher(vision.Detection2DArray, "detections", 10)
    back: list[Any] = []
    topic = "cac_classifier/detections"
    heard = detector.node.create_subscription(vision.Detection2DArray, topic, back.append, 10)
    detector.wait(lambda: detector.node.count_publishers(heard.topic_name), "the publisher of detections")
    detector.wait(publisher.get_subscription_count, "the node to read detections")
    message = quarters()
    detector.ask(message)
    array = vision.Detection2DArray(header=message.header)
    for name, (x, y, width, height) in BOXES.items():
        one = vision.Detection2D(id=name)
        one.bbox.center.position.x, one.bbox.center.position.y = x + width / 2, y + height / 2
        one.bbox.size_x, one.bbox.size_y = float(width), float(height)
        array.detections.append(one)
    publisher.publish(array)
    results = detector.result(message.header).results
    assert {r.region.id: r.classification.label for r in results} == EXPECTED
    detector.wait(lambda: back, "the detections with our answers")
    first = {each.id: each.results[0].hypothesis.class_id for each in back[0].detections}
    assert first == {name: label or "unknown" for name, label in EXPECTED.items()}
    assert [each.bbox for each in back[0].detections] == [each.bbox for each in array.detections]
