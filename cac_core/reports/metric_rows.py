# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The metrics of an evaluation as rows of a table for the terminal; a page says more (`metric_table` in its parts)."""

import math

from cac_core.intervals import Interval, share_interval
from cac_core.metrics import OpenSetMetrics
from cac_core.support.console import number


def share_text(share: float | None, images: int) -> str:
    """A share with its 95 % interval, such as ``0.950 (0.904 to 0.975)``; a dash when there is none."""
    return with_interval(share, (math.nan, math.nan) if share is None else share_interval(share, images))


def with_interval(share: float | None, interval: Interval) -> str:
    """The same with an interval that is known already."""
    if math.isnan(interval[0]):
        return number(share)
    return f"{number(share)} ({number(interval[0])} to {number(interval[1])})"


def metric_rows(metrics: OpenSetMetrics) -> list[tuple[str, str]]:
    """The metrics people read first: what was measured, and its value; shares with their 95 % intervals."""
    words = {
        "auroc": "AUROC",
        "accuracy": "accuracy on known",
        "ccr_at_fpr_5": "CCR at 5 % FPR",
        "ccr_at_fpr_10": "CCR at 10 % FPR",
        "oscr": "OSCR",
        "known_kept": "known kept at θ",
        "unknown_rejected": "unknown rejected at θ",
    }
    images = ("images, known / unknown", f"{metrics.known_images} / {metrics.unknown_images}")
    return [images, *((what, metric_text(metrics, name)) for name, what in words.items())]


def metric_text(metrics: OpenSetMetrics, name: str) -> str:
    """One of the metrics with its interval."""
    return with_interval(getattr(metrics, name), metrics.interval(name))
