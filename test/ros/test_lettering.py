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

from cac_core.support.names import same_form
from cac_ros.drawing import lettering, noto_fonts
from cac_ros.drawing.lettering import drawable, text_width, write

NAMES = [
    "cup", "牛奶", "豆奶", "우유", "두유", "молоко", "γάλα", "חלב", "حليب", "ミルク", "größe", "grosse", "นม", "दूध",
    "👩‍🚒", "👩‍🍳", "??", "🥛", "რძე", "կաթ", "\udce4\udcf6",
]  # fmt: skip


def drawn(text: str, room: float = 1e9) -> NDArray[np.uint8]:
    picture = np.zeros((60, 900, 3), np.uint8)
    write(picture, text, 5, 40, 0.7, (255, 255, 255), room)
    return picture


def forget() -> None:
    for each in (lettering.drawable, lettering._fitted, lettering._runs, lettering._run_width, lettering._has):
        each.cache_clear()


@pytest.fixture
def no_noto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment without ``requirements/letters.txt``."""
    forget()
    monkeypatch.setattr(noto_fonts, "_folder", lambda: None)
    yield
    forget()


@pytest.fixture
def opencv_4(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An OpenCV without a font of its own, and no other fonts."""
    forget()
    monkeypatch.setattr(lettering, "_font", lambda: None)
    monkeypatch.setattr(noto_fonts, "_folder", lambda: None)
    yield
    forget()


@pytest.mark.parametrize(("one", "other"), combinations(NAMES, 2))
def test_no_two_names_look_alike(one: str, other: str) -> None:
    assert (drawn(one) != drawn(other)).any()


@pytest.mark.skipif(not hasattr(cv2, "FontFace"), reason="OpenCV 5 brings the font")
@pytest.mark.parametrize("text", ["牛奶", "우유", "молоко", "חלב", "حليب", "ミルク", "größe", "ελιά", "a cup"])
def test_these_letters_are_drawn_as_they_are(text: str) -> None:
    assert drawable(text) == text
    assert drawn(text).any()


@pytest.mark.skipif(not noto_fonts._folder(), reason="the fonts of requirements/letters.txt draw these")
@pytest.mark.parametrize(
    "text", ["นม", "दूध", "পানি", "ਦੁੱਧ", "દૂધ", "கிண்ணம்", "పాలు", "ಹಾಲು", "പാൽ", "කිරි", "ນົມ", "နို့", "រძე", "կաթ", "🥛 milk"]
)  # fmt: skip
def test_these_letters_are_drawn_with_noto_fonts(text: str) -> None:
    assert drawable(text) == text
    assert drawn(text).any()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("молоко", "молоко"), ("соус томатный", "соус томатный"), ("сок Light", "сок Light"), ("οίνος", "οίνος"),
        ("мoлоко", "мoл\\u043eк\\u043e"), ("牛сор", "牛\\u0441\\u043e\\u0440"), ("соки cop", "соки \\x63\\x6f\\x70"),
        ("a\u3000é", "a\\u3000é"), ("é\\n", "é\\\\n"), ("☕\ufe0f", "☕\\ufe0f"), ("ﻻ", "\\ufefb"),
    ],
)  # fmt: skip
def test_what_looks_like_another_letter_becomes_its_code(text: str, shown: str) -> None:
    assert drawable(text) == shown


LIKE_ANOTHER = (
    "aoexcpyABCHKMOTXYZäёëοаоеурсхАВСНКМОТХУѲӨ牛伇仺٠۰אבلاกำํานม่ีकािु়्দ่ 1\\n'′’\"″👩🚒🏽\u200d\u200c\ufe0f\u0301\xa0"
)


@settings(max_examples=400, deadline=None)
@given(st.text(LIKE_ANOTHER, max_size=6), st.data())
def test_no_two_names_that_differ_a_little_look_alike(name: str, data: st.DataObject) -> None:
    i, j = sorted((data.draw(st.integers(0, len(name))), data.draw(st.integers(0, len(name)))))
    middle = data.draw(st.sampled_from((name[i:j][::-1], "", data.draw(st.text(LIKE_ANOTHER, max_size=2)))))
    other = name[:i] + middle + name[j:]
    if same_form(name) != same_form(other):
        assert (drawn(name) != drawn(other)).any()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=6), st.text(max_size=6))
def test_no_two_texts_look_alike(name: str, other: str) -> None:
    if same_form(name) != same_form(other):
        assert (drawn(name) != drawn(other)).any()


@pytest.mark.slow
def test_no_two_letters_look_alike() -> None:
    seen: dict[bytes, str] = {}
    picture = np.zeros((50, 60, 3), np.uint8)
    codes = (*range(0x21, 0x3400), *range(0xF900, 0x20000))  # all but Chinese and Korean ones, which take a while
    for letter in filter(str.isprintable, map(chr, codes)):
        if same_form(letter) == letter and drawable(letter) == letter:
            picture[:] = 0
            write(picture, letter, 16, 36, 1, (255, 255, 255))
            other = seen.setdefault(picture.tobytes(), letter)
            assert other == letter, f"{letter} looks like {other}"


@pytest.mark.usefixtures("no_noto")
@pytest.mark.parametrize(
    ("text", "shown"),
    [("นม", "\\u0e19\\u0e21"), ("🥛", "\\U0001f95b"), ("a\nb", "a\\nb"), ("\udce4", "\\udce4"), ("", " ")],
)
def test_a_letter_that_is_missing_becomes_its_code(text: str, shown: str) -> None:
    assert drawable(text) == shown


@pytest.mark.usefixtures("opencv_4")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Käse", "K\\xe4se"),
        ("牛奶", "\\u725b\\u5976"),
        ("豆奶", "\\u8c46\\u5976"),
        ("cup", "cup"),
        ("ñandú", "\\xf1and\\xfa"),
    ],
)
def test_without_fonts_letters_become_codes(text: str, shown: str) -> None:
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
