# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small recordings of coloured pictures: real bags of every kind, for models of `colour_bundle`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

import numpy as np
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.typesys import Stores, get_typestore

from cac_ros.bags.writer import BagWriter

TOPIC = "/camera/image_raw"
LABEL_TOPIC = "/label"
START_NS = 1_790_000_000 * 10**9
STEP_NS = 100_000_000
COLOURS_BGR = {"red": (0, 0, 255), "green": (0, 255, 0), "deep blue": (255, 0, 0), "grey": (127, 127, 127)}

_ROS1 = get_typestore(Stores.ROS1_NOETIC)


def picture(label: str, index: int = 0, height: int = 96, width: int = 128) -> np.ndarray:
    """A picture of one colour with noise that tells the frames apart and keeps compression from shrinking them."""
    noise = np.random.default_rng(index).integers(0, 20, (height, width, 3))
    return np.abs(np.array(COLOURS_BGR[label]) - noise).astype(np.uint8)


def time_of(index: int) -> int:
    return START_NS + index * STEP_NS


def write_rosbag2(folder: Path, labels: Sequence[str], storage: str = "mcap", compress: bool = False) -> Path:
    """A frame and a label message for each label; returns the folder."""
    with BagWriter(folder, cast(Literal["mcap", "sqlite3"], storage), compress) as bag:
        for index, label in enumerate(labels):
            bag.write_string(LABEL_TOPIC, time_of(index), label)
            bag.write_image(TOPIC, time_of(index), picture(label, index))
    return folder


def write_ros1(path: Path, labels: Sequence[str], compression: str | None = None) -> Path:
    """The same as a ROS 1 bag."""
    types = _ROS1.types
    writer = Ros1Writer(path)
    if compression is not None:
        writer.set_compression(Ros1Writer.CompressionFormat[compression])
    with writer:
        text = writer.add_connection(LABEL_TOPIC, "std_msgs/msg/String", typestore=_ROS1)
        camera = writer.add_connection(TOPIC, "sensor_msgs/msg/Image", typestore=_ROS1)
        for index, label in enumerate(labels):
            time = time_of(index)
            pixels = picture(label, index)
            stamp = types["builtin_interfaces/msg/Time"](sec=time // 10**9, nanosec=time % 10**9)
            image = types["sensor_msgs/msg/Image"](
                header=types["std_msgs/msg/Header"](seq=index, stamp=stamp, frame_id="camera"),
                height=pixels.shape[0], width=pixels.shape[1], encoding="bgr8", is_bigendian=0,
                step=3 * pixels.shape[1], data=pixels.reshape(-1),
            )  # fmt: skip
            string = types["std_msgs/msg/String"](data=label)
            writer.write(text, time, _ROS1.serialize_ros1(string, "std_msgs/msg/String"))
            writer.write(camera, time, _ROS1.serialize_ros1(image, "sensor_msgs/msg/Image"))
    return path


def write_labels(path: Path, labels: Sequence[str], zero: float = 0.0) -> Path:
    """labels.csv with one line for each run of equal labels."""
    lines, start = ["start,end,label"], 0
    for index in range(1, len(labels) + 1):
        if index == len(labels) or labels[index] != labels[start]:
            lines.append(f"{zero + start * 0.1:.3f},{zero + index * 0.1:.3f},{labels[start]}")
            start = index
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def storage_file(folder: Path) -> Path:
    """The one data file of a rosbag2 folder."""
    (found,) = (file for file in folder.iterdir() if file.suffix in (".mcap", ".db3"))
    return found


def cut(path: Path, share: float = 0.5) -> Path:
    """Throw away the end of a file, as a full disk or an interrupted copy does."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path
