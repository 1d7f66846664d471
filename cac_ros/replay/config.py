# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The options of a replay, declared once: the command line is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class ReplayConfig:
    """Evaluate a model on the camera topic of a recorded bag.

    Every frame is classified, the answers are compared with your labels, and three files are written to the folder of
    --out. report.html is for people: summary, ROC, scores over time with the labels, confusion matrix, worst errors; it
    opens offline. metrics.json has the same numbers for programs. frames.csv has one line per frame.

    Attributes:
        bag: rosbag2 folder, or a .mcap, .db3 or ROS 1 .bag file.
        model: the model bundle (.cac).
        out: folder for the results; created when missing.
        labels: CSV file with the lines start,end,label, see below.
        labels_topic: std_msgs/String topic of the bag with labels, see below.
        topic: image topic; not needed when the bag has exactly one.
        mode: see below.
        rate: live: times the bag's own pace.
        known_kept: choose θ so that this share of known validation images is kept, above 0 up to 1; as chosen when the
            model was trained when not given.
        threshold: set θ by hand instead.
        per_class: one θ per class instead of one for all.
        engine: inference engine.
        device: auto, cpu, cuda or cuda:N.
        precision: auto, float32 or a variant of the model: int8, bf16 or fp16.
        depth_range: the values that become black and white in images of distances and other raw numbers, such as
            0.3 5.0; see the node's parameter of this name.
        title: title of the report; the bag's name when not given.
        answers: .mcap file for the answers and the annotated images as a recording, for Foxglove and Rerun; offline.
        watch: live: publish the annotated image on /cac_replay/debug_image, in the ROS domain of this terminal, for
            RViz, rqt or Foxglove.
    """

    bag: Path
    model: Path
    out: Path
    labels: Path | None = None
    labels_topic: str | None = None
    topic: str | None = None
    mode: Literal["offline", "live"] = "offline"
    rate: float = 1.0
    known_kept: float | None = None
    threshold: float | None = None
    per_class: bool = False
    engine: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    depth_range: tuple[float, float] | None = None
    title: str | None = None
    answers: Path | None = None
    watch: bool = False
