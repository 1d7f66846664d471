# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Letters that look like other letters: Cyrillic ``о`` and Latin ``o``. Two names that differ in them are told apart.

A word keeps its letters as long as it is written in one alphabet. What someone mixes into it becomes a code.
The tables hold what OpenCV 5 and the Noto fonts draw alike.
"""

import re
import unicodedata
from itertools import groupby

_LIKE_LATIN = {
    "GREEK": dict(zip("ΑΒΕΗΙΚΜΝΟΡΤΧΥΖοΪ", "ABEHIKMNOPTXYZoÏ", strict=True)),
    "CYRILLIC": dict(
        zip("АВСЕНІӀӏЈМОРЅТХҮасԁеіјорѕхуӒӔЀЁЇӦӓӕѐёїӧћ", "ABCEHIIIJMOPSTXYacdeijopsxyÄÆÈËÏÖäæèëïöħ", strict=True)
    ),
}
_LIKE_CYRILLIC = set("ΑΒΕΗΙΜΟΡΤΧΥοΪΓΠΦΨψ")  # Greek
_LATIN_ALIKE = {like for table in _LIKE_LATIN.values() for like in table.values()}
_ALWAYS = set(
    "″′μĐỡờẅΫκ’ѲѳӨө۰۱۲۳۷۸۹٬یׁ―ｉｖｘ丨亁伇勩嘠應枑妩嫓寀憑斆曢肦栆樃焳雀鉝臔蒒蝒螿讑鉄銚냰ϴϽӀӏԚԛԜԝ"  # OpenCV's font
    "ⅰⅴⅹѰѱ௧௭ຳ໗ຐឣឤ឵🏻🏼🏽🏾🏿🟧🤶👬👭🤴🫅🕺🫃🫄"  # Noto
)


def look_alikes(text: str) -> set[int]:
    """Places of the letters that are not to be drawn, because another text would look the same.

    Args:
        text: in Unicode NFC.
    """
    kinds = [_alphabet(letter) for letter in text]
    found = {i for i, letter in enumerate(text) if letter in _ALWAYS}
    alien = [i for i, kind in enumerate(kinds) if kind in _LIKE_LATIN]
    if not alien:
        return found
    own_letters = any(text[i] not in _LIKE_LATIN[kinds[i]] for i in alien)
    # All of it could be written in plain letters, which are drawn in another way:
    plain = all(
        _LIKE_LATIN.get(kind, {}).get(letter, letter).isascii() for letter, kind in zip(text, kinds, strict=True)
    )
    for word in _words(kinds):
        used = {kinds[i] for i in word}
        if used == {"LATIN"}:
            found |= set(word) if all(text[i] in _LATIN_ALIKE for i in word) else set()
        elif len(used) > 1 or not (own_letters or plain):
            found |= {i for i in word if text[i] in _LIKE_LATIN.get(kinds[i], {}) or text[i] in _LIKE_CYRILLIC}
        elif used == {"GREEK"} and all(text[i] in _LIKE_CYRILLIC for i in word):
            found |= set(word)
    return found


def _alphabet(letter: str) -> str:
    if not letter.isalpha():
        return ""
    found = re.match("LATIN|GREEK|CYRILLIC", unicodedata.name(letter, ""))
    return found.group() if found else ""


def _words(kinds: list[str]) -> list[list[int]]:
    """Places of letters of these alphabets that stand beside each other."""
    return [list(run) for inside, run in groupby(range(len(kinds)), key=lambda i: bool(kinds[i])) if inside]
