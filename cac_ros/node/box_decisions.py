# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What holds for a frame holds for the boxes in it: the same decoder, the same gate. No ROS in this file."""

import math
import threading
from collections.abc import Sequence

import numpy as np

from cac_core.pictures.jpeg import read_jpeg_header
from cac_core.predictor import Decision, Reason, failed
from cac_core.preprocessing import Frame
from cac_ros.images import ReducedFrame
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.arrived_image import ArrivedImage, PictureGate, look
from cac_ros.node.regions import Box, classify, crop


def decide_on_boxes(
    image: ArrivedImage, boxes: Sequence[Box], model: ActiveModel, gate: PictureGate | None, engine: threading.Lock
) -> tuple[list[Decision], str]:
    """Decide on each box in an image.

    Boxes are cut out of the frame that is classified as a whole. With reduced_jpeg the rule for frames is that for
    boxes, too: the shorter side of each keeps twice the pixels that the network sees. Where the frame is too small for
    that, the image is decoded once more, as large as its boxes need it.

    Args:
        image: the message.
        boxes: in pixels of the image at its full size.
        model: decides.
        gate: gives the verdict on the image; None: every image that can be read is classified.
        engine: held while the engine works.

    Returns:
        A decision for each box, and what went wrong, as a sentence. In a refused image every box is unknown with the
        reason of the image. Never raises.
    """
    try:
        return _decide(image, boxes, model, gate, engine)
    except Exception as error:  # noqa: BLE001 - a bug of ours must not cost the boxes their answer
        return [failed(Reason.BAD_FRAME)] * len(
            boxes
        ), f"The boxes could not be cut out: {type(error).__name__}: {error}"


def _decide(
    image: ArrivedImage, boxes: Sequence[Box], model: ActiveModel, gate: PictureGate | None, engine: threading.Lock
) -> tuple[list[Decision], str]:
    frame, reason, problem = look(image, model.smallest_side, gate)
    if reason == Reason.OK and isinstance(frame, ReducedFrame):
        side = side_for(boxes, frame, model.smallest_side)
        if side > min(frame.pixels.shape[:2]):
            frame, reason, problem = look(image, side, None)
        boxes = boxes if frame is None else reduced(boxes, fraction_of(frame))
    if frame is None or reason != Reason.OK:
        return [failed(reason)] * len(boxes), problem
    with engine:
        return classify(frame, boxes, model)


def fraction_of(frame: Frame) -> int:
    """1 for a frame at its full size; 2, 4 or 8 for one that was decoded at a half, a quarter or an eighth of it."""
    if not isinstance(frame, ReducedFrame):
        return 1
    header = read_jpeg_header(bytes(frame.message.data))
    fraction: int = round(min(header.height, header.width) / min(frame.pixels.shape[:2]))
    return fraction


def reduced(boxes: Sequence[Box], fraction: int) -> list[Box]:
    """The boxes in a frame that was decoded at a fraction of its size; at least one pixel of each remains."""
    small = []
    for box in boxes:
        x, y = box.x // fraction, box.y // fraction
        end_x, end_y = -((box.x + box.width) // -fraction), -((box.y + box.height) // -fraction)
        small.append(Box(box.id, x, y, end_x - x if box.width else 0, end_y - y if box.height else 0))
    return small


def side_for(boxes: Sequence[Box], frame: ReducedFrame, smallest_side: int) -> int:
    """How long the shorter side of an image must be for the shorter side of every box in it to have a length [pixels].

    Args:
        boxes: in pixels of the image at its full size.
        frame: the image, decoded at a fraction of its size.
        smallest_side: the length [pixels]; boxes that are smaller from the start need the image at its full size.
    """
    fraction = fraction_of(frame)
    height, width = fraction * frame.pixels.shape[0], fraction * frame.pixels.shape[1]
    whole = Frame(np.broadcast_to(np.uint8(0), (height, width)), "grey")  # takes no memory
    parts = [part.pixels.shape for part in (crop(whole, box) for box in boxes) if part is not None]
    shortest: int = min((min(shape) for shape in parts), default=min(height, width))
    side: int = min(height, width, math.ceil(smallest_side * min(height, width) / shortest))
    return side
