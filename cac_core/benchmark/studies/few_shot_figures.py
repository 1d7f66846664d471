# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the records of the few-shot study to its tables."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from cac_core.benchmark.measures import mean_and_std
from cac_core.benchmark.studies.paired import Pair, compare
from cac_core.inference_equations import UNKNOWN
from cac_core.metrics import accuracy, auroc
from cac_core.support import console

FIRST = "gamma"
"""All scores are compared with this one."""

Records = dict[tuple[int, str], list[dict[str, Any]]]
"""Of the networks, by photos per class and recipe."""


def figures(records: Records) -> list[dict[str, Any]]:
    """Accuracy and AUROC of each score: mean, and deviation over splits and seeds."""
    found = []
    for (per_class, recipe), networks in records.items():
        right = mean_and_std([accuracy(np.array(n["nearest"]), np.array(n["labels"])) for n in networks])
        for score in networks[0]["scores"]:
            area = mean_and_std([auroc(n["scores"][score], np.array(n["labels"]) == UNKNOWN) for n in networks])
            row = {"per_class": per_class, "recipe": recipe, "score": score, "networks": len(networks)}
            found.append(row | {"accuracy": _spread(right), "auroc": _spread(area)})
    return found


def comparisons(records: Records) -> list[dict[str, Any]]:
    """Each score with γ of the same networks, and each recipe with the first one, by the same score."""
    found = []
    first = next(iter(records))[1]
    for (per_class, recipe), networks in records.items():
        for score in networks[0]["scores"]:
            with_others = [] if score == FIRST else [(networks, recipe, FIRST)]
            if recipe != first:
                with_others.append((records[per_class, first], first, score))
            for others, other_recipe, other_score in with_others:
                compared = compare(_pairs(networks, score, others, other_score))
                names = {"ours": f"{recipe}: {score}", "other": f"{other_recipe}: {other_score}"}
                found.append({"per_class": per_class, **names, **asdict(compared)})
    return found


def show(document: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Print both tables."""
    rows = [
        (str(row["per_class"]), row["recipe"], row["score"], _shown(row["accuracy"]), _shown(row["auroc"]))
        for row in document["networks"]
    ]
    columns = ("photos per class", "recipe", "score", "accuracy", "AUROC")
    console.out.print(console.table("mean ± standard deviation over splits and seeds", columns, rows))
    pairs = [
        (
            str(row["per_class"]), row["ours"], row["other"], console.number(row["mean"]),
            f"{console.number(row['low'])} to {console.number(row['high'])}",
            str(row["splits"]), "–" if row["more"] is None else str(row["more"]),
        )
        for row in document["comparisons"]
    ]  # fmt: skip
    heads = ("photos per class", "AUROC of", "than", "higher by", "95 % interval", "splits", "more to see 0.01")
    if pairs:
        console.out.print(console.table("in pairs, on the same splits and photos", heads, pairs))


def _pairs(
    ours: Sequence[Mapping[str, Any]], score: str, others: Sequence[Mapping[str, Any]], other_score: str
) -> list[Pair]:
    """Networks of one split and seed beside each other; both lists are in the same order."""
    return [
        Pair(
            a["identity"]["split"],
            np.array(a["scores"][score]),
            np.array(b["scores"][other_score]),
            np.array(a["labels"]) == UNKNOWN,
        )
        for a, b in zip(ours, others, strict=True)
    ]


def _spread(found: tuple[float, float]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in found]  # one network has no deviation


def _shown(spread: Sequence[float | None]) -> str:
    return f"{console.number(spread[0])} ± {console.number(spread[1])}"
