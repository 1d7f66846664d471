# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cut a bag into training photos by its labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cac_core.pictures.encode import encode_jpeg
from cac_core.preprocessing import Frame
from cac_core.support import console
from cac_core.support.errors import CacError
from cac_core.support.files import check_writable, write_atomically
from cac_ros.bags.message import BagMessage, MessageError
from cac_ros.bags.reader import Bag
from cac_ros.images import BadFrameError, to_bgr, to_frame
from cac_ros.images.likeness import Picture
from cac_ros.node.regions import Box, crop
from cac_ros.photos.choosing import ALIKE, BLURRED, DIFFERENCE, SHARE, Chooser
from cac_ros.photos.class_names import UNKNOWN, class_name
from cac_ros.photos.config import PhotosConfig
from cac_ros.photos.recorded_boxes import read_boxes
from cac_ros.replay.labels import Interval, Labels
from cac_ros.replay.scoring import labels_of
from cac_ros.stamps import stamp_ns


class PhotosError(CacError):
    """A bag that cannot be cut into photos."""


@dataclass
class Cut:
    """What became of the frames of one label.

    Attributes:
        looked_at: frames that were looked at, or boxes.
        written: photos that were written now.
        there: photos that were there from an earlier run.
        left_out: why others were left out, and how many.
    """

    looked_at: int = 0
    written: int = 0
    there: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def photos(self) -> int:
        """Photos that are there now."""
        return self.written + self.there


UNREADABLE, NO_BOX = "unreadable", "without a box"


def cut(config: PhotosConfig) -> tuple[dict[str, Cut], list[str]]:
    """Cut a bag.

    Args:
        config: all options.

    Returns:
        What became of each label, and sentences about the bag.

    Raises:
        CacError: with a sentence. Photos that were written stay.
    """
    if (config.labels is None) == (config.labels_topic is None):
        raise PhotosError("Labels are needed from one place: give --labels labels.csv, or --labels-topic /label.")
    check_writable(config.out / "photo.jpg", 1_000_000)
    with Bag(config.bag) as bag:
        topic = bag.image_topic(config.topic)
        labels = labels_of(bag, config.labels, config.labels_topic)
        assert labels is not None
        folders = label_folders(labels, config)
        boxes = None if config.detections is None else read_boxes(bag, config.detections)
        cuts = {label: Cut() for label in folders}
        choosers = {label: _chooser(config) for label in folders}
        wanted = [interval for interval in labels.intervals if interval.label in folders]
        for interval in console.track(wanted, "cutting", total=len(wanted)):
            label = interval.label
            _cut_interval(bag, topic.name, interval, boxes, config, cuts[label], choosers[label], folders[label])
        return cuts, list(bag.notes)


def label_folders(labels: Labels, config: PhotosConfig) -> dict[str, Path]:
    """The folder of each label; without that of unknown things if nobody wants them.

    Raises:
        DataError: a label cannot be the name of a class.
    """
    folders: dict[str, Path] = {}
    for label in dict.fromkeys(interval.label for interval in labels.intervals):
        if label.lower() != UNKNOWN:
            folders[label] = config.out / class_name(label)
        elif config.other is not None:
            folders[label] = config.other
    return folders


def _chooser(config: PhotosConfig) -> Chooser:
    return Chooser(0.0 if config.keep_alike else DIFFERENCE, 0.0 if config.keep_blurred else SHARE)


def _cut_interval(
    bag: Bag,
    topic: str,
    interval: Interval,
    boxes: dict[int, list[Box]] | None,
    config: PhotosConfig,
    counts: Cut,
    chooser: Chooser,
    folder: Path,
) -> None:
    stem = re.sub(r"[^\w-]+", "-", config.bag.resolve().stem).strip("-")[:80]
    for number, message in enumerate(bag.messages(topic, interval.start_ns, interval.end_ns)):
        if number % config.every:
            continue
        if counts.photos >= config.most:
            return
        for part, picture in _pictures(message, boxes, counts):
            counts.looked_at += 1
            if refusal := chooser.refuses(picture):
                counts.left_out[refusal] += 1
                continue
            path = folder / f"{stem}_{message.time_ns}{part}.jpg"
            if path.exists():
                counts.there += 1
                continue
            write_atomically(path, encode_jpeg(picture))
            counts.written += 1


def _pictures(message: BagMessage, boxes: dict[int, list[Box]] | None, counts: Cut) -> Iterator[tuple[str, Picture]]:
    """The frame of a message, or its boxes, with what tells them apart in a file's name."""
    try:
        content: Any = message.decode()
        frame = to_frame(content)
        picture = to_bgr(frame)
    except (MessageError, BadFrameError):
        counts.left_out[UNREADABLE] += 1
        return
    if boxes is None:
        yield "", picture
        return
    parts = [crop(Frame(picture, "bgr"), box) for box in boxes.get(stamp_ns(content.header.stamp), [])]
    if not any(part is not None for part in parts):
        counts.left_out[NO_BOX] += 1
    for number, part in enumerate(parts):
        if part is not None:
            yield f"_{number}", np.ascontiguousarray(part.pixels)


__all__ = ["ALIKE", "BLURRED", "NO_BOX", "UNREADABLE", "Cut", "PhotosError", "cut", "label_folders"]
