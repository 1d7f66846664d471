# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the robot was told, drawn on the picture it was told it about. Pure functions; no ROS in this file."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_core.predictor import Decision, Reason
from cac_core.preprocessing import Frame
from cac_ros.drawing.lettering import text_width, write
from cac_ros.images import to_bgr

Picture = NDArray[np.uint8]

_KNOWN, _UNKNOWN, _ERROR = (80, 200, 60), (40, 140, 255), (70, 70, 240)  # BGR
_TEXT, _FAINT, _TRACK = (255, 255, 255), (200, 200, 200), (95, 95, 95)
_SMALLEST = 320  # [pixels]; narrower pictures are enlarged, or the text would not be readable
_BANNER = 52  # [units]; height of everything that is drawn
_FULL_BAR = 2.0  # the bar's right end, in thresholds


def annotate(frame: Frame | None, decision: Decision, latency_ms: float | None) -> Picture:
    """Draw a decision on its frame: label or UNKNOWN, the rejection score against the threshold as a bar, latency.

    The bar starts at 0, the white mark in its middle is the threshold: green left of it is known, orange beyond it is
    unknown. A score of two thresholds and more fills the bar.

    Args:
        frame: not changed; None for one that could not be read.
        decision: what was answered.
        latency_ms: from the arrival of the image to its answer [ms]; None draws none.

    Returns:
        uint8 ``(H, W, 3)``, BGR, in the frame's size; pictures narrower than 320 pixels are enlarged by a whole factor.
    """
    picture = _canvas(frame)
    height, width = picture.shape[:2]
    unit = min(_unit(height, width), height / _BANNER)
    banner = picture[: round(_BANNER * unit)]
    np.multiply(banner, 0.3, out=banner, casting="unsafe")  # darkened, so that white text shows on every picture
    colour = _colour(decision)
    margin = 6 * unit
    cv2.rectangle(picture, (0, 0), (round(3 * unit), len(banner) - 1), colour, cv2.FILLED)
    latency = _latency_text(latency_ms)
    room = width - 3 * margin - text_width(latency, 0.4 * unit)
    write(picture, headline(decision), margin, 20 * unit, 0.72 * unit, colour, room)
    write(picture, latency, width - margin - text_width(latency, 0.4 * unit), 20 * unit, 0.4 * unit, _FAINT)
    _draw_bar(picture, decision, colour, margin, 27 * unit, width - 2 * margin, 6 * unit)
    write(picture, details(decision), margin, 46 * unit, 0.4 * unit, _TEXT, width - 2 * margin)
    return picture


def headline(decision: Decision) -> str:
    """The answer in a word: the label, or UNKNOWN."""
    return "UNKNOWN" if decision.unknown else decision.label


def details(decision: Decision) -> str:
    """Score and threshold, and the nearest class when unknown; or why there is no score."""
    if not math.isfinite(decision.rejection_score):
        return Reason(decision.reason).name.lower().replace("_", " ")
    numbers = f"score {decision.rejection_score:.3g}, limit {decision.threshold:.3g}"
    return f"{numbers}, nearest {decision.nearest_label}" if decision.unknown else numbers


def bar_fill(decision: Decision) -> float:
    """How much of the bar is filled, in [0, 1]; one half is the threshold. 1 when there is no score."""
    score, threshold = decision.rejection_score, decision.threshold
    if not (math.isfinite(score) and math.isfinite(threshold)):
        return 1.0
    if threshold <= 0:
        return 0.0 if score <= 0 else 1.0
    return min(score / (_FULL_BAR * threshold), 1.0)


def _canvas(frame: Frame | None) -> Picture:
    """A BGR copy of the frame to draw on."""
    if frame is None:
        return np.zeros((240, 320, 3), np.uint8)
    pixels = to_bgr(frame)
    factor = math.ceil(_SMALLEST / pixels.shape[1])
    if factor > 1:
        size = (pixels.shape[1] * factor, pixels.shape[0] * factor)
        return cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST)  # type: ignore[return-value]
    return np.ascontiguousarray(pixels) if pixels is not frame.pixels else np.array(pixels, order="C")


def _unit(height: int, width: int) -> float:
    """Size of everything [pixels]: 1 at 320x240; it grows slower than the picture, 3.3 at 1920x1080."""
    return max(0.8, math.pow(min(height, 0.75 * width) / 240, 0.8))


def _colour(decision: Decision) -> tuple[int, int, int]:
    if not decision.unknown:
        return _KNOWN
    return _UNKNOWN if decision.reason == Reason.ABOVE_THRESHOLD else _ERROR


def _latency_text(latency_ms: float | None) -> str:
    if latency_ms is None:
        return ""
    return f"{latency_ms:.1f} ms" if latency_ms < 100 else f"{latency_ms:.0f} ms"


def _draw_bar(
    picture: Picture, decision: Decision, colour: tuple[int, int, int], x: float, y: float, width: float, height: float
) -> None:
    left, top, right, bottom = round(x), round(y), round(x + width), round(y + height)
    cv2.rectangle(picture, (left, top), (right, bottom), _TRACK, cv2.FILLED)
    cv2.rectangle(picture, (left, top), (round(x + width * bar_fill(decision)), bottom), colour, cv2.FILLED)
    middle, half = round(x + width / _FULL_BAR), max(1, round(height / 6))
    overhang = round(height / 3)
    cv2.rectangle(picture, (middle - half, top - overhang), (middle + half, bottom + overhang), _TEXT, cv2.FILLED)
