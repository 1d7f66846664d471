# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pictures of a stream are worth keeping: neither blurred nor like one that was kept. No ROS in this file."""

from collections import deque
from statistics import median

from cac_ros.images.likeness import Picture, Thumbnail, alike, sharpness, thumbnail_of

BLURRED = "blurred"
ALIKE = "alike"

SHARE = 0.5
"""A picture is blurred when its sharpness is below this share of that of its neighbours (their median)."""

DIFFERENCE = 4.0
"""Thumbnails of photos of one class must differ by this on average [grey levels]; half of what the harvest asks for,
because the scene around a thing that is turned stays the same."""

_NEIGHBOURS = 15
_FEWEST_NEIGHBOURS = 3
_REMEMBERED = 512


class Chooser:
    """Looks at the pictures of one class, in their order.

    Args:
        difference: see :data:`DIFFERENCE`; 0 = keep pictures that are alike.
        share: see :data:`SHARE`; 0 = keep blurred ones.
    """

    def __init__(self, difference: float = DIFFERENCE, share: float = SHARE) -> None:
        self._difference = difference
        self._share = share
        self._sharpness: deque[float] = deque(maxlen=_NEIGHBOURS)
        self._kept: deque[Thumbnail] = deque(maxlen=_REMEMBERED)

    def refuses(self, picture: Picture) -> str:
        """Why a picture, BGR ``(H, W, 3)``, is not worth keeping; empty if it is kept."""
        value = sharpness(picture)
        neighbours = list(self._sharpness)
        self._sharpness.append(value)
        if len(neighbours) >= _FEWEST_NEIGHBOURS and value < self._share * median(neighbours):
            return BLURRED
        thumbnail = thumbnail_of(picture)
        if any(alike(thumbnail, kept, self._difference) for kept in self._kept):
            return ALIKE
        self._kept.append(thumbnail)
        return ""

    def remember(self, picture: Picture) -> None:
        """Take notice of a picture that was kept earlier."""
        self._kept.append(thumbnail_of(picture))
