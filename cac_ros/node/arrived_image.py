# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An image message that is decoded once, for its frame and for the boxes in it. No ROS in this file."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from cac_core.predictor import Reason
from cac_core.preprocessing import Frame
from cac_ros.images import BadFrameError
from cac_ros.node.decoder import Decoder

Verdict = tuple[Reason, str]
"""Why a picture is not worth classifying, with a sentence; OK and an empty one if it is."""

PictureGate = Callable[[Frame, float], Verdict]
"""Gives the verdict on a frame that arrived at a time [s]."""


class ArrivedImage:
    """One image message of a camera.

    Args:
        message: sensor_msgs/Image or CompressedImage.
        arrived: when it came [s, time.monotonic()].
        decoder: the camera's.

    Attributes:
        message: sensor_msgs/Image or CompressedImage.
        arrived: when it came [s, time.monotonic()].
        verdict: of the camera's gate, once the frame had its turn; None before.
    """

    def __init__(self, message: Any, arrived: float, decoder: Decoder | None = None) -> None:
        self.message = message
        self.arrived = arrived
        self.verdict: Verdict | None = None
        self._decoder = decoder or Decoder()
        self._lock = threading.Lock()
        self._smallest_side = -1
        self._begun: Callable[[], Frame] | None = None
        self._read: Frame | BadFrameError | None = None

    def begin(self, smallest_side: int = 0) -> None:
        """Let a large picture be decoded from now on, while others are; :meth:`frame` then waits for it. Never raises.

        Args:
            smallest_side: see :func:`cac_ros.images.to_frame`.
        """
        with self._lock, contextlib.suppress(Exception):  # what cannot be begun is tried again by frame()
            if self._read is None and self._begun is None:
                self._begun, self._smallest_side = self._decoder.begin(self.message, smallest_side), smallest_side

    def frame(self, smallest_side: int = 0) -> Frame:
        """The frame; decoded at the first call for this size, by whichever thread comes first.

        Args:
            smallest_side: see :func:`cac_ros.images.to_frame`.

        Raises:
            BadFrameError: it cannot be read.
        """
        with self._lock:
            if self._smallest_side != smallest_side:
                self._begun, self._read, self._smallest_side = None, None, smallest_side
            if self._read is None:
                self._read = self._finish()
            result = self._read
        if isinstance(result, BadFrameError):
            raise BadFrameError(str(result))
        return result

    def _finish(self) -> Frame | BadFrameError:
        begun, self._begun = self._begun, None
        try:
            return (begun or self._decoder.begin(self.message, self._smallest_side))()
        except BadFrameError as error:
            return error

    def pixel_bytes(self) -> int:
        """Memory that the decoded frame takes besides the message [bytes]."""
        read = self._read
        return read.pixels.nbytes if isinstance(read, Frame) and read.pixels.base is None else 0

    def forget_frame(self) -> None:
        """Free what was decoded; the next call of :meth:`frame` decodes again."""
        with self._lock:
            if isinstance(self._read, Frame):
                self._read = None


class Look(NamedTuple):
    """What there is to see in an image.

    Attributes:
        frame: None if it could not be read.
        reason: why it is not to be classified; OK if it is.
        problem: the same as a sentence; empty if there is none.
    """

    frame: Frame | None
    reason: Reason
    problem: str


def look(image: ArrivedImage, smallest_side: int, gate: PictureGate | None) -> Look:
    """The one way from an image to pixels that are classified: decoder, then gate. Never raises.

    Args:
        image: the message.
        smallest_side: see :func:`cac_ros.images.to_frame`.
        gate: gives the verdict on the frame; None: every frame that can be read is classified.
    """
    try:
        frame = image.frame(smallest_side)
    except Exception as error:  # noqa: BLE001 - a bug of ours or of a decoder must not cost the frame its answer
        return unread(error)
    if gate is None:
        return Look(frame, Reason.OK, "")
    try:
        return Look(frame, *gate(frame, image.arrived))
    except Exception as error:  # noqa: BLE001 - the same for a bug of the gate
        return Look(frame, Reason.BAD_FRAME, f"A frame could not be checked: {type(error).__name__}: {error}")


def unread(error: Exception) -> Look:
    """What there is to see when reading failed."""
    kind = "" if isinstance(error, BadFrameError) else f"{type(error).__name__}: "
    return Look(None, Reason.BAD_FRAME, f"A frame could not be read: {kind}{error}")
