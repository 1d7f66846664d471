# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The metrics of an evaluation as rows of a table for the terminal; a page says more (`metric_table` in its parts)."""

from cac_core.metrics import OpenSetMetrics, share_interval
from cac_core.support.console import number


def share_text(share: float | None, images: int) -> str:
    """A share with its 95 % interval, such as ``0.950 (0.904 to 0.975)``; a dash when there is none."""
    if share is None or not images:
        return number(share)
    low, high = share_interval(share, images)
    return f"{number(share)} ({number(low)} to {number(high)})"


def metric_rows(metrics: OpenSetMetrics) -> list[tuple[str, str]]:
    """The metrics people read first: what was measured, and its value; shares with their 95 % intervals."""
    known, unknown = metrics.known_images, metrics.unknown_images
    return [
        ("images, known / unknown", f"{known} / {unknown}"),
        ("AUROC", number(metrics.auroc)),
        ("accuracy on known", share_text(metrics.accuracy, known)),
        ("CCR at 5 % FPR", number(metrics.ccr_at_fpr_5)),
        ("CCR at 10 % FPR", number(metrics.ccr_at_fpr_10)),
        ("OSCR", number(metrics.oscr)),
        ("known kept at θ", share_text(metrics.known_kept, known)),
        ("unknown rejected at θ", share_text(metrics.unknown_rejected, unknown)),
    ]
