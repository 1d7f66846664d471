# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Several cameras share one model: each has its own answers and figures, and none spoils those of another."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cac_msgs.msg import OpenSetClassification, Region, RegionArray, RegionClassificationArray
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from cac_core.data.decode import read_image
from test.ros.driver import BLUE, GREEN, GREY, RED, ROOT, NodeProcess, Robot, picture, running, values_of

FRONT, REAR = "/front/image_raw", "/rear/image_raw"
BREAKS, HANGS, BREAKS_BATCHES = (255, 0, 255), (255, 255, 0), (0, 255, 255)


class Head(Robot):
    """A robot with several cameras.

    Args:
        domain: ROS domain.
        topics: full name of each image topic, by the name of its camera.
        namespace: of the node under test.
    """

    def __init__(self, domain: int, topics: dict[str, str], namespace: str = "") -> None:
        super().__init__(domain, namespace, reliability=None)
        self.cameras = {n: self.node.create_publisher(Image, t, QoSProfile(depth=10)) for n, t in topics.items()}
        self.heard: dict[str, list[OpenSetClassification]] = {name: [] for name in topics}
        self._others: list[Any] = []
        for name, heard in self.heard.items():
            self.hear(OpenSetClassification, f"{name}/classification", heard)

    def hear(self, kind: type, topic: str, into: list[Any]) -> None:
        """Collect what the node publishes on ``~/topic``."""
        self._others.append(self.node.create_subscription(kind, f"cac_classifier/{topic}", into.append, 100))

    def wait_connected(self) -> None:
        for name, publisher in self.cameras.items():
            self.wait(publisher.get_subscription_count, f"the node to read {name}")
        for subscription in self._others:
            topic = subscription.topic_name
            self.wait(partial(self.node.count_publishers, topic), f"a publisher on {topic}")
        self.wait(lambda: self.class_lists, "the class list")

    def show(self, name: str, message: Image) -> tuple[int, int]:
        """Publish as one of the cameras."""
        self.images = self.cameras[name]
        return self.send(message)

    def answer_of(self, name: str, stamp: tuple[int, int]) -> OpenSetClassification:
        """Wait for the answer of a camera to an image."""

        def found() -> OpenSetClassification | None:
            return next((a for a in self.heard[name] if (a.header.stamp.sec, a.header.stamp.nanosec) == stamp), None)

        return self.wait(found, f"the answer of {name} to the image of {stamp}")

    def look(self, name: str, message: Image) -> OpenSetClassification:
        """Publish as one of the cameras and wait for its answer."""
        return self.answer_of(name, self.show(name, message))

    def report_of(self, camera: str, words: str = "", level: bytes | None = None) -> DiagnosticStatus:
        """A new report about a camera, or with an empty name about all together."""
        name = f"{self._prefix}: camera {camera}" if camera else f"{self._prefix}: classifier"
        return self.wait_report(
            lambda r: r.name == name and words in r.message and level in (None, r.level), f"{name}: {words}"
        )


@contextmanager
def head(*args: Any) -> Iterator[Head]:
    made = Head(*args)
    try:
        made.wait_connected()
        yield made
    finally:
        made.close()


@contextmanager
def cameras(domain: int, *descriptions: str) -> Iterator[None]:
    """Cameras in a process of their own."""
    command = [sys.executable, "-m", "test.ros.camera_process", *descriptions]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def counts(report: DiagnosticStatus) -> dict[str, int]:
    values = values_of(report)
    return {key: int(values[key]) for key in ("received", "classified", "replaced", "failed")}


# -- two cameras ------------------------------------------------------------------------------------------------------

TWO = {"front/image_raw": FRONT, "rear/image_raw": REAR}
F, R = TWO


@pytest.fixture(scope="module")
def harvest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("harvest")


@pytest.fixture(scope="module")
def node(
    model: Path, module_domain: int, tmp_path_factory: pytest.TempPathFactory, harvest: Path
) -> Iterator[NodeProcess]:
    folder = tmp_path_factory.mktemp("node")
    options = {"decision_frames": 3, "harvest_folder": harvest, "harvest_period": 0.0, "classify_regions": True}
    with running(
        folder, module_domain, model, image_topics=[FRONT, REAR], diagnostics_period=0.2, **options
    ) as process:
        yield process


@pytest.fixture(scope="module")
def robot(node: NodeProcess, module_domain: int) -> Iterator[Head]:
    with head(module_domain, TWO) as made:
        yield made


def test_each_camera_is_answered_on_its_own_topic_whatever_it_sends(robot: Head) -> None:
    for _ in range(5):
        small, large = picture(RED, 64, 48, "rgb8"), picture(GREEN, 320, 240, "bgr8")
        large.header.frame_id = "rear"
        first, second = robot.show(F, small), robot.show(R, large)
        assert robot.answer_of(R, second).label == "green"
        answer = robot.answer_of(F, first)
        assert (answer.label, answer.header.frame_id) == ("red", "camera")
    stamps = {name: {(a.header.stamp.sec, a.header.stamp.nanosec) for a in robot.heard[name]} for name in TWO}
    assert (len(stamps[F]), len(stamps[R])) == (5, 5)
    assert not stamps[F] & stamps[R]
    assert {a.header.frame_id for a in robot.heard[R]} == {"rear"}
    assert robot.answers == [], "nothing on ~/classification"
    assert [list(c.names) for c in robot.class_lists] == [["red", "green", "deep blue"]], "one class list for all"


def test_frames_are_counted_for_each_camera_and_together(robot: Head) -> None:
    before = {name: counts(robot.report_of(name)) for name in ("", *TWO)}
    robot.look(F, picture(RED))
    robot.look(R, picture(GREEN))
    robot.look(R, picture(BLUE))

    def grown(name: str, by: int) -> bool:
        after = counts(robot.report_of(name))
        return after["received"] == after["classified"] + after["failed"] == before[name]["received"] + by

    for name, by in ((F, 1), (R, 2), ("", 3)):
        robot.wait(partial(grown, name, by), f"{by} more frames of {name or 'all'}")
    values = {name: values_of(robot.report_of(name)) for name in ("", *TWO)}
    assert [values[name]["topic"] for name in values] == [f"{FRONT}, {REAR}", FRONT, REAR]
    assert len({v["model_id"] for v in values.values()}) == 1


def test_an_unreadable_frame_fails_for_its_camera_only(robot: Head) -> None:
    answer = robot.look(F, Image(encoding="h264"))
    assert (answer.unknown, answer.reason) == (True, OpenSetClassification.BAD_FRAME)
    report = robot.wait(
        lambda: robot.look(F, Image(encoding="h264")) and next((r for r in robot.reports if "h264" in r.message), None),
        "the report",
    )
    assert report.level == DiagnosticStatus.WARN
    robot.show(F, Image(encoding="h264"))
    report = robot.report_of("", "h264")
    assert report.message.startswith(f"Camera {F}: A frame could not be read: encoding 'h264'")
    assert robot.report_of(R).level == DiagnosticStatus.OK


def test_what_looks_at_several_frames_keeps_the_cameras_apart(robot: Head) -> None:
    decisions: dict[str, list[OpenSetClassification]] = {F: [], R: []}
    for name, heard in decisions.items():
        robot.hear(OpenSetClassification, f"{name}/decision", heard)
    robot.wait_connected()
    robot.wait(lambda: robot.look(F, picture(RED)) and decisions[F], "the first decision")
    robot.wait(lambda: robot.look(R, picture(GREEN)) and decisions[R], "the first decision")
    for _ in range(3):
        robot.look(F, picture(RED))
        robot.look(R, picture(GREEN))
    assert [decisions[F][-1].label, decisions[R][-1].label] == ["red", "green"]
    assert not {d.label for d in decisions[F]} & {"green"}

    assert robot.set_parameters(frozen_after=0.2)[0].successful
    noise = np.random.default_rng(0)

    def frozen() -> bool:
        living = picture(GREEN)
        living.data[int(noise.integers(len(living.data)))] ^= 1
        assert robot.look(R, living).label == "green"
        return bool(robot.look(F, picture(RED)).reason == OpenSetClassification.FROZEN)

    robot.wait(frozen, "the front camera to count as frozen")
    assert robot.set_parameters(frozen_after=0.0)[0].successful


def test_unknown_frames_are_saved_in_a_folder_for_each_camera(robot: Head, harvest: Path) -> None:
    robot.look(F, picture(GREY, 100, 80))
    robot.look(R, picture((60, 60, 60), 50, 40))
    robot.wait(lambda: values_of(robot.report_of(F))["harvested"] == "1", "a saved frame")
    robot.wait(lambda: values_of(robot.report_of(R))["harvested"] == "1", "a saved frame")
    sizes = {
        str(path.parent.relative_to(harvest)): read_image(path).pixels.shape[:2] for path in harvest.rglob("*.jpg")
    }
    assert sizes == {F: (80, 100), R: (40, 50)}


def test_boxes_are_looked_up_in_the_images_of_their_own_camera(robot: Head) -> None:
    found: dict[str, list[RegionClassificationArray]] = {F: [], R: []}
    for name, heard in found.items():
        robot.hear(RegionClassificationArray, f"{name}/region_classifications", heard)
    asked = {name: robot.node.create_publisher(RegionArray, f"{topic}/regions", 10) for name, topic in TWO.items()}
    robot.wait_connected()
    for publisher in asked.values():
        robot.wait(publisher.get_subscription_count, "the node to read our boxes")
    stamp = robot.show(F, picture(RED))
    twin = picture(GREEN)
    twin.header.stamp.sec, twin.header.stamp.nanosec = stamp  # stamps of two cameras may be equal
    robot.cameras[R].publish(twin)
    robot.answer_of(F, stamp)
    robot.answer_of(R, stamp)
    for publisher in asked.values():
        publisher.publish(RegionArray(header=twin.header, regions=[Region(id="a", width=9, height=9)]))
    labels = {name: robot.wait(partial(list, heard), "the boxes")[0] for name, heard in found.items()}
    assert {name: array.results[0].classification.label for name, array in labels.items()} == {F: "red", R: "green"}


def test_an_annotated_image_shows_its_own_camera(robot: Head) -> None:
    seen: list[Image] = []
    robot.hear(Image, f"{R}/debug_image", seen)
    robot.wait_connected()
    robot.wait(lambda: robot.look(F, picture(RED)) and robot.look(R, picture(GREEN, 640, 480)) and seen, "an image")
    assert {(image.width, image.height) for image in seen} == {(640, 480)}


def test_what_engine_and_cameras_are_cannot_change_while_the_node_runs(robot: Head) -> None:
    for name, value in (("image_topics", [FRONT]), ("threads", 2), ("precision", "bf16")):
        (result,) = robot.set_parameters(**{name: value})
        assert not result.successful
        assert result.reason == (
            f"{name} cannot be changed while the node is active: it is read when the node is configured; clean the "
            "node up first, or restart it with the new value."
        )
    (value,) = robot.parameter_values(["image_topics"])
    assert list(value.string_array_value) == [FRONT, REAR]


def test_after_a_pause_every_camera_is_read_again(robot: Head) -> None:
    assert robot.transition("deactivate")
    robot.wait(lambda: not any(p.get_subscription_count() for p in robot.cameras.values()), "the node to stop reading")
    assert robot.transition("cleanup")
    assert robot.transition("configure")
    assert robot.transition("activate")
    robot.wait_connected()
    robot.wait(lambda: robot.report_of(F).level == DiagnosticStatus.OK, "all well")
    assert [robot.look(F, picture(BLUE)).label, robot.look(R, picture(RED)).label] == ["deep blue", "red"]


# -- an engine that fails, and one that is slow -----------------------------------------------------------------------


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Making this file lets a hanging engine go on."""
    return tmp_path / "release"


@contextmanager
def faulty(folder: Path, domain: int, model: Path, **environment: str) -> Iterator[NodeProcess]:
    command = ("-m", "test.ros.faulty_node")
    with running(
        folder, domain, model, command=command, environment=environment, image_topics=[FRONT, REAR],
        diagnostics_period=0.2,
    ) as process:  # fmt: skip
        yield process


def in_one_batch(robot: Head, release: Path, front: Image, rear: Image) -> Sequence[OpenSetClassification]:
    """The answers of both cameras to frames that the engine gets together, because it was busy when they came."""
    release.unlink(missing_ok=True)
    hanging = robot.show(F, picture(HANGS))
    robot.wait(lambda: values_of(robot.report_of(F))["waiting"] == "1", "the engine to hang")
    before = {name: counts(robot.report_of(name))["received"] for name in TWO}
    stamps = {F: robot.show(F, front), R: robot.show(R, rear)}
    robot.wait(
        lambda: all(counts(robot.report_of(name))["received"] == before[name] + 1 for name in TWO),
        "the frames to arrive",
    )
    release.touch()
    robot.answer_of(F, hanging)
    return [robot.answer_of(name, stamp) for name, stamp in stamps.items()]


@pytest.mark.slow
def test_what_breaks_in_a_batch_breaks_for_its_camera_only(
    model: Path, ros_domain: int, tmp_path: Path, release: Path
) -> None:
    with (
        faulty(tmp_path, ros_domain, model, RELEASE_FILE=str(release)) as process,
        head(ros_domain, TWO) as robot,
    ):
        front, rear = in_one_batch(robot, release, picture(RED, 640, 480), picture(GREEN, 33, 17, "bgr8"))
        assert (front.label, rear.label) == ("red", "green")

        front, rear = in_one_batch(robot, release, Image(), picture(GREEN))
        assert (front.unknown, front.reason, front.label) == (True, OpenSetClassification.BAD_FRAME, "")
        assert rear.label == "green"

        front, rear = in_one_batch(robot, release, picture(RED), picture(BREAKS))
        assert front.label == "red"
        assert (rear.unknown, rear.reason, rear.label) == (True, OpenSetClassification.ENGINE_ERROR, "")
        process.says(f"Camera {R}: The engine failed on a frame: ")
        assert f"Camera {F}: The engine failed" not in process.output

        front, rear = in_one_batch(robot, release, picture(BREAKS_BATCHES), picture(GREEN))
        assert (front.unknown, front.reason) == (True, OpenSetClassification.ABOVE_THRESHOLD)
        assert rear.label == "green"
        process.says("The engine failed on a batch of 2, but not on its frames one by one: ")

        front, rear = in_one_batch(robot, release, picture(BREAKS), picture(BREAKS))
        assert [a.reason for a in (front, rear)] == [OpenSetClassification.ENGINE_ERROR] * 2
        assert [a.label for a in (front, rear)] == ["", ""]


@pytest.mark.slow
def test_an_engine_that_hangs_is_an_error_of_every_camera_and_said_once(
    model: Path, ros_domain: int, tmp_path: Path, release: Path
) -> None:
    with (
        faulty(tmp_path, ros_domain, model, RELEASE_FILE=str(release)) as process,
        head(ros_domain, TWO) as robot,
    ):
        robot.show(F, picture(HANGS))
        stall = "The engine has been working on one frame for "
        for name in ("", F, R):
            robot.report_of(name, stall, DiagnosticStatus.ERROR)
        process.says(stall)
        assert process.output.count(stall) == 1
        assert robot.transition("deactivate")
        assert robot.transition("cleanup")
        release.touch()
        assert robot.transition("configure")
        assert robot.transition("activate")
        robot.wait_connected()
        assert robot.look(R, picture(RED)).label == "red"


@pytest.mark.slow
def test_a_fast_camera_does_not_starve_a_slow_one(model: Path, ros_domain: int, tmp_path: Path) -> None:
    heard: list[OpenSetClassification] = []
    with (
        faulty(tmp_path, ros_domain, model, RELEASE_FILE="/nowhere", SLOW_ENGINE="0.1"),
        cameras(ros_domain, f"{FRONT}:100:64:48:255,0,0", f"{REAR}:5:320:240:0,255,0"),
        head(ros_domain, {}) as robot,
    ):
        robot.hear(OpenSetClassification, f"{R}/classification", heard)
        robot.wait(lambda: len(heard) >= 25, "five seconds of the slow camera's answers")
        fast, slow = counts(robot.report_of(F)), counts(robot.report_of(R))
    assert {a.label for a in heard} == {"green"}
    assert fast["replaced"] > 3 * fast["classified"], "the engine was overloaded"
    assert slow["classified"] >= 25
    assert slow["replaced"] <= 0.1 * slow["received"], slow


# -- names, and cameras that are not there ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_dead_camera_is_named_while_the_others_go_on(model: Path, ros_domain: int, tmp_path: Path) -> None:
    topics = ["/cam1", "/cam2", "/cam3", "/cam4"]
    alive = [f"{topic}:10:64:48:255,0,0" for topic in topics if topic != "/cam3"]
    options = {"image_topics": topics, "diagnostics_period": 0.2, "input_timeout": 2.0}
    sentence = (
        "No node publishes /cam3, and all other image topics are read already: start this camera, or correct its name."
    )
    with (
        running(tmp_path, ros_domain, model, **options) as process,
        cameras(ros_domain, *alive),
        head(ros_domain, {}) as robot,
    ):
        robot.report_of("cam3", sentence, DiagnosticStatus.WARN)
        robot.wait(lambda: robot.report_of("").message == f"Camera cam3: {sentence}", "nothing else to be wrong")
        for name in ("cam1", "cam2", "cam4"):
            report = robot.report_of(name, level=DiagnosticStatus.OK)
            assert int(values_of(report)["classified"]) > 0
            assert float(values_of(report)["input_age_s"]) < 2.0
        process.says(sentence)
        with cameras(ros_domain, "/cam3:10:64:48:0,255,0"):
            robot.report_of("cam3", level=DiagnosticStatus.OK)
            robot.report_of("", level=DiagnosticStatus.OK)


@pytest.mark.slow
def test_names_follow_namespace_and_remapping(model: Path, ros_domain: int, tmp_path: Path) -> None:
    arguments = ("-r", "__ns:=/robot", "-r", "left/image_raw:=/usb_cam/image")
    options = {"image_topics": ["front", "left/image_raw", "/rear", "~/up"]}
    topics = {
        "front": "/robot/front", "left/image_raw": "/usb_cam/image", "rear": "/rear", "up": "/robot/cac_classifier/up"
    }  # fmt: skip
    with (
        running(tmp_path, ros_domain, model, arguments=arguments, **options),
        head(ros_domain, topics, "/robot") as robot,
    ):
        for name, colour, label in zip(
            topics, (RED, GREEN, BLUE, RED), ("red", "green", "deep blue", "red"), strict=True
        ):
            assert robot.look(name, picture(colour)).label == label


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (["/front", "front"], "image_topics lists /front and front, which are both /front; list it once."),
        (["~/front", "front"], "image_topics: ~/front and front would both answer on ~/front/classification; "),
        (["/front/"], "image_topics: '/front/' is not the name of a topic; write names such as /front/image_raw"),
        ("/front", "image_topics must be a string array, not '/front': write [/front]."),
    ],
)
def test_names_that_cannot_be_end_the_start_with_a_sentence(
    model: Path, ros_domain: int, tmp_path: Path, value: object, sentence: str
) -> None:
    with running(tmp_path, ros_domain, model, image_topics=value) as process:
        assert process.wait() == 1
        assert sentence in process.output
        assert "Traceback" not in process.output


def parameter_files() -> list[str]:
    """The one that is installed, and one with an empty list, which ROS hands to the node as no value."""
    installed = (ROOT / "config" / "classifier.yaml").read_text()
    return [installed, installed.replace('image_topics: [""]', "image_topics: []")]


@pytest.mark.slow
@pytest.mark.parametrize("content", parameter_files(), ids=["as installed", "empty list"])
def test_without_a_list_the_one_topic_image_is_read(model: Path, ros_domain: int, tmp_path: Path, content: str) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text(content.replace('model_path: ""', f"model_path: {model}"))
    robot = Robot(ros_domain)
    try:
        with running(tmp_path, ros_domain, arguments=("--params-file", str(file))):
            robot.wait_connected()
            assert robot.ask(picture(RED)).label == "red"
            assert list(robot.parameter_values(["image_topics"])[0].string_array_value) == [""]
    finally:
        robot.close()


def test_a_precision_that_the_model_lacks_ends_the_start(model: Path, ros_domain: int, tmp_path: Path) -> None:
    with running(tmp_path, ros_domain, model, engine="openvino", precision="fp16") as process:
        assert process.wait() == 1
        assert "has no variant fp16, only float32: write it with python -m cac_core.export" in process.output
