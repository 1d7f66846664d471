# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Damage to bytes as values that hypothesis draws, shrinks and prints: a find can be kept as a line of code."""

from collections.abc import Sequence

from hypothesis import strategies as st

Step = tuple[str, int, bytes]
"""What is done, where (modulo the length), and with which bytes."""

_PLACES = st.integers(0, 2**20) | st.integers(0, 200)
_NUMBERS = st.sampled_from(
    [
        bytes(4),
        b"\xff" * 4,
        b"\x7f\xff\xff\xff",
        b"\xff\xff\xff\x7f",
        b"\x80\0\0\0",
        b"\0\0\0\x80",
        b"\xff" * 8,
        bytes(8),
    ]
)
_BYTES = st.binary(max_size=16) | _NUMBERS
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(st.sampled_from(["write", "insert", "delete", "cut", "repeat", "zero", "flip"]), _PLACES, _BYTES),
    max_size=8,
)
"""Up to eight steps of damage."""


def damaged(data: bytes, steps: Sequence[Step]) -> bytes:
    """The bytes after all steps, at most four times as long as before."""
    content, longest = bytearray(data), 4 * len(data) + 1000
    for kind, place, value in steps:
        at = place % (len(content) + 1)
        length = 1 + len(value) ** 2
        if kind == "write":
            content[at : at + len(value)] = value
        elif kind == "insert":
            content[at:at] = value
        elif kind == "delete":
            del content[at : at + length]
        elif kind == "cut":
            del content[at:]
        elif kind == "repeat":
            content[at:at] = content[at : at + length] * (1 + len(value))
        elif kind == "zero":
            content[at : at + length] = bytes(len(content[at : at + length]))
        elif at < len(content):
            content[at] ^= 1 << len(value) % 8
        del content[longest:]
    return bytes(content)
