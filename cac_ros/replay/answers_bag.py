# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Answers as a recording: an mcap file that Foxglove and Rerun show beside the recording itself.

It holds `cac_msgs/OpenSetClassification` and the annotated image of every frame, at the time at which the frame was
recorded and with its header. The definitions of both messages are inside. No ROS is needed.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from cac_core.predictor import Decision
from cac_core.support.devices import is_installed
from cac_core.support.errors import CacError
from cac_core.support.files import sentence_about
from cac_ros.bags.writer import header as header_at
from cac_ros.drawing.annotated import annotate
from cac_ros.replay.offline import Answered

ANSWER_TOPIC = "/cac_classifier/classification"
IMAGE_TOPIC = "/cac_classifier/debug_image/compressed"

ANSWER_TYPE = "cac_msgs/msg/OpenSetClassification"
_IMAGE_TYPE = "sensor_msgs/msg/CompressedImage"

DEFINITION = """\
uint8 OK=0
uint8 ABOVE_THRESHOLD=1
uint8 NOT_FINITE=2
uint8 BAD_FRAME=3
uint8 ENGINE_ERROR=4
uint8 TOO_DARK=5
uint8 TOO_BRIGHT=6
uint8 FROZEN=7
uint8 UNDECIDED=8
std_msgs/Header header
bool unknown true
string label
int32 class_index -1
string nearest_label
float32 rejection_score
float32 threshold
uint8 reason
float32[] rejection_scores
string model_id
"""
"""Of the answer, as in cac_msgs, which must not be installed for this."""

_TYPES = get_typestore(Stores.ROS2_HUMBLE)
_TYPES.register(get_types_from_msg(DEFINITION, ANSWER_TYPE))

_QUALITY = 85  # of JPEG, as the node's
_UNFINISHED = ".part"


class AnswersBag:
    """A new file open for writing; use it in a `with` statement. It gets its name when it is complete."""

    def __init__(self, path: Path, model_id: str) -> None:
        """Begin a file.

        Args:
            path: of the file; one that is there is replaced.
            model_id: of the model that answers.

        Raises:
            CacError: it cannot be written, or a package is missing.
        """
        if not is_installed("mcap"):
            raise CacError("Answers as a recording need mcap: pip install '.[fleet]' in the folder of cac_ros.")
        from mcap.writer import Writer

        self._path, self._model_id = path, model_id
        self._part = path.with_name(f".{path.name}{_UNFINISHED}")
        with sentence_about(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb")
        self._writer = Writer(self._file)
        self._writer.start(profile="ros2", library="cac_ros")
        self._channels = {
            topic: self._writer.register_channel(
                topic, "cdr", self._writer.register_schema(kind, "ros2msg", _definition(kind).encode())
            )
            for topic, kind in ((ANSWER_TOPIC, ANSWER_TYPE), (IMAGE_TOPIC, _IMAGE_TYPE))
        }

    def __enter__(self) -> AnswersBag:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with sentence_about(self._path):
                    self._writer.finish()
                    self._file.close()
                    self._part.replace(self._path)
        finally:
            self._file.close()
            self._part.unlink(missing_ok=True)

    def see(self, answered: Answered) -> None:
        """Write the answer to a frame, and the annotated image."""
        header = answered.header if answered.header is not None else header_at(0, "")
        picture = annotate(answered.frame, answered.decision, None)
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        image = _TYPES.types[_IMAGE_TYPE](
            header=_header(header), format="bgr8; jpeg compressed bgr8", data=np.asarray(data, np.uint8).reshape(-1)
        )
        time_ns = answered.message.time_ns
        self._write(ANSWER_TOPIC, time_ns, self._answer(header, answered.decision), ANSWER_TYPE)
        self._write(IMAGE_TOPIC, time_ns, image, _IMAGE_TYPE)

    def _answer(self, header: Any, decision: Decision) -> Any:
        return _TYPES.types[ANSWER_TYPE](
            header=_header(header),
            unknown=decision.unknown,
            label=decision.label,
            class_index=decision.class_index,
            nearest_label=decision.nearest_label,
            rejection_score=decision.rejection_score,
            threshold=decision.threshold,
            reason=int(decision.reason),
            rejection_scores=np.asarray(decision.rejection_scores, np.float32),
            model_id=self._model_id,
        )

    def _write(self, topic: str, time_ns: int, message: Any, kind: str) -> None:
        data = bytes(_TYPES.serialize_cdr(message, kind))
        with sentence_about(self._path):
            self._writer.add_message(self._channels[topic], time_ns, data, time_ns)


def _definition(kind: str) -> str:
    text, _ = _TYPES.generate_msgdef(kind, ros_version=2)
    return str(text)


def _header(header: Any) -> Any:
    """The same header in the types of ROS 2; that of ROS 1 has one field more."""
    stamp = _TYPES.types["builtin_interfaces/msg/Time"](sec=header.stamp.sec, nanosec=header.stamp.nanosec)
    return _TYPES.types["std_msgs/msg/Header"](stamp=stamp, frame_id=header.frame_id)
