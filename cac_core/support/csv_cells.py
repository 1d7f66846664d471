# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Text of unknown origin in CSV files."""

from collections.abc import Iterable

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(cells: Iterable[object]) -> list[str]:
    """A row whose text a spreadsheet cannot take for a formula: such text gets an apostrophe before it.

    A label of a bag that begins with = would otherwise be computed when somebody opens the file. Numbers stay as they
    are, also negative ones.
    """
    return [_harmless(str(cell)) for cell in cells]


def _harmless(text: str) -> str:
    if not text.startswith(_STARTS):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
