# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Letters that OpenCV's font lacks, drawn with the Noto fonts of ``requirements/letters.txt`` if those are there."""

import importlib.util
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, features

from cac_core.support.names import same_form

_BLOCKS = (
    (0x00C0, 0x024F, "NotoSans"), (0x0370, 0x052F, "NotoSans"), (0x0531, 0x058F, "NotoSansArmenian"),
    (0x05D0, 0x05EA, "NotoSansHebrew"), (0x0900, 0x097F, "NotoSansDevanagari"), (0x0980, 0x09FF, "NotoSansBengali"),
    (0x0A00, 0x0A7F, "NotoSansGurmukhi"), (0x0A80, 0x0AFF, "NotoSansGujarati"), (0x0B00, 0x0B7F, "NotoSansOriya"),
    (0x0B80, 0x0BFF, "NotoSansTamil"), (0x0C00, 0x0C7F, "NotoSansTelugu"), (0x0C80, 0x0CFF, "NotoSansKannada"),
    (0x0D00, 0x0D7F, "NotoSansMalayalam"), (0x0D80, 0x0DFF, "NotoSansSinhala"), (0x0E00, 0x0E7F, "NotoSansThai"),
    (0x0E80, 0x0EFF, "NotoSansLao"), (0x1000, 0x109F, "NotoSansMyanmar"), (0x10A0, 0x10FF, "NotoSansGeorgian"),
    (0x1200, 0x137F, "NotoSansEthiopic"), (0x1780, 0x17FF, "NotoSansKhmer"), (0x1EA0, 0x1EFF, "NotoSans"),
    (0x2190, 0x2BFF, "NotoEmoji"), (0x1F000, 0x1FAFF, "NotoEmoji"),
)  # fmt: skip
ALONE = "NotoEmoji"  # each of its pictures is drawn alone: joined ones (a woman and a fire engine) would look alike
JOINERS = "\u200c\u200d"
_NOBODYS = "\U0010fffd"  # a letter that no font has


def font_of(letter: str) -> str:
    """The font that draws a letter; empty if none is installed that does."""
    code = ord(letter)
    name = next((font for first, last, font in _BLOCKS if first <= code <= last), "")
    return name if name and _folder() is not None and _has(letter, name) else ""


def same_run(font: str, letter: str) -> bool:
    """Whether a letter is drawn together with those before it in this font: letters join, marks find their place."""
    return font != ALONE and (letter in JOINERS or font_of(letter) == font)


def is_one_spelling(run: str, font: str) -> bool:
    """Whether a run does not look the same without one of its characters, or with two of them the other way round."""
    shown = mask(run, font, 24).tobytes()
    shorter = (run[:i] + run[i + 1 :] for i in range(len(run)))
    swapped = (run[:i] + b + a + run[i + 2 :] for i, (a, b) in enumerate(pairwise(run)))
    others = {same_form(other) for other in (*shorter, *swapped)} - {run, ""}
    return all(mask(other, font, 24).tobytes() != shown for other in others)


@lru_cache(maxsize=256)
def mask(run: str, font: str, pixels: int) -> NDArray[np.uint8]:
    """The run as ``(H, W)`` coverage 0 to 255; it begins at ``(pixels, 2 * pixels)``, marks may lie left of it."""
    face = _face(font, pixels)
    picture = Image.new("L", (max(1, round(face.getlength(run))) + 2 * pixels, 3 * pixels))
    ImageDraw.Draw(picture).text((pixels, 2 * pixels), run, fill=255, font=face, anchor="ls")
    return np.asarray(picture)


def width(run: str, font: str, pixels: int) -> float:
    """Pixels that a run takes."""
    return float(_face(font, pixels).getlength(run))


@cache
def _folder() -> Path | None:
    """Where the fonts lie. Without Raqm, letters that join would stand apart: then there are none."""
    found = importlib.util.find_spec("manimgx_fonts")
    return Path(found.origin).parent if found and found.origin and features.check("raqm") else None


@lru_cache(maxsize=64)
def _face(font: str, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(f"{_folder()}/{font}[wght].ttf", pixels)


@lru_cache(maxsize=4096)
def _has(letter: str, font: str) -> bool:
    drawn = mask(letter, font, 24)
    return bool(drawn.any()) and not np.array_equal(drawn, mask(_NOBODYS, font, 24))
