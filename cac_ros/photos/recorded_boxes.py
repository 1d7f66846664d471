# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Boxes that a detector found, as they were recorded in a bag: by the stamps of the images that they are in."""

from functools import cache
from typing import Any

from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from cac_ros.bags.message import BagError, BagMessage, MessageError
from cac_ros.bags.reader import Bag
from cac_ros.node.regions import Box, boxes_of_detections, boxes_of_regions
from cac_ros.stamps import stamp_ns

REGIONS, DETECTIONS = "cac_msgs/msg/RegionArray", "vision_msgs/msg/Detection2DArray"

# Those of cac_msgs, and of vision_msgs 4 (Humble and newer).
_DEFINITIONS = {
    "cac_msgs/msg/Region": "string id\nint32 x\nint32 y\nuint32 width\nuint32 height",
    REGIONS: "std_msgs/Header header\nRegion[] regions",
    "vision_msgs/msg/Point2D": "float64 x\nfloat64 y",
    "vision_msgs/msg/Pose2D": "vision_msgs/Point2D position\nfloat64 theta",
    "vision_msgs/msg/BoundingBox2D": "vision_msgs/Pose2D center\nfloat64 size_x\nfloat64 size_y",
    "vision_msgs/msg/ObjectHypothesis": "string class_id\nfloat64 score",
    "vision_msgs/msg/ObjectHypothesisWithPose": "ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose",
    "vision_msgs/msg/Detection2D": (
        "std_msgs/Header header\nObjectHypothesisWithPose[] results\nBoundingBox2D bbox\nstring id"
    ),
    DETECTIONS: "std_msgs/Header header\nDetection2D[] detections",
}


@cache
def types() -> Any:
    """Messages of ROS 2 with those of boxes."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    for name, text in _DEFINITIONS.items():
        store.register(get_types_from_msg(text, name))
    return store


def read_boxes(bag: Bag, name: str) -> dict[int, list[Box]]:
    """The boxes of each image, by its stamp [ns].

    Raises:
        BagError: there is no such topic, or none of its messages can be read.
    """
    topic = bag.topics.get(name) or bag.topics.get(f"/{name.lstrip('/')}")
    if topic is None or topic.msgtype not in (REGIONS, DETECTIONS):
        found = sorted(t.name for t in bag.topics.values() if t.msgtype in (REGIONS, DETECTIONS))
        offer = f"its topics of boxes are: {', '.join(found)}" if found else "it has no topic of boxes"
        raise BagError(f"{bag.path} has no boxes on {name}; {offer}.")
    boxes: dict[int, list[Box]] = {}
    unreadable = ""
    for message in bag.messages(topic.name):
        try:
            content = _decode(message)
        except MessageError as error:
            unreadable = str(error)
            continue
        found_here = boxes_of_regions(content) if topic.msgtype == REGIONS else boxes_of_detections(content)
        boxes.setdefault(stamp_ns(content.header.stamp), []).extend(found_here)
    if unreadable and not boxes:
        raise BagError(f"No boxes on {topic.name} can be read: {unreadable}.")
    return boxes


def _decode(message: BagMessage) -> Any:
    try:
        return types().deserialize_cdr(message.cdr(), message.msgtype)
    except MessageError:
        raise
    except Exception as error:  # the generated code raises whatever its first wrong byte leads to
        raise MessageError(f"a message on {message.topic} is not a readable {message.msgtype}: {error}") from error
