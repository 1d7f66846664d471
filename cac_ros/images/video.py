# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a video topic: packets of ffmpeg_image_transport and foxglove_msgs/CompressedVideo, decoded by PyAV.

A packet holds what changed since the last one. So a decoder belongs to one topic, and gets every packet in its order.
Until the first keyframe, and after a damaged packet until the next one, there is no picture to see.
"""

from typing import Any

import numpy as np

from cac_core.preprocessing import Frame
from cac_core.support.errors import first_line
from cac_core.support.limits import MESSAGE_PIXELS
from cac_ros.images.encodings import BadFrameError, quoted
from cac_ros.images.h264 import Numbers, units

CODECS = {
    "h264": "h264", "libx264": "h264", "h264_nvenc": "h264", "h264_vaapi": "h264", "h264_v4l2m2m": "h264",
    "h265": "hevc", "hevc": "hevc", "libx265": "hevc", "hevc_nvenc": "hevc", "hevc_vaapi": "hevc",
}  # fmt: skip
"""The decoder of each name that the messages use; ffmpeg_image_transport gives the name of the encoder."""

_KEY_FLAG = 1  # AV_PKT_FLAG_KEY in the field flags of FFMPEGPacket
# NAL units that begin a picture which needs no other one: ITU-T H.264 table 7-1, H.265 table 7-1.
_KEY_UNITS = {"h264": {5}, "hevc": set(range(16, 22))}


def is_video(message: Any) -> bool:
    """Whether a message is a packet of a video, by its fields."""
    return hasattr(message, "pts") or (hasattr(message, "timestamp") and hasattr(message, "format"))


def check_decoder() -> None:
    """Raise BadFrameError with the way out where PyAV is not installed."""
    try:
        import av  # noqa: F401
    except ImportError:
        raise BadFrameError("a video needs the package PyAV: python -m pip install -r requirements/video.txt") from None


class VideoReader:
    """Decodes the packets of one topic in their order.

    Raises:
        BadFrameError: PyAV is not installed.
    """

    def __init__(self) -> None:
        check_decoder()
        import av

        self._av = av
        self._codec = ""
        self._context: Any = None
        self._numbers = Numbers()
        self._waits = "the video has not shown a keyframe yet"

    def frame(self, message: Any) -> Frame:
        """The picture of a packet, BGR.

        Args:
            message: ffmpeg_image_transport_msgs/FFMPEGPacket or foxglove_msgs/CompressedVideo.

        Raises:
            BadFrameError: there is no picture to see: a keyframe is awaited, the packet is damaged, or its codec is
                not read.
        """
        codec = self._codec_of(message)
        data = bytes(memoryview(message.data))
        if codec != self._codec:
            self._start(codec)
        if self._waits:
            if not self._is_keyframe(message, data):
                raise BadFrameError(f"{self._waits}; frames are answered from the next one on")
            self._start(codec)
        if self._codec == "h264" and not self._numbers.is_next(data):
            raise self._damaged("one before it was lost")
        try:
            pictures = self._context.decode(self._av.Packet(data))
        except (self._av.FFmpegError, ValueError, MemoryError) as error:
            raise self._damaged(first_line(error)[:200]) from None
        if not pictures or pictures[-1].is_corrupt:
            raise self._damaged("no whole picture")
        self._waits = ""
        return Frame(np.ascontiguousarray(pictures[-1].to_ndarray(format="bgr24")), "bgr")

    def _codec_of(self, message: Any) -> str:
        named = str(message.encoding if hasattr(message, "pts") else message.format)
        codec = CODECS.get(named.partition(";")[0].strip().lower())
        if codec is None:
            raise BadFrameError(f"the video's codec {quoted(named)} is not read; read are h264 and h265")
        return codec

    def _is_keyframe(self, message: Any, data: bytes) -> bool:
        if hasattr(message, "pts"):
            return bool(message.flags & _KEY_FLAG)
        kinds = {unit[0] & 0x1F if self._codec == "h264" else unit[0] >> 1 & 0x3F for unit in units(data)}
        return not _KEY_UNITS[self._codec].isdisjoint(kinds)

    def _start(self, codec: str) -> None:
        context = self._av.CodecContext.create(codec, "r")
        context.thread_type = "SLICE"  # threads for several frames would keep the newest back
        context.flags |= self._av.codec.context.Flags.low_delay
        context.options = {"err_detect": "explode", "max_pixels": str(MESSAGE_PIXELS)}
        self._codec, self._context, self._numbers = codec, context, Numbers()
        self._waits = self._waits or "the video has changed its codec and has not shown a keyframe since"

    def _damaged(self, why: str) -> BadFrameError:
        self._waits = "a packet of the video was damaged or lost, and it has not shown a keyframe since"
        return BadFrameError(f"a packet of the video cannot be used ({why}); the next keyframe is awaited")
