# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The options of cutting a bag into photos, declared once: the command line is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cac_core.support.option_types import PositiveInt


@dataclass(frozen=True)
class PhotosConfig:
    """Cut a recorded bag into training photos: one folder for each label.

    Every n-th frame of each labelled stretch is looked at. Blurred frames, and those that look like a photo that was
    taken, are left out. The photos are JPEG files named after the bag and the time, so running it again writes nothing
    twice, and goes on where it was interrupted.

    Attributes:
        bag: rosbag2 folder, or a .mcap, .db3 or ROS 1 .bag file.
        labels: CSV file with the lines start,end,label, see below.
        labels_topic: std_msgs/String topic of the bag with labels, see below.
        out: folder for the photos, one folder for each label; created when missing.
        other: folder for frames with the label unknown; they are left out when not given.
        topic: image topic; not needed when the bag has exactly one.
        detections: topic of boxes in the images (vision_msgs/Detection2DArray or cac_msgs/RegionArray). Each box
            becomes a photo of its own, and frames without a box become none.
        every: look at every n-th frame of a label.
        keep_blurred: also take blurred frames.
        keep_alike: also take frames that look like an earlier photo.
        most: at most this many photos of each label.
    """

    bag: Path
    labels: Path | None = None
    labels_topic: str | None = None
    out: Path = Path("photos")
    other: Path | None = None
    topic: str | None = None
    detections: str | None = None
    every: PositiveInt = 5
    keep_blurred: bool = False
    keep_alike: bool = False
    most: PositiveInt = 1000
