# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images of distances and raw numbers: grey by stated limits, the same by every transport, and never guessed."""

import math
import struct

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from cac_ros.images import BadFrameError, FaintFrame, to_frame

METRES = (0.5, 3.05)  # 0.01 m is one grey level
COUNTS = (500.0, 3050.0)
# Distances of a scene: below, at and within the limits, at and above them, and pixels without a value.
SCENE = [0.3, 0.5, 0.51, 1.0, 2.0, 3.05, 4.0, math.inf, -math.inf, math.nan]
SEEN = [0, 0, 1, 50, 150, 255, 255, 255, 0, 0]


def raw(encoding: str, kind: str, values: list[float]) -> Image:
    pixels = np.array([values] * 4).astype(kind)
    return Image(encoding=encoding, width=len(values), height=4, step=pixels.strides[0], data=pixels.tobytes())


def test_metres_become_grey_and_a_pixel_without_a_value_black() -> None:
    frame = to_frame(raw("32FC1", "<f4", SCENE), depth_range=METRES)
    assert frame.order == "grey"
    assert frame.pixels.tolist() == [SEEN] * 4


@pytest.mark.parametrize(("encoding", "kind"), [("16UC1", "<u2"), ("16SC1", "<i2"), ("mono16", "<u2")])
def test_what_a_camera_counts_becomes_grey_and_0_is_no_value(encoding: str, kind: str) -> None:
    values = [1000 * value for value in SCENE[:7]] + [0]
    frame = to_frame(raw(encoding, kind, values), depth_range=COUNTS)
    assert frame.pixels.tolist() == [[*SEEN[:7], 0]] * 4
    assert not isinstance(frame, FaintFrame), "its limits were chosen for it"


def test_a_negative_lower_limit_gives_0_a_grey() -> None:
    frame = to_frame(raw("16SC1", "<i2", [-100, 0, 155, 200, -32768]), depth_range=(-100.0, 155.0))
    assert frame.pixels[0].tolist() == [0, 100, 255, 255, 0]


@pytest.mark.parametrize(
    ("encoding", "example"),
    [("16UC1", "[300.0, 5000.0], in the units of"), ("16SC1", "[300.0, 5000.0]"), ("32FC1", "[0.3, 5.0], in metres")],
)
def test_without_limits_the_answer_says_what_is_missing(encoding: str, example: str) -> None:
    with pytest.raises(BadFrameError, match="holds distances or raw numbers, no brightness: set depth_range") as error:
        to_frame(raw(encoding, "<f4", [1.0, 2.0]))
    assert example in str(error.value)


def test_without_limits_mono16_is_read_over_its_whole_range() -> None:
    assert to_frame(raw("mono16", "<u2", [0, 257 * 9, 65535])).pixels[0].tolist() == [0, 9, 255]


def png(values: np.ndarray, pixel_format: str, header: bytes = b"") -> CompressedImage:
    return CompressedImage(format=pixel_format, data=header + cv2.imencode(".png", values)[1].tobytes())


@pytest.mark.parametrize(
    "pixel_format",
    ["16UC1; compressedDepth png", "16UC1; compressedDepth", "compressedDepth png", "16UC1; png compressed ", "16UC1"],
)
def test_a_compressed_depth_image_gives_the_frame_of_the_raw_one(pixel_format: str) -> None:
    values = np.random.default_rng(3).integers(0, 6000, (20, 30), dtype=np.uint16)
    image = Image(encoding="16UC1", width=30, height=20, step=60, data=values.tobytes())
    compressed = png(values, pixel_format, bytes(12) if "Depth" in pixel_format else b"")
    expected = to_frame(image, depth_range=COUNTS).pixels
    np.testing.assert_array_equal(to_frame(compressed, depth_range=COUNTS).pixels, expected)
    np.testing.assert_array_equal(to_frame(compressed, smallest_side=4, depth_range=COUNTS).pixels, expected)


def test_compressed_depth_gives_the_metres_of_the_raw_image_to_its_steps() -> None:
    """compressed_depth_image_transport stores a / depth + b in 16 bits; its defaults, 10 m and 100."""
    a = 100.0 * (100.0 + 1.0)
    b = 1.0 - a / 10.0
    depth = np.linspace(0.5, 4.0, 600, dtype=np.float32).reshape(20, 30)
    depth[0, 0] = np.nan
    stored = np.where(np.isnan(depth), 0, a / np.nan_to_num(depth, nan=1.0) + b).astype(np.uint16)
    header = struct.pack("<iff", 0, a, b)
    image = Image(encoding="32FC1", width=30, height=20, step=120, data=depth.tobytes())
    ours = to_frame(png(stored, "32FC1; compressedDepth png", header), depth_range=METRES).pixels
    assert ours[0, 0] == 0
    assert np.abs(ours.astype(int) - to_frame(image, depth_range=METRES).pixels).max() <= 1


@pytest.mark.parametrize("header", [bytes(12), b"\xff" * 12, struct.pack("<iff", 0, math.nan, math.inf)])
def test_a_damaged_header_of_compressed_depth_is_read_or_refused(header: bytes) -> None:
    frame = to_frame(png(np.ones((4, 5), np.uint16), "32FC1; compressedDepth png", header), depth_range=METRES)
    assert set(np.unique(frame.pixels)) <= {0, 255}


def test_depth_in_rvl_says_what_the_publisher_can_do() -> None:
    message = CompressedImage(format="16UC1; compressedDepth rvl", data=bytes(500))
    with pytest.raises(BadFrameError, match="RVL is not read; let the publisher compress with png"):
        to_frame(message, depth_range=COUNTS)
