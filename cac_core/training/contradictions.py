# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Known objects among the photos of other things: every figure about unknown things is then wrong."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cac_core.data import LabelledImages, find_shared, looks

MOST_NAMED = 50
"""Pairs that are listed by name."""


def known_among_unknown(
    known: Sequence[LabelledImages], unknown: Sequence[LabelledImages | None]
) -> dict[str, dict[str, Any]]:
    """For the summary of the data; empty when no picture is in both, so that sound data gives the same summary as ever.

    Args:
        known: photos of the classes.
        unknown: photos of other things.
    """
    others = [images for images in unknown if images is not None and len(images)]
    if not others:
        return {}
    mine, theirs = [looks(images.images) for images in known], [looks(images.images) for images in others]
    pairs = [
        [_short(images.paths[i]), _short(other.paths[j])]
        for images, own in zip(known, mine, strict=True)
        for other, their in zip(others, theirs, strict=True)
        for i, j in find_shared(own, their).tolist()
    ]
    return {"known_among_unknown": {"pairs": len(pairs), "named": pairs[:MOST_NAMED]}} if pairs else {}


def contradiction_note(summary: Mapping[str, Any]) -> list[str]:
    """What a summary warns about, a sentence or none."""
    found = summary.get("known_among_unknown")
    if not found:
        return []
    known, other = found["named"][0]
    photos = "1 photo" if found["pairs"] == 1 else f"{found['pairs']} photos"
    return [
        f"{photos} of other things likely show a known object (first: {other} is {known}): move them away, or every "
        "figure about unknown things is wrong"
    ]


def _short(path: str) -> str:
    """Class and file name: the summary travels with the model and says nothing of the machine it comes from."""
    return "/".join(Path(path).parts[-2:])
