# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Video topics: real H.264 and H.265 is encoded here, and what is lost or damaged is never answered as a picture."""

import csv
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cac_core.support.errors import CacError
from cac_ros.bags.message import VIDEO_TYPES
from cac_ros.bags.writer import _TYPES, BagWriter, header
from cac_ros.images import BadFrameError
from cac_ros.images.video import VideoReader
from cac_ros.replay.__main__ import main
from test.ros.recordings import picture, time_of

av = pytest.importorskip("av", reason="PyAV is not installed: requirements/video.txt")

GOP = 6
SIDE = 64
BACKGROUND = (
    np.random.default_rng(0).integers(0, 255, (8, 8, 1)).repeat(8, 0).repeat(8, 1).repeat(3, 2).astype(np.uint8)
)
SCENES = [np.roll(BACKGROUND, shift, 1) for shift in range(2 * GOP)]
"""Every picture moves, so that one without its predecessor is wrong."""


def encoded(pictures: list[np.ndarray], codec: str = "libx264") -> list[Any]:
    """RGB pictures ``(H, W, 3)`` as packets, with a keyframe every six."""
    context = av.CodecContext.create(codec, "w")
    context.height, context.width = pictures[0].shape[:2]
    context.pix_fmt, context.time_base, context.gop_size, context.max_b_frames = "yuv420p", Fraction(1, 30), GOP, 0
    context.options = {"tune": "zerolatency", "sc_threshold": "0", "x265-params": f"keyint={GOP}:log-level=none"}
    packets: list[Any] = []
    for index, pixels in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts = index
        packets += context.encode(frame)
    packets += context.encode(None)
    return packets


def foxglove(packet: Any, form: str = "h264") -> Any:
    """foxglove_msgs/CompressedVideo."""
    return SimpleNamespace(timestamp=None, frame_id="camera", data=bytes(packet), format=form)


def ffmpeg(packet: Any, encoding: str = "libx264;yuv420p;bgr8;bgr8") -> Any:
    """ffmpeg_image_transport_msgs/FFMPEGPacket."""
    flags = int(packet.is_keyframe)
    return SimpleNamespace(header=None, encoding=encoding, pts=packet.pts, flags=flags, data=bytes(packet))


@pytest.fixture(scope="module")
def packets() -> list[Any]:
    return encoded(SCENES)


def read(messages: list[Any]) -> list[np.ndarray | str]:
    """The pictures as RGB, or why there is none."""
    reader, found = VideoReader(), list[np.ndarray | str]()
    for message in messages:
        try:
            found.append(reader.frame(message).pixels[..., ::-1])
        except BadFrameError as error:
            found.append(str(error))
    return found


def is_scene(pixels: np.ndarray | str, index: int) -> bool:
    return isinstance(pixels, np.ndarray) and bool(np.abs(pixels.astype(int) - SCENES[index]).mean() < 8)


@pytest.mark.parametrize("form", [foxglove, ffmpeg])
def test_each_packet_gives_its_own_picture_at_once(packets: list[Any], form: Any) -> None:
    assert [packet.is_keyframe for packet in packets] == [index % GOP == 0 for index in range(2 * GOP)]
    assert all(is_scene(pixels, index) for index, pixels in enumerate(read([form(packet) for packet in packets])))


def test_h265_is_read_too() -> None:
    packets = encoded(SCENES[:3], "libx265")
    for messages in ([foxglove(p, "h265") for p in packets], [ffmpeg(p, "hevc") for p in packets]):
        assert all(is_scene(pixels, index) for index, pixels in enumerate(read(messages)))


@pytest.mark.parametrize("form", [foxglove, ffmpeg])
def test_nothing_is_seen_before_the_first_keyframe(packets: list[Any], form: Any) -> None:
    found = read([form(packet) for packet in packets[2:]])
    waiting = "the video has not shown a keyframe yet; frames are answered from the next one on"
    assert found[: GOP - 2] == [waiting] * (GOP - 2)
    assert all(is_scene(pixels, index) for index, pixels in enumerate(found[GOP - 2 :], GOP))


def test_after_a_lost_packet_the_next_keyframe_is_awaited(packets: list[Any]) -> None:
    found = read([foxglove(packet) for index, packet in enumerate(packets) if index != 2])
    assert is_scene(found[1], 1)
    assert found[2] == "a packet of the video cannot be used (one before it was lost); the next keyframe is awaited"
    assert all("and it has not shown a keyframe since" in str(found[index]) for index in range(3, GOP - 1))
    assert all(is_scene(pixels, index) for index, pixels in enumerate(found[GOP - 1 :], GOP))


@pytest.mark.parametrize("damage", ["cut", "empty", "zeros"])
def test_after_a_damaged_packet_the_next_keyframe_is_awaited(packets: list[Any], damage: str) -> None:
    messages = [foxglove(packet) for packet in packets]
    data = messages[2].data
    messages[2].data = {"cut": data[: len(data) * 3 // 10], "empty": b"", "zeros": bytes(len(data))}[damage]
    found = read(messages)
    assert "a packet of the video cannot be used" in str(found[2])
    assert not any(isinstance(found[index], np.ndarray) for index in range(3, GOP))
    assert is_scene(found[GOP], GOP)


def test_bytes_of_any_kind_are_read_or_refused(packets: list[Any]) -> None:
    random = np.random.default_rng(1)
    for trial in range(40):
        messages = [foxglove(packet) for packet in packets[:4]]
        data = bytearray(messages[trial % 4].data)
        for position in random.integers(0, len(data), 1 + trial):
            data[position] ^= int(random.integers(1, 256))
        messages[trial % 4].data = bytes(data)
        for pixels in read(messages):
            assert isinstance(pixels, str) or (pixels.dtype == np.uint8 and pixels.ndim == 3)


def test_another_codec_and_a_missing_package_are_named(packets: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadFrameError, match="the video's codec 'av1' is not read; read are h264 and h265"):
        VideoReader().frame(foxglove(packets[0], "av1"))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(BadFrameError, match=r"needs the package PyAV: python -m pip install -r requirements/video.txt"):
        VideoReader()


@pytest.mark.parametrize("msgtype", VIDEO_TYPES)
def test_a_bag_with_video_is_evaluated(tmp_path: Path, model: Path, msgtype: str) -> None:
    labels = ["red", "green", "deep blue", "red", "green", "deep blue", "red"]
    packets = encoded([picture(label)[..., ::-1] for label in labels])
    kind = _TYPES.types if msgtype in _TYPES.types else register(msgtype)
    with BagWriter(tmp_path / "bag") as bag:
        for index, packet in enumerate(packets):
            moment, data = header(time_of(index)), np.frombuffer(bytes(packet), np.uint8)
            height, width = picture("red").shape[:2]
            fields: dict[str, Any] = (
                {"timestamp": moment.stamp, "frame_id": "camera", "data": data, "format": "h264"}
                if "foxglove" in msgtype
                else {
                    "header": moment, "width": width, "height": height, "encoding": "h264", "pts": index,
                    "flags": int(packet.is_keyframe), "is_bigendian": False, "data": data,
                }
            )  # fmt: skip
            bag.write("/camera/video", time_of(index), kind[msgtype](**fields), msgtype)
    command = [str(tmp_path / "bag"), "--model", str(model), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    with (tmp_path / "out" / "frames.csv").open(encoding="utf-8", newline="") as file:
        assert [row["prediction"] for row in csv.DictReader(file)] == labels
    with pytest.raises(CacError, match="/camera/video is a video, which the node does not read; leave --mode live out"):
        main([*command, "--mode", "live"])


def register(msgtype: str) -> Any:
    """Let the writer of bags know a type."""
    from rosbags.typesys import get_types_from_msg

    from cac_ros.bags.message import _VIDEO

    _TYPES.register(get_types_from_msg(_VIDEO[msgtype], msgtype))
    return _TYPES.types
