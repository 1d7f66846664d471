# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads the images of one camera, and gives up a picture that takes too long. No ROS in this file.

A small picture is read where it is asked for: its decoder cannot take long, whatever the file holds. A large one is
decoded in a thread of its own, which costs nothing beside its decoding and can be left behind.
"""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from cac_core.preprocessing import Frame
from cac_core.support import limits
from cac_ros.images import BadFrameError, DepthRange, claimed_pixels, to_frame
from cac_ros.node.background import Background

LARGE = 2**21
"""Compressed pictures of more pixels are decoded in a thread of their own; Full HD is not."""


class Decoder:
    """Used by the threads of one camera: the one that answers frames, and the one that answers boxes.

    Args:
        seconds: how long one picture may take [s].
        depth_range: see :func:`cac_ros.images.to_frame`.

    Attributes:
        given_up: pictures that were not decoded, because they took too long or because an earlier one still did.
    """

    def __init__(self, seconds: float = limits.DECODE_SECONDS, depth_range: DepthRange | None = None) -> None:
        self.given_up = 0
        self._seconds = seconds
        self._depth_range = depth_range
        self._lock = threading.Lock()
        self._left_behind: list[Background[Frame]] = []

    def begin(self, message: Any, smallest_side: int) -> Callable[[], Frame]:
        """Start to decode an image if it is a large one; several may be decoded at once.

        Args:
            message: sensor_msgs/Image or CompressedImage.
            smallest_side: see :func:`cac_ros.images.to_frame`.

        Returns:
            Gives the frame, or raises BadFrameError, at most so many seconds after now.
        """
        read = partial(to_frame, message, smallest_side, self._depth_range)
        if claimed_pixels(message) <= LARGE:
            return read
        with self._lock:
            self._left_behind = [work for work in self._left_behind if work.is_running]
            if self._left_behind:
                return self._refuse
        return partial(self._wait, Background(read), time.monotonic() + self._seconds)

    def _wait(self, work: Background[Frame], end: float) -> Frame:
        frame = work.wait(lambda: time.monotonic() < end)
        if frame is not None:
            return frame
        error = BadFrameError(
            f"its decoder took longer than {self._seconds:g} s and was given up; send smaller pictures, or raw ones"
        )
        work.give_up(error)
        with self._lock:
            self.given_up += 1
            self._left_behind.append(work)
        raise error

    def _refuse(self) -> Frame:
        with self._lock:
            self.given_up += 1
        raise BadFrameError("the decoder is still busy with an earlier picture, which was given up")
