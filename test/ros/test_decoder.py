# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture that takes its decoder too long is given up: its camera is told so, and the others go on."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from cac_msgs.msg import OpenSetClassification
from diagnostic_msgs.msg import DiagnosticStatus
from hypothesis import given
from hypothesis import strategies as st
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image

from cac_core.predictor import Reason
from cac_core.preprocessing import Frame
from cac_core.support import limits
from cac_ros.images import BadFrameError, claimed_pixels, to_frame
from cac_ros.node.arrived_image import ArrivedImage, look
from cac_ros.node.decoder import LARGE, Decoder
from test.core.picture_files import jpeg, png, scene
from test.ros.driver import GREEN, RED, running, values_of, wait_until
from test.ros.test_several_cameras import FRONT, REAR, Head

FOREVER = 30.0
SLOW, BUSY = "its decoder took longer than", "the decoder is still busy with an earlier picture"


def compressed(colour: tuple[int, int, int], height: int, width: int, pixel_format: str = "jpeg") -> CompressedImage:
    pixels = np.full((height, width, 3), colour[::-1], np.uint8)
    return CompressedImage(format=pixel_format, data=jpeg(pixels))


@pytest.fixture(scope="module")
def large() -> CompressedImage:
    return compressed(RED, 1300, 1700)


@pytest.fixture(scope="module")
def small() -> CompressedImage:
    return compressed(RED, 48, 64)


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """Setting this lets decoders that hang go on."""
    go_on = threading.Event()

    def to_frame_once_released(message: Any, smallest_side: int = 0, depth_range: None = None) -> Frame:
        if claimed_pixels(message) > LARGE:
            assert go_on.wait(FOREVER)
        return to_frame(message, smallest_side)

    with mock.patch("cac_ros.node.decoder.to_frame", to_frame_once_released):
        yield go_on
        go_on.set()


def error_of(read: Callable[[], Frame]) -> str:
    with pytest.raises(BadFrameError) as error:
        read()
    return str(error.value)


def test_after_a_slow_picture_none_is_decoded_until_its_thread_is_back(
    hanging: threading.Event, large: CompressedImage, small: CompressedImage
) -> None:
    decoder = Decoder(seconds=0.1)
    assert error_of(decoder.begin(large, 0)).startswith(SLOW)
    start = time.monotonic()
    assert error_of(decoder.begin(large, 0)).startswith(BUSY)
    assert time.monotonic() - start < 0.1, "nothing is waited for"
    assert decoder.begin(small, 0)().pixels.shape == (48, 64, 3), "small pictures are read meanwhile"
    assert Decoder(seconds=FOREVER).given_up == 0
    assert decoder.given_up == 2
    hanging.set()
    wait_until(lambda: not any(work.is_running for work in decoder._left_behind), "the thread to come back")
    decoder._seconds = FOREVER
    assert decoder.begin(large, 0)().pixels.shape == (1300, 1700, 3)
    assert decoder.given_up == 2


def test_large_pictures_of_several_cameras_are_decoded_at_once(large: CompressedImage) -> None:
    together = threading.Barrier(3, timeout=FOREVER)

    def to_frame_together(message: Any, smallest_side: int = 0, depth_range: None = None) -> Frame:
        together.wait()
        return to_frame(message, smallest_side)

    with mock.patch("cac_ros.node.decoder.to_frame", to_frame_together):
        images = [ArrivedImage(large, 0.0, Decoder(FOREVER)) for _ in range(3)]
        for image in images:
            image.begin()
        assert [look(image, 0, None).reason for image in images] == [Reason.OK] * 3


def test_what_was_given_up_as_a_frame_is_given_up_for_its_boxes(
    hanging: threading.Event, large: CompressedImage
) -> None:
    image = ArrivedImage(large, 0.0, Decoder(seconds=0.1))
    seen = look(image, 0, None)
    assert (seen.frame, seen.reason) == (None, Reason.BAD_FRAME)
    assert seen.problem.startswith(f"A frame could not be read: {SLOW} 0.1 s")
    hanging.set()
    image.forget_frame()
    assert look(image, 0, None) == seen


def test_a_small_picture_and_a_raw_one_are_read_in_the_thread_that_asks(small: CompressedImage) -> None:
    threads: list[threading.Thread] = []

    def to_frame_here(message: Any, smallest_side: int = 0, depth_range: None = None) -> Frame:
        threads.append(threading.current_thread())
        return to_frame(message, smallest_side)

    with mock.patch("cac_ros.node.decoder.to_frame", to_frame_here):
        raw = Image(encoding="mono8", height=2000, width=2000, step=2000, data=bytes(2000 * 2000))
        for message in (small, raw):
            ArrivedImage(message, 0.0).frame()
    assert threads == [threading.current_thread()] * 2


def test_the_size_is_what_the_header_of_the_file_claims(large: CompressedImage) -> None:
    assert claimed_pixels(large) == 1300 * 1700
    for progressive in (False, True):
        assert claimed_pixels(CompressedImage(data=jpeg(scene(32, 48), progressive=progressive))) == 32 * 48
    header = (70).to_bytes(4, "big") + (90).to_bytes(4, "big") + bytes((8, 2, 0, 0, 0))
    assert claimed_pixels(CompressedImage(data=png([(b"IHDR", header)]))) == 70 * 90
    depth = CompressedImage(format="16UC1; compressedDepth png", data=bytes(12) + png([(b"IHDR", header)]))
    assert claimed_pixels(depth) == 70 * 90
    assert claimed_pixels(Image(height=9, width=9)) == 0


@given(st.binary(max_size=60), st.sampled_from([b"", b"\xff\xd8", b"\xff\xd8\xff\xc0", b"\x89PNG\r\n\x1a\n"]))
def test_any_bytes_have_a_size(data: bytes, start: bytes) -> None:
    assert claimed_pixels(CompressedImage(data=start + data)) >= 0


def test_a_message_may_hold_an_8k_picture_and_not_much_more() -> None:
    assert 8192 * 4320 <= limits.MESSAGE_PIXELS < 50_000_000
    data = jpeg(scene(16, 16))
    at = data.find(b"\xff\xc0") + 5
    claim = data[:at] + (6400).to_bytes(2, "big") * 2 + data[at + 4 :]
    with pytest.raises(BadFrameError, match="too many pixels; the limit of an image message is 40,000,000"):
        to_frame(CompressedImage(data=claim))


# -- over DDS ---------------------------------------------------------------------------------------------------------

F, R = "front/image_raw", "rear/image_raw"


class CompressedHead(Head):
    """A robot whose cameras compress."""

    def __init__(self, domain: int) -> None:
        super().__init__(domain, {F: FRONT, R: REAR})
        for name, topic in ((F, FRONT), (R, REAR)):
            self.node.destroy_publisher(self.cameras[name])
            self.cameras[name] = self.node.create_publisher(
                CompressedImage, f"{topic}/compressed", QoSProfile(depth=10)
            )


@pytest.mark.slow
def test_while_one_decoder_hangs_the_other_is_answered(model: Path, ros_domain: int, tmp_path: Path) -> None:
    release = tmp_path / "release"
    options = {"image_topics": [FRONT, REAR], "image_transport": "compressed", "diagnostics_period": 0.2}
    command, environment = ("-m", "test.ros.faulty_node"), {"RELEASE_FILE": str(release)}
    robot = CompressedHead(ros_domain)
    try:
        with running(tmp_path, ros_domain, model, command=command, environment=environment, **options) as node:
            robot.wait_connected()
            good, hangs = compressed(RED, 1300, 1700), compressed(RED, 1300, 1700, "hangs")
            assert robot.look(F, good).label == "red"

            stamp = robot.show(F, hangs)
            for _ in range(5):
                assert robot.look(R, compressed(GREEN, 48, 64)).label == "green"
            answer = robot.answer_of(F, stamp)
            assert (answer.unknown, answer.label, answer.reason) == (True, "", OpenSetClassification.BAD_FRAME)
            assert robot.look(F, good).reason == OpenSetClassification.BAD_FRAME, "its thread is not back"
            assert robot.look(R, compressed(GREEN, 1300, 1700)).label == "green", "the other decodes large pictures"
            assert robot.look(F, compressed(RED, 48, 64)).label == "red"

            report = robot.wait_report(lambda r: r.name.endswith(F) and values_of(r)["given_up"] == "2", "two given up")
            assert values_of(report)["failed"] == "2"
            assert values_of(robot.report_of(""))["given_up"] == "2"
            assert values_of(robot.report_of(R))["given_up"] == "0"
            assert robot.report_of(R).level == DiagnosticStatus.OK
            assert node.output.count(SLOW) == 1
            assert "has been working on one frame" not in node.output, "nothing hangs"

            release.touch()
            robot.wait(lambda: robot.look(F, good).label == "red", "the thread to come back")
    finally:
        robot.close()
