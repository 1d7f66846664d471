# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Encodings that our table does not hold, by an installed cv_bridge."""

from functools import cache
from typing import Any

import numpy as np

from cac_core.preprocessing import Frame
from cac_core.support.errors import first_line
from cac_ros.images.encodings import BadFrameError, quoted


def frame_by_cv_bridge(message: Any) -> Frame | None:
    """The frame as cv_bridge converts it to bgr8; None where cv_bridge is not installed.

    Raises:
        BadFrameError: cv_bridge refuses the image.
    """
    if (bridge := _bridge()) is None:
        return None
    try:
        pixels = np.ascontiguousarray(bridge.imgmsg_to_cv2(message, "bgr8"))
    except Exception as error:  # a CvBridgeError, or whatever its compiled part raises
        raise _refused(message, first_line(error)[:200]) from error
    if pixels.dtype != np.uint8 or pixels.shape != (message.height, message.width, 3):
        raise _refused(message, f"it returned {pixels.dtype} {pixels.shape}")
    return Frame(pixels, "bgr")


def _refused(message: Any, why: str) -> BadFrameError:
    return BadFrameError(f"encoding {quoted(message.encoding)} is not supported, and cv_bridge refuses it: {why}")


@cache
def _bridge() -> Any:
    try:
        from cv_bridge import CvBridge

        return CvBridge()
    except Exception:  # noqa: BLE001 - not installed, or built for another NumPy or Python
        return None
