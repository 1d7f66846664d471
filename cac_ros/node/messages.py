# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Decisions and class lists as ROS messages."""

import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from cac_msgs.msg import ClassList, OpenSetClassification
from cac_msgs.srv import SetThreshold
from numpy.typing import NDArray
from std_msgs.msg import Header

from cac_core.predictor import Decision
from cac_ros.parameters import ParameterError

NOT_GIVEN = -1
"""The default of every field of SetThreshold: leave it as it is."""


def classification_message(
    header: Header, decision: Decision, model_id: str, *, with_scores: bool
) -> OpenSetClassification:
    """The answer to one image.

    Args:
        header: the image's own header; stamp and frame_id go into the answer unchanged.
        decision: what the predictor said.
        model_id: the model that decided.
        with_scores: whether to send the rejection score of every class.
    """
    return OpenSetClassification(
        header=header,
        unknown=decision.unknown,
        label=decision.label,
        class_index=decision.class_index,
        nearest_label=decision.nearest_label,
        rejection_score=decision.rejection_score,
        threshold=decision.threshold,
        reason=int(decision.reason),
        rejection_scores=float32_array(decision.rejection_scores) if with_scores else array.array("f"),
        model_id=model_id,
    )


def class_list_message(
    stamp: Time, model_id: str, names: Sequence[str], thresholds: NDArray[np.float32], known_kept: float
) -> ClassList:
    """The known classes and the thresholds ``(N,)`` in force; ``known_kept`` is -1 when they were set by hand."""
    return ClassList(
        header=Header(stamp=stamp),
        model_id=model_id,
        names=list(names),
        thresholds=float32_array(thresholds),
        known_kept=known_kept,
    )


def threshold_changes(request: SetThreshold.Request) -> dict[str, float | bool]:
    """The parameters that a request wants to change; they are checked like any others.

    Raises:
        ParameterError: nothing is asked for, or two things that exclude each other.
    """
    by_hand, derived = request.threshold != NOT_GIVEN, {}
    if request.known_kept != NOT_GIVEN:
        derived["known_kept"] = request.known_kept
    if request.per_class != NOT_GIVEN:
        if request.per_class not in (0, 1):
            raise ParameterError(f"per_class must be -1, 0 or 1, not {request.per_class}.")
        derived["per_class_thresholds"] = request.per_class == 1
    if by_hand and derived:
        raise ParameterError("threshold excludes known_kept and per_class: one threshold is set, or they are derived.")
    if not by_hand and not derived:
        raise ParameterError("Nothing was changed: give threshold, known_kept or per_class.")
    return {"threshold": request.threshold, **derived}


def float32_array(values: NDArray[np.float32]) -> "array.array[float]":
    """A float32 vector as the type that rclpy stores without checking element by element."""
    return array.array("f", np.ascontiguousarray(values, dtype=np.float32).tobytes())


def vision_messages() -> Any:
    """The module ``vision_msgs.msg``, or None where it is not installed."""
    try:
        import vision_msgs.msg
    except ImportError:
        return None
    return vision_msgs.msg
