# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a variant of a model costs, as tables for the terminal."""

from rich.table import Table

from cac_core.bundle.variants import FLOAT32, Variant
from cac_core.intervals import area_interval
from cac_core.reports.metric_rows import share_text, with_interval
from cac_core.support import console

MOST_CLASSES = 20
"""Rows of the table of classes: those that agree least with float32."""


def variant_tables(variant: Variant) -> list[Table]:
    """Two tables: the variant beside float32 on the same validation photos, and the classes that changed most."""
    figures, own, exact = variant.figures, variant.figures["variant"], variant.figures[FLOAT32]
    known, unknown = figures["known_images"], figures["unknown_images"]
    counts = {"accuracy": known, "known_kept": known, "unknown_rejected": unknown}
    words = {
        "accuracy": "accuracy on known",
        "auroc": "AUROC known against unknown",
        "known_kept": "known kept at θ",
        "unknown_rejected": "unknown rejected at θ",
    }

    def cell(name: str, value: float) -> str:
        if name == "auroc":
            return with_interval(value, area_interval(value, known, unknown))
        return share_text(value, counts[name])

    rows = [
        (what, cell(name, exact[name]), cell(name, own[name])) for name, what in words.items() if own[name] is not None
    ]
    rows.append(("same decision as float32", "", share_text(figures["agreement"], known + unknown)))
    title = f"Variant {variant.precision} on {known} known and {unknown} unknown validation photos"
    columns = ("figure (95 % interval)", FLOAT32, variant.precision)
    return [console.table(title, columns, rows), _classes(variant)]


def _classes(variant: Variant) -> Table:
    entries = sorted(variant.figures["classes"].items(), key=lambda item: item[1]["agreement"])
    rows = [
        (name, str(c["images"]), *(share_text(c[key], c["images"]) for key in ("accuracy", "known_kept", "agreement")))
        for name, c in entries[:MOST_CLASSES]
    ]
    more = "" if len(entries) <= MOST_CLASSES else f": the {MOST_CLASSES} of {len(entries)} that agree least"
    columns = ("class (95 % intervals)", "photos", "accuracy", "known kept", "same decision as float32")
    return console.table(f"Classes with {variant.precision}{more}", columns, rows)
