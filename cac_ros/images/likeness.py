# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether two pictures show nearly the same, and how sharp one is. No ROS in this file."""

import cv2
import numpy as np
from numpy.typing import NDArray

_THUMBNAIL = 16  # [pixels]
_COMPARED = 320  # [pixels]; sharpness is measured at this width, so that it does not depend on the camera

Picture = NDArray[np.uint8]
Thumbnail = NDArray[np.int16]

ALIKE = 8.0
"""Thumbnails that differ less on average show the same thing [grey levels]."""


def thumbnail_of(picture: Picture) -> Thumbnail:
    """What two pictures are compared by: BGR ``(H, W, 3)`` to ``(16, 16, 3)``."""
    small = cv2.resize(picture, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.int16)


def alike(first: Thumbnail, second: Thumbnail, limit: float = ALIKE) -> bool:
    """Whether two thumbnails show nearly the same picture.

    Args:
        first: see :func:`thumbnail_of`.
        second: of the other picture.
        limit: mean difference that is too small to count [grey levels].
    """
    return bool(np.abs(first - second).mean() < limit)


def sharpness(picture: Picture) -> float:
    """Variance of the Laplacian of the grey picture, 320 pixels wide: small where a camera or a thing moved.

    Only pictures of one scene can be compared: a wall has no edges, however sharp it is (Pech-Pacheco et al., "Diatom
    autofocusing in brightfield microscopy", ICPR 2000).

    Args:
        picture: BGR ``(H, W, 3)``.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    height, width = grey.shape
    if width > _COMPARED:
        size = (_COMPARED, max(1, round(height * _COMPARED / width)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())
