# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
r"""Text on a picture, in the letters that people name things with.

Plain text is drawn with OpenCV's lines. Other letters are drawn with the Unicode font that OpenCV 5 brings: Chinese,
Japanese, Korean, Cyrillic, Greek, Hebrew, Arabic. Thai, Indic scripts, emoji and others are drawn with the Noto fonts,
if they are installed. A letter that no font has is written as its code (``\u0e19``), and so is one that looks like
another: two names never look alike.
"""

import math
import unicodedata
from bisect import bisect_right
from functools import cache, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_core.support.names import same_form
from cac_ros.drawing import noto_fonts
from cac_ros.drawing.letter_twins import look_alikes

_LINES = cv2.FONT_HERSHEY_DUPLEX
_PIXELS = 27  # height of a letter of size 1, so that both kinds of letters look equally large
_ANYWHERE = (1 << 15, 1 << 15)  # a picture that no text is too wide for
_PLAIN, _OPENCV = "lines", "uni"  # fonts; all others are Noto fonts
_SMALLEST = 0.5  # of the wanted size


def write(
    picture: NDArray[np.uint8],
    text: str,
    x: float,
    y: float,
    size: float,
    colour: tuple[int, int, int],
    room: float = math.inf,
) -> None:
    """Write one line on the baseline ``y``; made smaller, down to a half, and then cut to fit in ``room`` pixels."""
    text, size = _fitted(drawable(text), size, room)
    for font, run in _runs(text):
        origin = (round(x), round(y))
        if font == _PLAIN:
            cv2.putText(picture, run, origin, _LINES, size, colour, _thickness(size), cv2.LINE_AA)
        elif font == _OPENCV:
            cv2.putText(picture, run, origin, colour, _font(), _height(size))
        else:
            _blend(picture, noto_fonts.mask(run, font, _height(size)), origin, colour)
        x += _run_width(font, run, size)


def text_width(text: str, size: float) -> float:
    """Pixels that a line takes."""
    return _width(drawable(text), size)


@lru_cache(maxsize=1024)
def drawable(text: str) -> str:
    """The text in letters that can be drawn and are no other's; all others as their codes."""
    text = same_form(text)
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text or " "
    alike = look_alikes(text)
    coded = alike | {i for i, letter in enumerate(text) if letter == "\\" or not _can_be_shown(letter)}
    known = "".join(_code(letter) if i in coded else letter for i, letter in enumerate(text))
    return "".join(run if _is_drawn(run, font) else "".join(map(_code, run)) for font, run in _runs(known))


def _can_be_shown(letter: str) -> bool:
    return letter.isprintable() or letter in noto_fonts.JOINERS


def _is_drawn(run: str, font: str) -> bool:
    return bool(font) and (font in (_PLAIN, _OPENCV) or noto_fonts.is_one_spelling(run, font))


@lru_cache(maxsize=1024)
def _runs(text: str) -> list[tuple[str, str]]:
    """The text in pieces of one font each, from left to right; the font is empty for what none has."""
    if text.isascii():
        return [(_PLAIN, text)]
    runs: list[tuple[str, str]] = []
    rightward = False  # each run of letters that are read from the right stands alone: what is beside it stays there
    for letter in text:
        font, before = _font_of(letter), runs[-1][0] if runs else ""
        if before not in ("", _PLAIN, _OPENCV) and noto_fonts.same_run(before, letter):
            font = before
        joins = runs and font == before and font != noto_fonts.ALONE and rightward == _reads_from_the_right(letter)
        rightward = _reads_from_the_right(letter)
        if joins:
            runs[-1] = (font, runs[-1][1] + letter)
        else:
            runs.append((font, letter))
    return runs


def _font_of(letter: str) -> str:
    if letter.isascii():
        return _PLAIN if _font() is None else _OPENCV
    return _OPENCV if _has(letter) else noto_fonts.font_of(letter)


def _reads_from_the_right(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in ("R", "AL", "AN")


@lru_cache(maxsize=1024)
def _fitted(text: str, size: float, room: float) -> tuple[str, float]:
    size = max(size * _SMALLEST, min(size, size * room / max(1.0, _width(text, size))))
    if _width(text, size) <= room:
        return text, size
    longest = bisect_right(range(1, len(text)), room, key=lambda length: _width(text[:length] + "..", size))
    return (text[:longest] + ".." if longest else text[:1]), size


def _width(text: str, size: float) -> float:
    return sum(_run_width(font, run, size) for font, run in _runs(text))


@lru_cache(maxsize=4096)
def _run_width(font: str, run: str, size: float) -> float:
    if font == _PLAIN:
        return float(cv2.getTextSize(run, _LINES, size, _thickness(size))[0][0])
    if font == _OPENCV:
        return float(cv2.getTextSize(_ANYWHERE, run, (0, 0), _font(), _height(size))[2])
    return noto_fonts.width(run, font, _height(size))


def _blend(
    picture: NDArray[np.uint8], mask: NDArray[np.uint8], origin: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    """Colour the picture where the mask covers it; what lies outside of the picture is left out."""
    height = mask.shape[0] // 3
    left, top = origin[0] - height, origin[1] - 2 * height
    mask = mask[max(0, -top) : picture.shape[0] - top, max(0, -left) : picture.shape[1] - left]
    if mask.size:
        below = picture[max(0, top) :, max(0, left) :][: mask.shape[0], : mask.shape[1]]
        share = mask[..., np.newaxis] / np.float32(255)
        below[:] = np.rint(below * (1 - share) + np.asarray(colour, np.float32) * share).astype(np.uint8)


def _thickness(size: float) -> int:
    return max(1, round(size))


def _height(size: float) -> int:
    return max(1, round(_PIXELS * size))


@cache
def _font() -> Any:
    """OpenCV's Unicode font; None where it was built without one."""
    if not hasattr(cv2, "FontFace"):
        return None
    font = cv2.FontFace("uni")
    return font if font.getName() == "uni" else None


@lru_cache(maxsize=4096)
def _has(letter: str) -> bool:
    """Whether OpenCV's font has a letter: what it lacks, it draws as a question mark or as nothing."""
    if _font() is None or unicodedata.category(letter).startswith("M"):
        return False
    drawn = _drawn(letter)
    return any(drawn) and drawn != _question_mark()


@lru_cache(maxsize=1)
def _question_mark() -> bytes:
    return _drawn("?")


def _drawn(letter: str) -> bytes:
    picture = np.zeros((40, 60, 3), np.uint8)
    cv2.putText(picture, letter, (8, 30), (255, 255, 255), _font(), 24)
    return picture.tobytes()


def _code(letter: str) -> str:
    if letter.isalnum() and letter.isascii():
        return f"\\x{ord(letter):02x}"
    return letter.encode("unicode_escape").decode("ascii")
