# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The messages of one topic in their order, whether each is a picture by itself or a packet of a video."""

from types import SimpleNamespace
from typing import Any

from cac_core.preprocessing import Frame
from cac_ros.images.depth import DepthRange
from cac_ros.images.reading import to_frame
from cac_ros.images.video import VideoReader, is_video


class SequenceReader:
    """Reads one topic.

    Args:
        depth_range: see :func:`cac_ros.images.to_frame`.
    """

    def __init__(self, depth_range: DepthRange | None = None) -> None:
        self._depth_range = depth_range
        self._video: VideoReader | None = None

    def frame(self, message: Any) -> Frame:
        """The frame of the next message; raises BadFrameError."""
        if not is_video(message):
            return to_frame(message, depth_range=self._depth_range)
        if self._video is None:
            self._video = VideoReader()
        return self._video.frame(message)


def header_of(message: Any) -> Any:
    """The header of a picture: stamp and frame_id. foxglove_msgs/CompressedVideo has the two without a header."""
    if hasattr(message, "header"):
        return message.header
    return SimpleNamespace(stamp=message.timestamp, frame_id=message.frame_id)
