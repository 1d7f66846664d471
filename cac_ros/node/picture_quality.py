# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a frame is worth classifying: not black, not saturated, not one picture for ever. No ROS in this file."""

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cac_core.predictor import Reason
from cac_core.preprocessing import Frame

_SAMPLES = 64  # [rows and columns]; looked at in each frame, so that a large picture costs no more than a small one
_SHARE = 0.95  # of the pixels must be too dark or too bright
_FEWEST = 3  # equal frames, before a camera counts as frozen


@dataclass(frozen=True)
class PictureLimits:
    """When a frame is refused.

    Attributes:
        dark: 95 % of the pixels are darker than this, in [0, 1]; 0 = do not check.
        bright: 95 % of the pixels are brighter than this, in [0, 1]; 1 = do not check.
        frozen_after: the same picture comes for this long [s]; 0 = do not check.
    """

    dark: float = 0.0
    bright: float = 1.0
    frozen_after: float = 0.0

    @property
    def any(self) -> bool:
        """Whether anything is checked."""
        return self.dark > 0 or self.bright < 1 or self.frozen_after > 0


class PictureCheck:
    """Checks the frames of one camera. Keeps the last frame (no copy) to compare the next one with."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before: Frame | None = None
        self._same_since = 0.0
        self._same = 0

    def check(self, frame: Frame, arrived: float, limits: PictureLimits) -> tuple[Reason, str]:
        """Why this frame is not worth classifying, with a sentence; OK and an empty one if it is.

        Args:
            frame: in the order of the camera; must not change any more, its pixels are compared with those of the next.
            arrived: when it came [s], never going back.
            limits: those in force.
        """
        with self._lock:
            if limits.frozen_after <= 0:
                self._before = None
            else:
                if not self._is_as_before(frame):
                    self._same_since, self._same = arrived, 0
                self._before = frame
                self._same += 1
            count, seconds = self._same, arrived - self._same_since
        return _verdict(frame, count, seconds, limits)

    def check_aside(self, frame: Frame, arrived: float, limits: PictureLimits) -> tuple[Reason, str]:
        """Like :meth:`check` for a frame out of its turn: nothing is remembered of it."""
        count, seconds = 0, 0.0
        with self._lock:
            if limits.frozen_after > 0 and self._is_as_before(frame):
                count, seconds = self._same + (frame is not self._before), arrived - self._same_since
        return _verdict(frame, count, seconds, limits)

    def _is_as_before(self, frame: Frame) -> bool:
        return self._before is not None and (frame is self._before or same(self._before, frame))


def _verdict(frame: Frame, count: int, seconds: float, limits: PictureLimits) -> tuple[Reason, str]:
    """Of a frame that is the last of so many equal ones, which have come for so long [s]."""
    if limits.frozen_after > 0 and count >= _FEWEST and seconds >= limits.frozen_after:
        return Reason.FROZEN, f"The camera has sent the same picture for {seconds:.1f} s."
    return exposure(frame, limits)


def exposure(frame: Frame, limits: PictureLimits) -> tuple[Reason, str]:
    """Whether a frame is black or saturated, with a sentence; see :meth:`PictureCheck.check`.

    A pixel is as dark as its brightest colour and as bright as its darkest one: neither a deep blue wall nor a red one
    is a fault of the camera.
    """
    if limits.dark <= 0 and limits.bright >= 1:
        return Reason.OK, ""
    pixels = _sample(frame)
    if limits.dark > 0:
        brightest = pixels.max(axis=2)
        if (brightest < 255 * limits.dark).mean() >= _SHARE:
            return Reason.TOO_DARK, f"The picture is black: 95 % of it is darker than {limits.dark:g} (dark_limit)."
    if limits.bright < 1:
        darkest = pixels.min(axis=2)
        if (darkest > 255 * limits.bright).mean() >= _SHARE:
            sentence = f"The picture is saturated: 95 % of it is brighter than {limits.bright:g} (bright_limit)."
            return Reason.TOO_BRIGHT, sentence
    return Reason.OK, ""


def same(first: Frame, second: Frame) -> bool:
    """Whether two frames hold the same picture, bit for bit; a camera that works has noise."""
    if first.order != second.order or first.pixels.shape != second.pixels.shape:
        return False
    # A moving picture differs in the sample already.
    return bool((_sample(first) == _sample(second)).all()) and np.array_equal(first.pixels, second.pixels)


def _sample(frame: Frame) -> NDArray[np.uint8]:
    """A grid of pixels ``(h, w, C)`` without alpha; a view."""
    height, width = frame.pixels.shape[:2]
    pixels = frame.pixels[:: max(1, height // _SAMPLES), :: max(1, width // _SAMPLES)]
    return pixels[:, :, None] if pixels.ndim == 2 else pixels[:, :, :3]
