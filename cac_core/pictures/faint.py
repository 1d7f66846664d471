# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""16-bit pictures that use hardly any of their 16 bits: 14-bit thermal cameras, 12-bit sensors that are not shifted."""

from typing import Any

from numpy.typing import NDArray

from cac_core.preprocessing import Frame

_SHARE = 16
_DARK = 256  # a dark picture of a camera that does use its range has less than this, and nothing is wrong with it
_STEP = 4  # [pixels]; every fourth row and column are enough to see it


class FaintFrame(Frame):
    """A frame of 16 bits whose values lie within less than 1/16 of their range."""


def is_faint(pixels: NDArray[Any]) -> bool:
    """Whether 16-bit pixels ``(H, W)`` or ``(H, W, C)`` become nearly one grey with 8 bits."""
    if pixels.dtype.itemsize != 2:
        return False
    seen = pixels[::_STEP, ::_STEP]
    low, high = int(seen.min()), int(seen.max())
    return high >= _DARK and high - low < 65536 // _SHARE
