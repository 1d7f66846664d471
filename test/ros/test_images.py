# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every promised encoding is read right, and whatever else arrives is refused with a sentence that names the fault."""

import array
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosbags.image import message_to_cvimage
from sensor_msgs.msg import CompressedImage, Image

from cac_core.preprocessing import Preprocessing, resize
from cac_ros.images import ENCODINGS, BadFrameError, ReducedFrame, bytes_per_pixel, to_bgr, to_frame
from test.core.picture_files import camera_variants, jpeg, scene

HEIGHT, WIDTH = 24, 32
VIEWS = {"rgb8": ("rgb", 3), "bgr8": ("bgr", 3), "rgba8": ("rgba", 4), "bgra8": ("bgra", 4), "mono8": ("grey", 1)}
BAYER = [f"bayer_{pattern}{bits}" for pattern in ("rggb", "bggr", "gbrg", "grbg") for bits in (8, 16)]
YUV = ["yuv422", "uyvy", "yuv422_yuy2", "yuyv"]


def random_array(*shape: int, dtype: str = "u1") -> np.ndarray:
    """Smooth random content, so that demosaicing has something to do and a shifted row or channel shows."""
    noise = np.random.default_rng(7).integers(0, np.iinfo(dtype).max + 1, shape, dtype=dtype)
    return cv2.blur(noise, (3, 3)) if len(shape) < 3 or shape[2] <= 4 else noise


def image(encoding: str, rows: np.ndarray, *, step: int | None = None, is_bigendian: bool = False) -> Image:
    """An Image message of ``rows`` (height, width[, channels]); ``step`` pads each row with noise."""
    height, width = rows.shape[:2]
    row_bytes = np.ascontiguousarray(rows.astype(rows.dtype.newbyteorder(">" if is_bigendian else "<")))
    flat = row_bytes.view(np.uint8).reshape(height, -1)
    if step is not None:
        padded = np.full((height, step), 0xA5, np.uint8)
        padded[:, : flat.shape[1]] = flat
        flat = padded
    message = Image(encoding=encoding, width=width, height=height, step=flat.shape[1], is_bigendian=int(is_bigendian))
    message.data = array.array("B", flat.tobytes())
    return message


def compressed(suffix: str, pixels: np.ndarray, format: str | None = None) -> CompressedImage:
    """A CompressedImage message."""
    message = CompressedImage(format=suffix if format is None else format)
    message.data = array.array("B", cv2.imencode(f".{suffix}", pixels)[1].tobytes())
    return message


def rgb_of(message: Image | CompressedImage) -> np.ndarray:
    """What the network would get at the frame's own size: always RGB."""
    frame = to_frame(message)
    height, width = frame.pixels.shape[:2]
    assert height == width
    return resize(frame, Preprocessing(image_size=width, fit="stretch", interpolation="linear"))


@pytest.mark.parametrize("encoding", VIEWS)
@pytest.mark.parametrize("padding", [0, 1, 5, 64])
def test_8_bit_colour_and_grey_frames_are_views_on_the_message(encoding: str, padding: int) -> None:
    order, channels = VIEWS[encoding]
    shape = (HEIGHT, WIDTH, channels) if channels > 1 else (HEIGHT, WIDTH)
    rows = random_array(*shape)
    message = image(encoding, rows, step=WIDTH * channels + padding)

    frame = to_frame(message)

    assert frame.order == order
    np.testing.assert_array_equal(frame.pixels, rows)
    assert np.shares_memory(frame.pixels, np.frombuffer(message.data, np.uint8))


@pytest.mark.parametrize("encoding", VIEWS)
def test_every_encoding_of_one_scene_gives_the_network_the_same_picture(encoding: str) -> None:
    rgb = random_array(HEIGHT, HEIGHT, 3)
    if encoding == "mono8":
        rgb = np.repeat(rgb[..., :1], 3, axis=2)
    codes = {"bgr8": cv2.COLOR_RGB2BGR, "rgba8": cv2.COLOR_RGB2RGBA, "bgra8": cv2.COLOR_RGB2BGRA}
    rows = rgb[..., 0] if encoding == "mono8" else cv2.cvtColor(rgb, codes[encoding]) if encoding in codes else rgb

    np.testing.assert_array_equal(rgb_of(image(encoding, rows, step=rows[0].size + 3)), rgb)


@pytest.mark.parametrize("is_bigendian", [False, True])
@pytest.mark.parametrize("padding", [0, 3])
def test_mono16_is_scaled_to_8_bits_with_rounding(is_bigendian: bool, padding: int) -> None:
    rows = np.arange(65536, dtype=np.uint16).reshape(256, 256)

    frame = to_frame(image("mono16", rows, step=512 + padding, is_bigendian=is_bigendian))

    assert frame.order == "grey"
    np.testing.assert_array_equal(frame.pixels, np.round(rows / 257.0).astype(np.uint8))


@pytest.mark.parametrize("encoding", ["rgb16", "bgr16", "rgba16", "bgra16"])
@pytest.mark.parametrize("is_bigendian", [False, True])
def test_16_bit_colour_is_scaled_to_8_bits(encoding: str, is_bigendian: bool) -> None:
    rows = random_array(HEIGHT, WIDTH, 4 if "a" in encoding else 3, dtype="u2")

    frame = to_frame(image(encoding, rows, step=rows[0].nbytes + 2, is_bigendian=is_bigendian))

    assert frame.order == encoding[:-2]
    np.testing.assert_array_equal(frame.pixels, np.round(rows / 257.0).astype(np.uint8))


@pytest.mark.parametrize("encoding", [*YUV, *BAYER])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("is_bigendian", [False, True])
def test_yuv_and_bayer_agree_with_rosbags_image(encoding: str, padding: int, is_bigendian: bool) -> None:
    dtype = "u2" if encoding.endswith("16") else "u1"
    rows = random_array(HEIGHT, WIDTH, 2) if encoding in YUV else random_array(HEIGHT, WIDTH, dtype=dtype)
    expected = message_to_cvimage(image(encoding, rows), "rgb8")  # it knows neither padding nor a byte order

    frame = to_frame(image(encoding, rows, step=rows[0].nbytes + padding, is_bigendian=is_bigendian))

    assert frame.order == "rgb"
    # rosbags-image cuts 16 bits off where we round.
    assert np.abs(frame.pixels.astype(int) - expected).max() <= (1 if dtype == "u2" else 0)


@pytest.mark.parametrize("encoding", BAYER)
def test_a_bayer_mosaic_of_one_colour_gives_that_colour(encoding: str) -> None:
    colour = {"r": 200, "g": 120, "b": 40}
    letters = encoding.removeprefix("bayer_")[:4]
    mosaic = np.tile(np.array([colour[c] for c in letters], np.uint8).reshape(2, 2), (8, 8))
    rows = mosaic.astype(np.uint16) * 257 if encoding.endswith("16") else mosaic

    frame = to_frame(image(encoding, rows))

    np.testing.assert_array_equal(frame.pixels, np.broadcast_to([200, 120, 40], (16, 16, 3)))


@pytest.mark.parametrize(
    ("encoding", "order"), [("yuv422", "uyvy"), ("uyvy", "uyvy"), ("yuv422_yuy2", "yuyv"), ("yuyv", "yuyv")]
)
def test_a_yuv422_picture_of_one_colour_gives_that_colour(encoding: str, order: str) -> None:
    y, u, v = 81, 90, 240  # BT.601 red
    pair = [u, y, v, y] if order == "uyvy" else [y, u, y, v]
    rows = np.tile(np.array(pair, np.uint8).reshape(1, 2, 2), (4, 2, 1))

    red = to_frame(image(encoding, rows)).pixels

    assert np.abs(red.astype(int) - [255, 0, 0]).max() <= 3


def test_png_keeps_every_pixel() -> None:
    bgr = random_array(HEIGHT, WIDTH, 3)
    frame = to_frame(compressed("png", bgr))
    assert frame.order == "bgr"
    np.testing.assert_array_equal(frame.pixels, bgr)


def test_jpeg_is_close_to_the_original() -> None:
    bgr = cv2.resize(random_array(4, 4, 3), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    frame = to_frame(compressed("jpg", bgr, "bgr8; jpeg compressed bgr8"))
    assert frame.order == "bgr"
    assert np.abs(frame.pixels.astype(int) - bgr).mean() < 6


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_grey_compressed_image_is_grey(suffix: str) -> None:
    grey = np.tile(np.arange(WIDTH, dtype=np.uint8) * 4, (HEIGHT, 1))
    frame = to_frame(compressed(suffix, grey))
    assert frame.order == "grey"
    assert np.abs(frame.pixels.astype(int) - grey).max() <= (0 if suffix == "png" else 4)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_16_bit_png_equals_the_raw_16_bit_image(channels: int) -> None:
    shape = (HEIGHT, WIDTH) if channels == 1 else (HEIGHT, WIDTH, 3)
    rows = random_array(*shape, dtype="u2")
    raw = to_frame(image("mono16" if channels == 1 else "bgr16", rows))
    png = to_frame(compressed("png", rows))
    assert png.order == raw.order
    np.testing.assert_array_equal(png.pixels, raw.pixels)


def test_a_png_with_transparency_keeps_its_colours() -> None:
    bgra = np.dstack([random_array(HEIGHT, WIDTH, 3), np.full((HEIGHT, WIDTH), 128, np.uint8)])
    np.testing.assert_array_equal(to_frame(compressed("png", bgra)).pixels, bgra[..., :3])


@pytest.mark.parametrize("bits", [8, 16])
def test_a_compressed_bayer_mosaic_is_demosaiced(bits: int) -> None:
    rows = random_array(HEIGHT, WIDTH, dtype=f"u{bits // 8}")
    raw = to_frame(image(f"bayer_grbg{bits}", rows))
    packed = to_frame(compressed("png", rows, f"bayer_grbg{bits}; png compressed "))
    assert packed.order == "rgb"
    np.testing.assert_array_equal(packed.pixels, raw.pixels)


def smooth(height: int, width: int, channels: int = 3) -> np.ndarray:
    return cv2.resize(random_array(5, 5, channels), (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("height", "width", "smallest_side", "expected"),
    [
        (480, 640, 0, 480),  # nobody asked for less
        (480, 640, 241, 480),
        (480, 640, 240, 240),
        (480, 640, 100, 120),
        (640, 480, 60, 60),
        (1080, 1920, 1, 135),
        (483, 641, 240, 242),  # rounded up
    ],
)
def test_a_large_jpeg_is_decoded_smaller_only_as_far_as_enough_is_left(
    channels: int, height: int, width: int, smallest_side: int, expected: int
) -> None:
    pixels = smooth(height, width, channels)
    message = compressed("jpg", pixels)
    full, frame = to_frame(message), to_frame(message, smallest_side)
    assert min(frame.pixels.shape[:2]) == expected
    assert isinstance(frame, ReducedFrame) == (expected < min(height, width))
    assert frame.order == full.order == ("grey" if channels == 1 else "bgr")
    small = cv2.resize(full.pixels, frame.pixels.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(frame.pixels.astype(int) - small).mean() < 2


def test_who_draws_or_saves_a_reduced_frame_gets_the_whole_picture() -> None:
    message = compressed("jpg", smooth(480, 640))
    frame = to_frame(message, 100)
    assert frame.pixels.shape == (120, 160, 3)
    np.testing.assert_array_equal(to_bgr(frame), to_frame(message).pixels)


def test_a_reduced_jpeg_is_turned_as_its_camera_says() -> None:
    exif = bytes.fromhex("ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 00060000 00000000")
    data = compressed("jpg", smooth(480, 640)).data.tobytes()
    message = CompressedImage(format="jpeg", data=data[:2] + exif + data[2:])
    assert to_frame(message).pixels.shape == (640, 480, 3)
    reduced, full = to_frame(message, 240).pixels, to_frame(message).pixels
    assert reduced.shape == (320, 240, 3)
    assert np.abs(cv2.resize(full, (240, 320), interpolation=cv2.INTER_AREA).astype(int) - reduced).mean() < 2


def test_what_is_not_a_plain_jpeg_is_never_reduced() -> None:
    mosaic = compressed("jpg", smooth(480, 640, 1), "bayer_grbg8; jpeg compressed ")
    for message in (mosaic, compressed("png", smooth(480, 640)), image("rgb8", smooth(480, 640))):
        assert not isinstance(to_frame(message, 1), ReducedFrame)
        assert to_frame(message, 1).pixels.shape[:2] == (480, 640)


def test_messages_from_rosbags_are_read_like_those_from_rclpy() -> None:
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    types = store.types
    header = types["std_msgs/msg/Header"](types["builtin_interfaces/msg/Time"](0, 0), "camera")
    rows = random_array(HEIGHT, WIDTH, 3)
    message = types["sensor_msgs/msg/Image"](header, HEIGHT, WIDTH, "rgb8", 0, WIDTH * 3, rows.reshape(-1))
    frame = to_frame(message)
    np.testing.assert_array_equal(frame.pixels, rows)
    assert np.shares_memory(frame.pixels, rows)


def broken(**changes: object) -> Image:
    """A good 4x3 rgb8 image with some fields changed."""
    message = image("rgb8", random_array(3, 4, 3))
    for field, value in changes.items():
        setattr(message, field, value)
    return message


def test_bytes_per_pixel_of_one_and_two_byte_encodings() -> None:
    expected = {"mono8": 1, "rgb8": 3, "bgra8": 4, "mono16": 2, "rgba16": 8, "yuyv": 2, "bayer_rggb8": 1}
    assert {encoding: bytes_per_pixel(encoding) for encoding in expected} == expected
    with pytest.raises(BadFrameError, match="encoding 'h264' is not supported"):
        bytes_per_pixel("h264")


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (broken(encoding="h264"), "encoding 'h264' is not supported; supported are rgb8, bgr8"),
        (broken(encoding=""), "encoding '' is not supported"),
        (broken(encoding="16UC1"), "encoding 16UC1 holds distances or raw numbers, no brightness: set depth_range"),
        (broken(width=0), "the image is empty: width 0, height 3"),
        (broken(height=0), "the image is empty: width 4, height 0"),
        (broken(step=11), "step 11 is too small: 4 pixels of rgb8 need 12 bytes a row"),
        (broken(step=0), "step 0 is too small"),
        (broken(height=4), "data is too short: 4 rows of 12 bytes (step) need 48 bytes"),
        (broken(height=2**32 - 1, width=2**30, step=2**32 - 1), "data is too short: 4294967295 rows"),
        (broken(data=array.array("B")), "data is too short"),
        (broken(encoding="mono16", width=7), "step 12 is too small: 7 pixels of mono16 need 14 bytes a row"),
        (broken(encoding="nv12", width=5), "encoding nv12 needs an even width and height, not 5x3"),
        (broken(encoding="nv24", height=2), "data is too short: 2 rows of 12 bytes (step) of nv24 need 72 bytes"),
        (broken(encoding="yuyv", width=5), "encoding yuyv needs an even width, not 5"),
        (broken(encoding="bayer_rggb8", height=2), "encoding bayer_rggb8 needs at least 3x3 pixels, not 4x2"),
        (CompressedImage(format="jpeg"), "the compressed image (format 'jpeg') cannot be decoded: it is empty"),
        (CompressedImage(format="png", data=b"no picture"), "cannot be decoded: it is damaged or neither JPEG nor PNG"),
    ],
)
def test_each_fault_is_named(message: Image | CompressedImage, sentence: str) -> None:
    with pytest.raises(BadFrameError) as error:
        to_frame(message)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.999])
def test_a_cut_compressed_image_is_refused_and_never_half_grey(suffix: str, share: float) -> None:
    message = compressed(suffix, random_array(480, 640, 3))
    message.data = message.data[: int(len(message.data) * share)]
    with pytest.raises(BadFrameError):
        to_frame(message)


def compressed_depth(pixels: np.ndarray, pixel_format: str) -> CompressedImage:
    """As compressed_depth_image_transport writes it: 12 bytes, then a PNG."""
    return CompressedImage(format=pixel_format, data=bytes(12) + cv2.imencode(".png", pixels)[1].tobytes())


def sentence_of(message: Image | CompressedImage) -> str:
    with pytest.raises(BadFrameError) as error:
        to_frame(message)
    return str(error.value)


DEPTH = random_array(HEIGHT, WIDTH, dtype="u2")


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("16UC1", compressed_depth(DEPTH, "16UC1; compressedDepth png")),
        ("16UC1", compressed_depth(DEPTH, "16UC1; compressedDepth")),
        ("16UC1", CompressedImage(format="16UC1; compressedDepth rvl", data=bytes(500))),
        ("16UC1", compressed_depth(DEPTH, "compressedDepth png")),
        ("32FC1", compressed_depth(DEPTH, "32FC1; compressedDepth png")),
        ("16UC1", compressed("png", DEPTH, "16UC1; png compressed ")),
        ("16UC1", compressed("png", DEPTH, "16UC1")),
        ("16SC1", compressed("png", DEPTH, "16SC1; png compressed ")),
        ("64FC1", compressed("png", DEPTH, "64FC1; png compressed ")),
    ],
)
def test_one_picture_has_one_verdict_raw_and_compressed(encoding: str, message: CompressedImage) -> None:
    assert sentence_of(message) == sentence_of(broken(encoding=encoding))


@pytest.mark.parametrize("pixel_format", ["mono16; compressedDepth png", "mono16; png compressed ", "mono16; png"])
def test_16_bit_grey_has_the_pixels_of_the_raw_image_by_each_transport(pixel_format: str) -> None:
    is_depth = "compressedDepth" in pixel_format
    message = compressed_depth(DEPTH, pixel_format) if is_depth else compressed("png", DEPTH, pixel_format)
    np.testing.assert_array_equal(to_frame(message).pixels, to_frame(image("mono16", DEPTH)).pixels)


@pytest.mark.parametrize(
    "pixel_format",
    [
        *(
            "rgb8; jpeg compressed bgr8",
            "bgr8; jpeg compressed bgr8",
            "8UC1; jpeg compressed ",
            "nv12; jpeg compressed",
        ),
        *("jpeg", "JPEG", ".jpg", "", "; jpeg compressed bgr8", "rgb8; jpeg compressed bgr8; more", "Motion JPEG"),
    ],
)
def test_the_file_decides_where_the_format_declares_no_depth(pixel_format: str) -> None:
    message = compressed("jpg", scene(HEIGHT, WIDTH), pixel_format)
    plain = compressed("jpg", scene(HEIGHT, WIDTH), "jpeg")
    np.testing.assert_array_equal(to_frame(message).pixels, to_frame(plain).pixels)


def test_each_cause_has_one_sentence_however_large_the_frames_are() -> None:
    jpegs = [jpeg(scene(240, 320, seed=seed), quality=60 + seed) for seed in range(8)]
    causes = {
        "cut": [CompressedImage(format="jpeg", data=data[: len(data) // 2]) for data in jpegs],
        "video": [CompressedImage(format="h264", data=b"\0\0\0\1" + data) for data in jpegs],
        "depth": [compressed_depth(DEPTH[: 9 + n], "16UC1; compressedDepth png") for n in range(8)],
        "short": [broken(data=array.array("B", bytes(n))) for n in range(8)],
    }
    for cause, messages in causes.items():
        assert len({sentence_of(message) for message in messages}) == 1, cause


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart": 2}])
def test_a_jpeg_that_is_cut_and_closed_is_refused(options: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    data = jpeg(scene(240, 320), **options)
    for share in (0.3, 0.5, 0.9, 0.99):
        with pytest.raises(BadFrameError, match="the JPEG is cut or damaged"):
            to_frame(CompressedImage(format="jpeg", data=data[: int(len(data) * share)] + b"\xff\xd9"))
    assert capfd.readouterr() == ("", "")


def test_what_usb_cameras_send_is_read_at_any_size() -> None:
    plain = jpeg(scene(240, 320), restart=1)
    for name, data in camera_variants(plain).items():
        for smallest_side in (0, 30, 60, 120):
            pixels = to_frame(CompressedImage(format="jpeg", data=data), smallest_side).pixels
            expected = to_frame(CompressedImage(format="jpeg", data=plain), smallest_side).pixels
            np.testing.assert_array_equal(pixels, expected, err_msg=name)


@pytest.mark.parametrize("suffix", ["webp", "bmp", "tiff", "gif", "ppm"])
def test_only_jpeg_and_png_are_read_from_messages(suffix: str) -> None:
    with pytest.raises(BadFrameError, match="neither JPEG nor PNG"):
        to_frame(compressed(suffix, random_array(HEIGHT, WIDTH, 3)))


def test_a_png_that_claims_a_gigapixel_is_refused_before_memory_is_taken() -> None:
    message = compressed("png", random_array(8, 8, 3))
    data = bytearray(message.data)
    data[16:24] = (30000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    message.data = array.array("B", data)
    with pytest.raises(BadFrameError, match="too many pixels; the limit of an image message is 40,000,000"):
        to_frame(message)


small = st.integers(0, 9) | st.integers(0, 2**32 - 1)


@given(
    encoding=st.sampled_from([*ENCODINGS, "", "64FC1"]) | st.text(max_size=50),
    width=small,
    height=small,
    step=small | st.integers(0, 80),
    is_bigendian=st.integers(0, 255),
    data=st.binary(max_size=800),
    depth_range=st.none() | st.tuples(st.floats(-1e3, 0), st.floats(1, 1e9)),
)
@settings(max_examples=400, deadline=None)
def test_any_image_message_is_read_or_refused(
    encoding: str,
    width: int,
    height: int,
    step: int,
    is_bigendian: int,
    data: bytes,
    depth_range: tuple[float, float] | None,
) -> None:
    message = Image(encoding=encoding, width=width, height=height, step=step, is_bigendian=is_bigendian, data=data)
    try:
        frame = to_frame(message, depth_range=depth_range)
    except BadFrameError as error:
        assert str(error)
        return
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.shape[:2] == (height, width)
    assert frame.pixels.ndim == (2 if frame.order == "grey" else 3)
    resize(frame, Preprocessing(image_size=8))  # whatever was accepted can be used


JPEG = cv2.imencode(".jpg", random_array(16, 16, 3))[1].tobytes()
PNG = cv2.imencode(".png", random_array(16, 16, 3))[1].tobytes()


@given(
    original=st.sampled_from([JPEG, PNG, b""]),
    flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8),
    tail=st.binary(max_size=40),
    format=st.text(max_size=50) | st.sampled_from(["bayer_rggb8; jpeg", "bayer_16", "bayer_rggb"]),
    smallest_side=st.integers(0, 9),
)
@settings(max_examples=400, deadline=None)
def test_any_compressed_message_is_read_or_refused(
    original: bytes, flips: list[tuple[int, int]], tail: bytes, format: str, smallest_side: int
) -> None:
    data = bytearray(original)
    for position, value in flips:
        if data:
            data[position % len(data)] = value
    try:
        frame = to_frame(CompressedImage(format=format, data=bytes(data) + tail), smallest_side)
    except BadFrameError as error:
        assert str(error)
        return
    resize(frame, Preprocessing(image_size=8))
