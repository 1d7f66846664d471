# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From messages to answers and from answers to messages, without a running node."""

import math
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from cac_msgs.msg import ClassList, OpenSetClassification
from cac_msgs.srv import SetThreshold
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from cac_core.bundle import load_bundle
from cac_core.predictor import Predictor, Reason, failed
from cac_core.support.errors import CacError, EngineError
from cac_ros.images import to_bgr
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.answers import Answer, answer
from cac_ros.node.arrived_image import ArrivedImage, Look, PictureGate, look
from cac_ros.node.messages import class_list_message, classification_message, threshold_changes
from cac_ros.node.observers.debug_image import jpeg_message
from cac_ros.node.published_model import PublishedModel
from cac_ros.parameters import NodeSettings, ParameterError
from test.ros.driver import GREY, RED, picture


@pytest.fixture(scope="module")
def active(model: Path) -> ActiveModel:
    return ActiveModel.load(str(model), NodeSettings(device="cpu"))


def answers_to(
    messages: Sequence[Any], model: ActiveModel, gates: Sequence[PictureGate | None] | None = None
) -> list[Answer]:
    looks = [
        partial(look, ArrivedImage(message, 0.0), model.smallest_side, gate)
        for message, gate in zip(messages, gates or [None] * len(messages), strict=True)
    ]
    return answer(looks, model)


def test_a_batch_is_answered_in_order_and_one_bad_frame_spoils_no_other(active: ActiveModel) -> None:
    results = answers_to([picture(RED), Image(), picture(GREY)], active)
    assert [r.decision.reason for r in results] == [Reason.OK, Reason.BAD_FRAME, Reason.ABOVE_THRESHOLD]
    assert [r.failed for r in results] == [False, True, False]
    assert [bool(r.problem) for r in results] == [False, True, False]
    assert results[1].problem.startswith("A frame could not be read: encoding ''")


def test_a_bug_before_the_engine_costs_its_frame_and_no_other(active: ActiveModel) -> None:
    def bug() -> Look:
        raise ZeroDivisionError("a bug")

    good = partial(look, ArrivedImage(picture(RED), 0.0), 0, None)
    results = answer([good, bug, good], active)
    assert [r.decision.reason for r in results] == [Reason.OK, Reason.BAD_FRAME, Reason.OK]
    assert results[1].problem == "A frame could not be read: ZeroDivisionError: a bug"


@pytest.mark.parametrize("engine", ["openvino", "torch"])
@pytest.mark.parametrize("encoding", ["bgr8", "rgb8"])
def test_a_raw_frame_is_never_copied_on_its_way_to_its_answer(model: Path, encoding: str, engine: str) -> None:
    pytest.importorskip(engine, reason=f"{engine} is not installed")
    active = ActiveModel.load(str(model), NodeSettings(device="cpu", engine=engine))
    message = picture(RED, 1920, 1080, encoding)
    answers_to([message], active)
    tracemalloc.start()
    try:
        (result,) = answers_to([message], active)
        classification_message(message.header, result.decision, active.model_id, with_scores=True)
        _, peak = tracemalloc.get_traced_memory()  # NumPy reports its arrays, and OpenCV's results are such
    finally:
        tracemalloc.stop()
    assert not result.failed
    assert result.frame is not None
    assert np.shares_memory(result.frame.pixels, np.frombuffer(message.data, np.uint8))
    assert peak < len(message.data) / 50


def test_large_jpegs_are_reduced_only_where_asked_for_and_shown_whole(active: ActiveModel) -> None:
    size = active.predictor.bundle.preprocessing.image_size
    message = jpeg_message(Header(), np.full((16 * size, 20 * size, 3), RED[::-1], np.uint8))
    (whole,) = answers_to([message], active)
    (reduced,) = answers_to([message], active.with_settings(NodeSettings(device="cpu", reduced_jpeg=True)))
    assert whole.frame is not None
    assert reduced.frame is not None
    assert whole.frame.pixels.shape[:2] == (16 * size, 20 * size)
    assert reduced.frame.pixels.shape[:2] == (2 * size, 5 * size // 2)
    assert reduced.decision.label == whole.decision.label
    np.testing.assert_array_equal(to_bgr(reduced.frame), whole.frame.pixels)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (EngineError("engine torch failed: out of memory"), "engine torch failed: out of memory"),
        (ZeroDivisionError("a bug"), "ZeroDivisionError: a bug"),
    ],
)
def test_whatever_the_predictor_raises_becomes_an_unknown(active: ActiveModel, error: Exception, words: str) -> None:
    with mock.patch.object(type(active.predictor), "predict", side_effect=error):
        (result,) = answers_to([picture(RED)], active)
    assert result.decision.reason == Reason.ENGINE_ERROR
    assert result.decision.unknown
    assert result.problem == f"The engine failed on a frame: {words}"


def test_a_predictor_that_answers_too_little_is_an_engine_error(active: ActiveModel) -> None:
    with mock.patch.object(type(active.predictor), "predict", return_value=[]):
        (result,) = answers_to([picture(RED)], active)
    assert result.decision.reason == Reason.ENGINE_ERROR


@pytest.mark.parametrize(
    ("settings", "theta", "known_kept"),
    [
        (NodeSettings(), [1.0], 0.5),
        (NodeSettings(known_kept=0.9), [1.8], 0.9),
        (NodeSettings(known_kept=0.9, per_class_thresholds=True), [1.8, 1.8, 1.98], 0.9),
        (NodeSettings(threshold=3.0), [3.0], -1.0),
        (NodeSettings(threshold=0.0, known_kept=0.9, per_class_thresholds=True), [0.0], -1.0),
    ],
)
def test_the_thresholds_follow_the_settings(
    active: ActiveModel, settings: NodeSettings, theta: list[float], known_kept: float
) -> None:
    changed = active.with_settings(settings)
    assert changed.theta.tolist() == pytest.approx(theta if len(theta) == 3 else theta * 3)
    assert changed.known_kept == known_kept
    assert changed.threshold_text == " to ".join(f"{value:.6g}" for value in sorted(set(theta)))


def test_a_loaded_model_keeps_no_weights_beside_those_of_its_engine(active: ActiveModel, model: Path) -> None:
    kept, whole = active.predictor.bundle, load_bundle(model)
    assert (kept.state, kept.graph) == ({}, b"")
    assert active.model_id == kept.model_id == whole.model_id
    assert whole.state


def test_thresholds_per_class_that_the_model_does_not_have_are_refused(model: Path) -> None:
    bundle = load_bundle(model)
    thresholds = bundle.thresholds
    none = replace(thresholds, class_quantiles=np.tile(thresholds.quantiles, (3, 1)))
    predictor = Predictor(replace(bundle, thresholds=none), "torch", "cpu")
    with pytest.raises(ParameterError, match="no class has a threshold of its own"):
        ActiveModel.of(predictor, NodeSettings(per_class_thresholds=True))
    assert ActiveModel.of(predictor, NodeSettings(per_class_thresholds=True, threshold=1.0)).theta.tolist() == [1.0] * 3


def test_what_cannot_be_loaded_gets_a_sentence(tmp_path: Path) -> None:
    for path in ("", str(tmp_path / "none.cac"), str(tmp_path)):
        with pytest.raises(CacError):
            ActiveModel.load(path, NodeSettings())


def test_the_answer_as_a_message(active: ActiveModel) -> None:
    header = Header(frame_id="camera")
    (result,) = answers_to([picture(GREY)], active)
    message = classification_message(header, result.decision, "m@1", with_scores=True)
    assert message.header == header
    assert message.unknown
    assert message.reason == Reason.ABOVE_THRESHOLD
    assert np.float32(message.rejection_score) == result.decision.rejection_scores.min()
    np.testing.assert_array_equal(message.rejection_scores, result.decision.rejection_scores)
    assert len(classification_message(header, result.decision, "m@1", with_scores=False).rejection_scores) == 0
    nothing = classification_message(header, failed(Reason.BAD_FRAME), "m@1", with_scores=True)
    assert (nothing.unknown, nothing.class_index, nothing.rejection_score) == (True, -1, math.inf)
    assert len(nothing.rejection_scores) == 0


def test_the_class_list_as_a_message() -> None:
    message = class_list_message(Header().stamp, "m@1", ["a", "größe"], np.array([1, 2], np.float64), 0.5)
    assert (list(message.names), list(message.thresholds)) == (["a", "größe"], [1.0, 2.0])
    assert (message.model_id, message.known_kept) == ("m@1", 0.5)


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({"threshold": 0.5}, {"threshold": 0.5}),
        ({"threshold": 0.0}, {"threshold": 0.0}),
        ({"known_kept": 0.9}, {"threshold": -1.0, "known_kept": 0.9}),
        ({"per_class": True}, {"threshold": -1.0, "per_class_thresholds": True}),
        ({"known_kept": 0.9, "per_class": 0}, {"threshold": -1.0, "known_kept": 0.9, "per_class_thresholds": False}),
    ],
)
def test_a_threshold_request_changes_only_what_it_names(given: dict[str, float], changes: dict[str, object]) -> None:
    assert threshold_changes(SetThreshold.Request(**given)) == changes


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Nothing was changed: give threshold, known_kept or per_class."),
        ({"threshold": 0.5, "known_kept": 0.9}, "threshold excludes known_kept and per_class: "),
        ({"threshold": 0.5, "per_class": 0}, "threshold excludes known_kept and per_class: "),
        ({"per_class": 2}, "per_class must be -1, 0 or 1, not 2."),
    ],
)
def test_a_threshold_request_without_a_meaning_is_refused(given: dict[str, float], sentence: str) -> None:
    with pytest.raises(ParameterError, match=f"^{sentence}"):
        threshold_changes(SetThreshold.Request(**given))


def test_a_message_that_nobody_filled_in_is_no_known_class() -> None:
    empty = OpenSetClassification()
    assert (empty.unknown, empty.label, empty.class_index) == (True, "", -1)
    assert ClassList().known_kept == -1.0


@pytest.mark.parametrize(
    ("settings", "share"),
    [
        (NodeSettings(), 0.5),
        (NodeSettings(known_kept=0.9), 0.1),
        (NodeSettings(threshold=0.0), 1.0),
        (NodeSettings(threshold=1.0), 0.5),
        (NodeSettings(threshold=99.0), 0.0),
    ],
)
def test_it_knows_which_share_of_known_objects_it_rejects(
    active: ActiveModel, settings: NodeSettings, share: float
) -> None:
    assert active.with_settings(settings).promised_unknown == pytest.approx(share, abs=0.002)


def test_the_engine_gets_its_settings_and_is_warm_for_every_camera(model: Path) -> None:
    pytest.importorskip("openvino", reason="openvino is not installed")
    from cac_core.engines.openvino_engine import OpenVINOEngine

    cameras = tuple(f"/camera_{number}" for number in range(5))
    settings = NodeSettings(device="cpu", engine="openvino", threads=1, precision="float32", image_topics=cameras)
    engine = ActiveModel.load(str(model), settings).predictor._engine
    assert isinstance(engine, OpenVINOEngine)
    request = engine._requests[1].get_compiled_model()
    assert request.get_property("INFERENCE_NUM_THREADS") == 1
    assert request.get_property("INFERENCE_PRECISION_HINT").get_type_name() == "f32"
    assert set(engine._requests) == {1, 2, 4}, "five frames are answered as four and one"


def test_a_mixed_batch_is_answered_like_its_frames_one_by_one(active: ActiveModel) -> None:
    messages = [picture(RED, 640, 480), picture(GREY, 31, 77, "bgr8"), Image(), picture(RED, 16, 16, "bgr8")]
    together = answers_to(messages, active)
    for result, message in zip(together, messages, strict=True):
        (alone,) = answers_to([message], active)
        assert (result.decision.label, result.decision.reason) == (alone.decision.label, alone.decision.reason)
        np.testing.assert_allclose(result.decision.rejection_scores, alone.decision.rejection_scores, atol=1e-5)


def test_each_frame_is_shown_to_the_gate_of_its_own_camera(active: ActiveModel) -> None:
    refuse = lambda frame, arrived: (Reason.TOO_DARK, f"{frame.pixels.shape[1]} pixels wide")  # noqa: E731
    results = answers_to([picture(RED), picture(RED, 80, 60), picture(RED)], active, [None, refuse, None])
    assert [r.decision.reason for r in results] == [Reason.OK, Reason.TOO_DARK, Reason.OK]
    assert [r.problem for r in results] == ["", "80 pixels wide", ""]


class Publisher:
    """Takes messages until it breaks."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.breaks = False

    def publish(self, message: ClassList) -> None:
        if self.breaks:
            raise RuntimeError("the middleware is broken")
        self.sent.append(message.model_id)


def test_a_model_that_cannot_be_published_is_never_in_use(active: ActiveModel) -> None:
    publisher = Publisher()
    node: Any = mock.Mock()
    node.get_clock.return_value.now.return_value.to_msg.return_value = Header().stamp
    node.create_lifecycle_publisher.return_value = publisher
    in_use = PublishedModel(node, active)
    bundle = active.predictor.bundle
    unsendable = replace(active, predictor=mock.Mock(class_names=("a", "b", "\ud800"), model_id="m@1", bundle=bundle))
    with pytest.raises(UnicodeEncodeError):
        in_use.replace(unsendable)
    assert (in_use.model, publisher.sent) == (active, []), "it was found out before the swap"
    publisher.breaks = True
    with pytest.raises(RuntimeError, match="broken"):
        in_use.replace(replace(active, known_kept=0.1))
    assert in_use.model is active, "what fails after the swap takes it back"
    with pytest.raises(UnicodeEncodeError):
        PublishedModel(node, unsendable)
