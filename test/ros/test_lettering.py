# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names on the debug image are drawn in their letters, and two names never look alike."""

from collections.abc import Iterator
from itertools import combinations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cac_ros.node.observers import lettering
from cac_ros.node.observers.lettering import drawable, text_width, write

NAMES = [
    "cup", "牛奶", "豆奶", "우유", "두유", "молоко", "γάλα", "חלב", "حليب", "ミルク", "größe", "grosse", "นม", "दूध",
    "👩‍🚒", "👩‍🍳", "??", "🥛", "რძე", "կաթ", "\udce4\udcf6",
]  # fmt: skip


def drawn(text: str, room: float = 1e9) -> NDArray[np.uint8]:
    picture = np.zeros((60, 900, 3), np.uint8)
    write(picture, text, 5, 40, 0.7, (255, 255, 255), room)
    return picture


@pytest.fixture
def opencv_4(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An OpenCV without a font of its own."""
    caches = (lettering.drawable, lettering._fitted, lettering._width, lettering._has)
    for each in caches:
        each.cache_clear()
    monkeypatch.setattr(lettering, "_font", lambda: None)
    yield
    for each in caches:
        each.cache_clear()


@pytest.mark.parametrize(("one", "other"), combinations(NAMES, 2))
def test_no_two_names_look_alike(one: str, other: str) -> None:
    assert (drawn(one) != drawn(other)).any()


@pytest.mark.skipif(not hasattr(cv2, "FontFace"), reason="OpenCV 5 brings the font")
@pytest.mark.parametrize("text", ["牛奶", "우유", "молоко", "חלב", "حليب", "ミルク", "größe", "ελιά", "a cup"])
def test_these_letters_are_drawn_as_they_are(text: str) -> None:
    assert drawable(text) == text
    assert drawn(text).any()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("นม", "\\u0e19\\u0e21"), ("🥛", "\\U0001f95b"), ("a\nb", "a\\nb"), ("\udce4", "\\udce4"), ("", " ")],
)
def test_a_letter_that_is_missing_becomes_its_code(text: str, shown: str) -> None:
    assert drawable(text) == shown


@pytest.mark.usefixtures("opencv_4")
@pytest.mark.parametrize(
    ("text", "shown"),
    [("Käse", "Kase"), ("牛奶", "\\u725b\\u5976"), ("豆奶", "\\u8c46\\u5976"), ("cup", "cup"), ("ñandú", "nandu")],
)
def test_without_the_font_letters_become_plain_or_codes(text: str, shown: str) -> None:
    assert drawable(text) == shown
    assert drawn(text).any()


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80), st.integers(10, 890))
def test_any_text_fits_into_its_room(text: str, room: int) -> None:
    picture = drawn(text, room)
    columns = np.flatnonzero(picture.any(axis=(0, 2)))
    assert columns.size == 0 or columns.max() <= 5 + max(room, 25) + 3
    assert text_width(text, 0.7) >= 0


def test_a_long_name_is_fitted_once() -> None:
    lettering._fitted.cache_clear()
    for _ in range(5):
        drawn("奶" * 85, room=200)
    assert lettering._fitted.cache_info().misses == 1
