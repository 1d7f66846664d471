# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures that are where they must not be: known objects among other things, test photos that were trained on."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cac_core.data.duplicates import GRID, Looks, find_shared, looks
from cac_core.data.labelled import LabelledImages
from cac_core.inference_equations import UNKNOWN

SEEN = "seen.npz"
"""File in the folder of a run: what the photos that were trained on look like."""

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


def doubts_about_test(images: LabelledImages, trained_on: Looks | None) -> list[str]:
    """What is wrong with photos to test with, one sentence each.

    Args:
        images: known and unknown ones.
        trained_on: the looks of the photos that the model was trained on; None when nobody knows them.
    """
    unknown = torch.nonzero(images.labels == UNKNOWN).flatten()
    known = torch.nonzero(images.labels != UNKNOWN).flatten()
    notes = contradiction_note(known_among_unknown([images.subset(known)], [images.subset(unknown)]))
    if trained_on is None or trained_on.thumbnails.shape[1] != images.images.shape[-1]:
        return notes
    seen = torch.unique(find_shared(looks(images.images), trained_on)[:, 0])
    if len(seen):
        first = _short(images.paths[int(seen[0])])
        notes.append(
            f"{len(seen)} of {len(images)} test photos were likely trained on (first: {first}): "
            "every figure is too good; test with photos of another day"
        )
    return notes


def looks_as_bytes(sets: Sequence[Tensor]) -> bytes:
    """Looks of sets of images, uint8 ``(M, S, S, C)``, as the content of a file: 208 bytes for each colour image."""
    file, each = io.BytesIO(), [looks(images) for images in sets]
    hashes = np.packbits(torch.cat([part.hashes for part in each]).numpy() > 0, axis=1)
    thumbnails = torch.cat([part.thumbnails for part in each]).round().byte().numpy()
    np.savez_compressed(file, hashes=hashes, thumbnails=thumbnails)
    return file.getvalue()


def looks_in_file(path: Path) -> Looks | None:
    """What :func:`looks_as_bytes` made; None when there is no such file or something else is in it."""
    try:
        with np.load(path, allow_pickle=False) as file:
            signs = np.unpackbits(file["hashes"], axis=1)
            thumbnails = torch.from_numpy(file["thumbnails"]).float()
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if signs.shape[1] != 2 * GRID * GRID or thumbnails.shape[2:] != (GRID, GRID) or len(signs) != len(thumbnails):
        return None
    return Looks(torch.from_numpy(signs).float() * 2 - 1, thumbnails)


def _short(path: str) -> str:
    """Class and file name: the summary travels with the model and says nothing of the machine it comes from."""
    return "/".join(Path(path).parts[-2:])
