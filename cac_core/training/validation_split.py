# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photos to train on and photos to validate on, and what is doubtful about them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from cac_core.data import LabelledImages, duplicate_groups, find_duplicates, last_split, stratified_split
from cac_core.data.contradictions import contradiction_note
from cac_core.support import console
from cac_core.support.names import listed
from cac_core.training.config import TrainConfig

FEW_PHOTOS_OF_A_CLASS = 15
LOPSIDED = 0.9
"""Share of all photos from which one class is said to drown the others."""
MOST_NAMED = 50
"""Pairs of likely duplicates that are listed by name."""


class Divided(NamedTuple):
    """Images in two parts.

    Attributes:
        train: to train on; they keep the problems.
        validation: to validate on.
        duplicates: likely duplicates, as pairs of paths.
        summary: JSON-ready: what the bundle says about it.
    """

    train: LabelledImages
    validation: LabelledImages
    duplicates: tuple[tuple[str, str], ...]
    summary: dict[str, Any]


def divide(images: LabelledImages, config: TrainConfig) -> Divided:
    """Hold a share of each class out of training; likely duplicates stay on one side."""
    with console.activity("looking for duplicates"):
        pairs = find_duplicates(images.images)
    groups = duplicate_groups(pairs, len(images)) if len(pairs) else None
    share = config.data.validation_share
    if config.data.validation == "last":
        first, second = last_split(images.labels, images.paths, share, groups)
    else:
        first, second = stratified_split(images.labels, share, config.seed, groups)
    counts = images.counts()
    wrong = images.labels[pairs[:, 0]] != images.labels[pairs[:, 1]]
    # Those that contradict each other first: they are mistakes, the others only repetitions.
    order = torch.argsort((~wrong).to(torch.int8), stable=True)
    # Class and file name: the summary travels with the model and says nothing of the machine it comes from.
    names = ["/".join(Path(path).parts[-2:]) for path in images.paths]
    named = [[names[i], names[j]] for i, j in pairs[order[:MOST_NAMED]].tolist()]
    summary = {
        "duplicates": {"pairs": len(pairs), "across_classes": int(wrong.sum()), "named": named},
        "few_photos": [name for name, count in counts.items() if 0 < count < FEW_PHOTOS_OF_A_CLASS],
    }
    most = max(counts, key=lambda name: counts[name])
    if counts[most] >= LOPSIDED * max(1, sum(counts.values())):
        summary["lopsided"] = most
    duplicates = tuple((images.paths[i], images.paths[j]) for i, j in pairs.tolist())
    return Divided(replace(images.subset(first), problems=images.problems), images.subset(second), duplicates, summary)


def hygiene(summary: Mapping[str, Any]) -> list[str]:
    """What the summary of the data warns about, one sentence each."""
    notes = contradiction_note(summary)
    found = summary.get("duplicates", {"pairs": 0})
    if found["pairs"]:
        first, second = found["named"][0]
        pairs = "1 pair" if found["pairs"] == 1 else f"{found['pairs']} pairs"
        wrong = found["across_classes"]
        labels = f", {wrong} of them in different classes: correct these labels" if wrong else ""
        notes.append(
            f"{pairs} of photos likely show the same picture{labels} (first: {first} and {second}); the "
            "same picture is never both trained on and validated on"
        )
    if "lopsided" in summary:
        notes.append(
            f"{summary['lopsided']} has {LOPSIDED:.0%} of all photos or more: add photos of the other classes, or show "
            "all equally often with --data.balanced"
        )
    few = summary.get("few_photos", [])
    if few:
        notes.append(f"fewer than {FEW_PHOTOS_OF_A_CLASS} photos of {listed(few)}: add photos of these classes")
    return notes


def merged(summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The summaries of several :func:`divide` in one; pictures of one folder are not compared with another's."""
    found = [summary["duplicates"] for summary in summaries]
    duplicates = {key: sum(part[key] for part in found) for key in ("pairs", "across_classes")}
    named = [pair for part in found for pair in part["named"]]
    few = [name for summary in summaries for name in summary["few_photos"]]
    return {"duplicates": {**duplicates, "named": named[:MOST_NAMED]}, "few_photos": few}
