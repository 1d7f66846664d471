# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every encoding of the table: bytes as a camera sends them, and the colour that they mean."""

import ctypes
import re
import struct
import sys
from array import array
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import Image

from cac_ros.images import ENCODINGS, BadFrameError, to_bgr, to_frame
from cac_ros.images.other_encodings import _bridge
from test.repo.sources import ROOT

SIDE = 4
ORANGE = (200, 120, 40)  # red, green, blue
GREY = 120
Y, U, V = 132, 81, 169  # orange by ITU-R BT.601, luma from 16 to 235
RANGE = (0.5, 4.5)


def wide(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *(257 * value for value in values))


def mosaic(pattern: str, bits: int) -> bytes:
    colour = dict(zip("rgb", ORANGE, strict=True))
    rows = [bytes(colour[letter] for letter in pattern[i : i + 2]) * (SIDE // 2) for i in (0, 2)]
    flat = b"".join(rows) * (SIDE // 2)
    return flat if bits == 8 else wide(*flat)


R, G, B = ORANGE
PIXELS = SIDE * SIDE
BYTES = {
    "rgb8": bytes([R, G, B]) * PIXELS,
    "bgr8": bytes([B, G, R]) * PIXELS,
    "rgba8": bytes([R, G, B, 7]) * PIXELS,
    "bgra8": bytes([B, G, R, 7]) * PIXELS,
    "8UC3": bytes([B, G, R]) * PIXELS,
    "8UC4": bytes([B, G, R, 7]) * PIXELS,
    "rgb16": wide(R, G, B) * PIXELS,
    "bgr16": wide(B, G, R) * PIXELS,
    "rgba16": wide(R, G, B, 7) * PIXELS,
    "bgra16": wide(B, G, R, 7) * PIXELS,
    "mono8": bytes([GREY]) * PIXELS,
    "8UC1": bytes([GREY]) * PIXELS,
    # 120 of 255 between 0.5 m and 4.5 m; with 16 bits between 500 and 4500.
    "32FC1": struct.pack("<f", 0.5 + 4.0 * GREY / 255) * PIXELS,
    "16UC1": struct.pack("<H", round(500 + 4000 * GREY / 255)) * PIXELS,
    "16SC1": struct.pack("<h", round(500 + 4000 * GREY / 255)) * PIXELS,
    "mono16": struct.pack("<H", round(500 + 4000 * GREY / 255)) * PIXELS,
    "yuv422": bytes([U, Y, V, Y]) * (PIXELS // 2),
    "uyvy": bytes([U, Y, V, Y]) * (PIXELS // 2),
    "yuv422_yuy2": bytes([Y, U, Y, V]) * (PIXELS // 2),
    "yuyv": bytes([Y, U, Y, V]) * (PIXELS // 2),
    "nv12": bytes([Y]) * PIXELS + bytes([U, V]) * (PIXELS // 4),
    "nv21": bytes([Y]) * PIXELS + bytes([V, U]) * (PIXELS // 4),
    "nv24": bytes([Y]) * PIXELS + bytes([U, V]) * PIXELS,
    **{f"bayer_{p}{bits}": mosaic(p, bits) for p in ("rggb", "bggr", "gbrg", "grbg") for bits in (8, 16)},
}
GREY_ONES = {"mono8", "8UC1", "32FC1", "16UC1", "16SC1", "mono16"}
PLANAR = {"nv12": 1.5, "nv21": 1.5, "nv24": 3.0}


def message(encoding: str, data: Any, step: int = 0, is_bigendian: int = 0) -> Any:
    """An image of 4x4 pixels, read by its fields; ``data`` is not copied."""
    step = step or int(len(BYTES[encoding]) / PLANAR.get(encoding, 1.0)) // SIDE
    fields = {"encoding": encoding, "width": SIDE, "height": SIDE, "step": step, "is_bigendian": is_bigendian}
    return SimpleNamespace(**fields, data=data)


def range_of(encoding: str) -> tuple[float, float]:
    return RANGE if encoding == "32FC1" else (1000 * RANGE[0], 1000 * RANGE[1])


def check_colour(encoding: str, picture: Any) -> None:
    frame = to_frame(picture, depth_range=range_of(encoding))
    expected = (GREY, GREY, GREY) if encoding in GREY_ONES else ORANGE
    assert frame.pixels.shape[:2] == (SIDE, SIDE)
    difference = np.abs(to_bgr(frame)[..., ::-1].astype(int) - expected).max()
    assert difference <= (2 if encoding.startswith(("yuv", "uyvy", "nv")) else 0), (encoding, to_bgr(frame)[0, 0])


def test_every_encoding_of_the_table_has_its_bytes_here() -> None:
    assert set(BYTES) == set(ENCODINGS)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_bytes_of_a_camera_become_the_colour_that_they_mean(encoding: str) -> None:
    check_colour(encoding, message(encoding, array("B", BYTES[encoding])))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_padded_rows_and_the_other_byte_order_change_nothing(encoding: str) -> None:
    row = int(len(BYTES[encoding]) / PLANAR.get(encoding, 1.0)) // SIDE
    if encoding == "nv24":  # a row of chroma is twice as long, and so is its padding
        luma, chroma = BYTES[encoding][: SIDE * row], BYTES[encoding][SIDE * row :]
        rows = [luma[i : i + row] + b"\xa5" * 6 for i in range(0, len(luma), row)]
        rows += [chroma[i : i + 2 * row] + b"\xa5" * 12 for i in range(0, len(chroma), 2 * row)]
    else:
        values = np.frombuffer(BYTES[encoding], np.uint8)
        wide = 4 if encoding == "32FC1" else 2 if "16" in encoding else 1
        swapped = values.reshape(-1, wide)[:, ::-1].tobytes()
        rows = [swapped[i : i + row] + b"\xa5" * 6 for i in range(0, len(swapped), row)]
    check_colour(encoding, message(encoding, b"".join(rows), step=row + 6, is_bigendian=1))


class Block(ctypes.Structure):
    """Memory with the buffer protocol and nothing else: no length, no items."""

    _fields_ = [("content", ctypes.c_ubyte * 4096)]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_data_may_be_any_object_with_the_buffer_protocol(encoding: str) -> None:
    block = Block()
    ctypes.memmove(ctypes.byref(block), BYTES[encoding], len(BYTES[encoding]))
    with pytest.raises(TypeError):
        len(block)
    check_colour(encoding, message(encoding, block))
    check_colour(encoding, message(encoding, memoryview(BYTES[encoding]).toreadonly()))


class DeviceBuffer:
    """Has what rosidl_buffer.Buffer of ROS Lyrical has for memory that is not the CPU's: no buffer protocol."""

    backend_type = "demo"

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __len__(self) -> int:
        return len(self._content)

    def to_bytes(self) -> bytes:
        return self._content


@pytest.mark.parametrize("encoding", ["rgb8", "mono16", "nv12"])
def test_data_may_lie_in_the_memory_of_a_device(encoding: str) -> None:
    check_colour(encoding, message(encoding, DeviceBuffer(BYTES[encoding])))
    with pytest.raises(BadFrameError, match="data is too short"):
        to_frame(message("rgb8", DeviceBuffer(b"")))


def test_an_8_bit_colour_frame_is_a_view_on_such_a_buffer() -> None:
    block = Block()
    frame = to_frame(message("rgb8", block))
    block.content[0] = 99
    assert frame.pixels[0, 0, 0] == 99, "nothing was copied"


@pytest.mark.parametrize("encoding", ["nv12", "nv21", "nv24"])
def test_a_step_that_counts_both_planes_is_understood(encoding: str) -> None:
    """image_encodings.hpp counts two channels for these, and some publishers make the step of it."""
    check_colour(encoding, message(encoding, BYTES[encoding], step=2 * SIDE))


# -- what the table does not hold ---------------------------------------------------------------------------------


class Bridge:
    """Stands in for cv_bridge.CvBridge."""

    def imgmsg_to_cv2(self, image: Any, desired: str) -> Any:
        assert desired == "bgr8"
        if image.encoding == "64FC1":
            raise RuntimeError("[64FC1] is not a color format. but [bgr8] is.")
        shape = (image.height, image.width, 3) if image.encoding == "new8" else (1, 1, 1)
        return np.full(shape, 55, np.uint8)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """cv_bridge can be imported."""
    module = ModuleType("cv_bridge")
    module.CvBridge = Bridge  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cv_bridge", module)
    _bridge.cache_clear()
    yield
    _bridge.cache_clear()


def test_another_encoding_goes_to_an_installed_cv_bridge(installed: None) -> None:
    frame = to_frame(Image(encoding="new8", width=3, height=2, step=3, data=bytes(6)))
    assert frame.order == "bgr"
    assert frame.pixels.shape == (2, 3, 3)
    assert int(frame.pixels[0, 0, 0]) == 55
    check_colour("rgb8", message("rgb8", BYTES["rgb8"]))  # what the table holds does not


@pytest.mark.parametrize(
    ("encoding", "why"), [("64FC1", "[64FC1] is not a color format"), ("odd", "it returned uint8 (1, 1, 1)")]
)
def test_what_cv_bridge_refuses_is_a_bad_frame(installed: None, encoding: str, why: str) -> None:
    with pytest.raises(BadFrameError, match="is not supported, and cv_bridge refuses it: ") as error:
        to_frame(Image(encoding=encoding, width=3, height=2, step=24, data=bytes(48)))
    assert why in str(error.value)


def test_without_cv_bridge_the_sentence_lists_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv_bridge", None)  # importing it fails
    _bridge.cache_clear()
    with pytest.raises(BadFrameError, match="encoding '64FC1' is not supported; supported are rgb8, bgr8, "):
        to_frame(Image(encoding="64FC1", width=3, height=2, step=24, data=bytes(48)))
    _bridge.cache_clear()


# -- the page -----------------------------------------------------------------------------------------------------


def rows_of_the_page() -> dict[str, str]:
    """Encoding to what the page says of cv_bridge."""
    text = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")
    section = text.partition("## Encodings\n")[2].partition("\n## ")[0]
    lines = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {name: cells[1] for cells in lines for name in re.findall("`([^`]+)`", cells[0])}


def test_the_page_has_every_encoding() -> None:
    assert set(rows_of_the_page()) == set(ENCODINGS)
    assert set(rows_of_the_page().values()) <= {"the same", "the same, up to 1 of 255", "refused"}


def test_the_page_is_right_about_an_installed_cv_bridge() -> None:
    bridge = pytest.importorskip("cv_bridge", reason="cv_bridge is not among the wheels").CvBridge()
    wrong = {}
    for encoding, said in rows_of_the_page().items():
        picture = message(encoding, array("B", BYTES[encoding]))
        image = Image(**{name: value for name, value in vars(picture).items() if name != "data"}, data=picture.data)
        try:
            theirs = bridge.imgmsg_to_cv2(image, "bgr8")
        except Exception as error:  # noqa: BLE001 - whatever its compiled part raises
            found = "refused"
            reason = str(error)
        else:
            difference = int(np.abs(theirs.astype(int) - to_bgr(to_frame(image))).max())
            found = "the same" if difference == 0 else f"the same, up to {difference} of 255"
            reason = ""
        if found != said and not (found == "the same" and said.startswith(found)):
            wrong[encoding] = (said, found, reason)
    assert wrong == {}
