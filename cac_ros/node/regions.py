# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Boxes in an image, classified one by one but in one batch. No ROS in this file: messages are read by their fields."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cac_core.predictor import Decision, Reason, failed
from cac_core.preprocessing import Frame
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.answers import decide

_FAR = 2**31 - 1


@dataclass(frozen=True)
class Box:
    """A part of an image [pixels]; it may reach over the image's edges.

    Attributes:
        id: of whoever found it.
        x: left edge.
        y: upper edge.
        width: 0 if the box has no extent.
        height: 0 if the box has no extent.
        original: the bounding box of the message as it came; None if it had another form.
    """

    id: str
    x: int
    y: int
    width: int
    height: int
    original: Any = field(default=None, compare=False)


def boxes_of_regions(message: Any) -> list[Box]:
    """The boxes of a ``cac_msgs/RegionArray``."""
    return [Box(r.id, r.x, r.y, r.width, r.height) for r in message.regions]


def boxes_of_detections(message: Any) -> list[Box]:
    """The boxes of a ``vision_msgs/Detection2DArray``, to whole pixels; a box that is turned is taken as upright."""
    return [_box_of_detection(detection) for detection in message.detections]


def _box_of_detection(detection: Any) -> Box:
    box = detection.bbox
    left, top = box.center.position.x - box.size_x / 2, box.center.position.y - box.size_y / 2
    right, bottom = left + box.size_x, top + box.size_y
    if not all(map(math.isfinite, (left, top, right, bottom))):
        return Box(detection.id, 0, 0, 0, 0, box)
    x, y, end_x, end_y = (max(-_FAR, min(_FAR, round(value))) for value in (left, top, right, bottom))
    return Box(detection.id, x, y, min(_FAR, max(0, end_x - x)), min(_FAR, max(0, end_y - y)), box)


def crop(frame: Frame, box: Box) -> Frame | None:
    """The part of the frame inside of the box, a view; None if there is none."""
    height, width = frame.pixels.shape[:2]
    left, top = max(0, box.x), max(0, box.y)
    right, bottom = min(width, box.x + box.width), min(height, box.y + box.height)
    if right <= left or bottom <= top:
        return None
    return Frame(frame.pixels[top:bottom, left:right], frame.order)


def classify(frame: Frame, boxes: Sequence[Box], model: ActiveModel) -> tuple[list[Decision], str]:
    """Decide on each box, all in one batch.

    Returns:
        A decision for each box, in their order, and what went wrong with one, as a sentence. A box without a pixel
        inside of the frame is unknown with reason BAD_FRAME. Never raises, like
        :func:`cac_ros.node.answers.answer`.
    """
    crops = [crop(frame, box) for box in boxes]
    decisions, problems = decide([part for part in crops if part is not None], model)
    rest = iter(decisions)
    problem = next(filter(None, problems), "")
    return [failed(Reason.BAD_FRAME) if part is None else next(rest) for part in crops], problem
