# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How to teach what lies in the folders of photos: add classes to the model, or train it anew; and why."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cac_core.bundle import ModelBundle
from cac_core.data.decode import SUFFIXES
from cac_core.support.names import listed, same_form
from cac_ros.teach.places import folders_in

EXTEND, TRAIN = "extend", "train"

LEAST = 2
"""Photos of a class without which nothing can be taught: one to learn from and one to check with."""

FEW = 5
"""With fewer photos of an old class, fitting only the new logits is checked and rehearsed too little."""


@dataclass(frozen=True)
class Plan:
    """What the page proposes.

    Attributes:
        kind: extend or train.
        why: a sentence.
        new: classes that the model does not know.
        problem: why nothing can be taught now, as a sentence; empty if it can.
    """

    kind: str
    why: str
    new: tuple[str, ...] = ()
    problem: str = ""


def photo_counts(photos: Path) -> dict[str, int]:
    """Number of picture files of each class folder, by the one form of its name."""
    counts: dict[str, int] = {}
    for folder in folders_in(photos):
        name = same_form(folder.name)
        counts[name] = counts.get(name, 0) + count_pictures(folder)
    return counts


def count_pictures(folder: Path) -> int:
    """Number of picture files below a folder; 0 if there is none."""
    return sum(
        not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
        for _, _, names in os.walk(folder)
        for name in names
    )


def make_plan(bundle: ModelBundle, counts: Mapping[str, int]) -> Plan:
    """Propose how to teach.

    Args:
        bundle: the model to start from.
        counts: photos of each class.
    """
    known = [same_form(name) for name in bundle.class_names]
    new = tuple(name for name, count in counts.items() if name not in known and count)
    kind, why = _kind(bundle, known, new, counts)
    return Plan(kind, why, new, _problem(known, new, counts))


def _kind(bundle: ModelBundle, known: list[str], new: tuple[str, ...], counts: Mapping[str, int]) -> tuple[str, str]:
    few = [name for name in known if counts.get(name, 0) < FEW]
    if not new:
        return TRAIN, "No class is new. Only a full training learns from more photos of the classes that are known."
    if bundle.centres.shape[0] != bundle.centres.shape[1]:
        return TRAIN, "This model has other logits than classes and cannot grow."
    if 2 * len(new) > max(2, len(known)):
        return (
            TRAIN,
            f"{len(new)} new classes are many for a model of {len(known)}: the network must learn to tell them.",
        )
    if few:
        return TRAIN, f"There are fewer than {FEW} photos of {listed(few)}: too few to check that it is not forgotten."
    return EXTEND, f"{listed(new)} can be added. The rest of the network stays as it is, so little is forgotten."


def _problem(known: list[str], new: tuple[str, ...], counts: Mapping[str, int]) -> str:
    missing = [name for name in known if not counts.get(name)]
    if missing:
        return (
            f"The folder of photos has none of {listed(missing)}, which the model knows and would forget. Put the "
            "photos there that it was trained on."
        )
    few = [name for name in (*known, *new) if counts.get(name, 0) < LEAST]
    if few:
        return (
            f"There are fewer than {LEAST} photos of {listed(few)}: one is needed to learn from and one to check with."
        )
    return ""
