# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The boxes of a detector with the open-set answer in place of its hypotheses, as ``vision_msgs/Detection2DArray``."""

from collections.abc import Sequence
from typing import Any

from std_msgs.msg import Header

from cac_core.predictor import Decision
from cac_ros.node.hypotheses import hypothesis_messages
from cac_ros.node.regions import Box


def detections_message(
    messages: Any, header: Header, boxes: Sequence[Box], decisions: Sequence[Decision], class_names: Sequence[str]
) -> Any:
    """One detection for each box, in their order.

    Args:
        messages: ``vision_msgs.msg``.
        header: of the image.
        boxes: those that were asked about.
        decisions: one for each box.
        class_names: of the model that decided.
    """
    detections = []
    for box, decision in zip(boxes, decisions, strict=True):
        results = [
            messages.ObjectHypothesisWithPose(hypothesis=hypothesis)
            for hypothesis in hypothesis_messages(decision, class_names, messages)
        ]
        bbox = _bounding_box(messages, box) if box.original is None else box.original
        detections.append(messages.Detection2D(header=header, results=results, bbox=bbox, id=box.id))
    return messages.Detection2DArray(header=header, detections=detections)


def _bounding_box(messages: Any, box: Box) -> Any:
    centre = messages.Point2D(x=box.x + box.width / 2, y=box.y + box.height / 2)
    return messages.BoundingBox2D(
        center=messages.Pose2D(position=centre), size_x=float(box.width), size_y=float(box.height)
    )
