# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
r"""Text on a picture, in the letters that people name things with.

Plain text is drawn with OpenCV's lines. Other letters are drawn with the Unicode font that OpenCV 5 brings: Chinese,
Japanese, Korean, Cyrillic, Greek, Hebrew, Arabic. A letter that it lacks is written as its code (``\u0e19``), never as
a question mark: two names never look alike. OpenCV 4 brings no such font and all other letters become codes.
"""

import math
import unicodedata
from bisect import bisect_right
from functools import cache, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_core.support.names import one_line, same_form

_LINES = cv2.FONT_HERSHEY_DUPLEX
_PIXELS = 27  # height of a letter of size 1, so that both kinds of letters look equally large
_ANYWHERE = (1 << 15, 1 << 15)  # a picture that no text is too wide for
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
    origin = (round(x), round(y))
    if text.isascii():
        cv2.putText(picture, text, origin, _LINES, size, colour, _thickness(size), cv2.LINE_AA)
    else:
        cv2.putText(picture, text, origin, colour, _font(), _height(size))


def text_width(text: str, size: float) -> float:
    """Pixels that a line takes."""
    return _width(drawable(text), size)


@lru_cache(maxsize=1024)
def drawable(text: str) -> str:
    """The text in letters that can be drawn; all others as their codes."""
    text = same_form(one_line(text)) or " "
    if text.isascii():
        return text
    if _font() is None:  # ü becomes u, which is easier to read than a code
        text = "".join(_base(letter) for letter in text)
    return "".join(letter if letter.isascii() or _has(letter) else _code(letter) for letter in text)


@lru_cache(maxsize=1024)
def _fitted(text: str, size: float, room: float) -> tuple[str, float]:
    size = max(size * _SMALLEST, min(size, size * room / max(1.0, _width(text, size))))
    if _width(text, size) <= room:
        return text, size
    longest = bisect_right(range(1, len(text)), room, key=lambda length: _width(text[:length] + "..", size))
    return (text[:longest] + ".." if longest else text[:1]), size


@lru_cache(maxsize=4096)
def _width(text: str, size: float) -> float:
    if text.isascii():
        return float(cv2.getTextSize(text, _LINES, size, _thickness(size))[0][0])
    return float(cv2.getTextSize(_ANYWHERE, text, (0, 0), _font(), _height(size))[2])


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
    """Whether the font has a letter: what it lacks, it draws as a question mark."""
    return _font() is not None and _drawn(letter) != _question_mark()


@lru_cache(maxsize=1)
def _question_mark() -> bytes:
    return _drawn("?")


def _drawn(letter: str) -> bytes:
    picture = np.zeros((40, 60, 3), np.uint8)
    cv2.putText(picture, letter, (8, 30), (255, 255, 255), _font(), 24)
    return picture.tobytes()


def _base(letter: str) -> str:
    """A letter without its accents, if it then is a plain one."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
    return plain if plain.isascii() else letter


def _code(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
