# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The metrics of an evaluation as rows of a table for the terminal; a page says more (`metric_table` in its parts)."""

from cac_core.metrics import OpenSetMetrics
from cac_core.support.console import number


def metric_rows(metrics: OpenSetMetrics) -> list[tuple[str, str]]:
    """The metrics people read first: what was measured, and its value."""
    return [
        ("images, known / unknown", f"{metrics.known_images} / {metrics.unknown_images}"),
        ("AUROC", number(metrics.auroc)),
        ("accuracy on known", number(metrics.accuracy)),
        ("CCR at 5 % FPR", number(metrics.ccr_at_fpr_5)),
        ("CCR at 10 % FPR", number(metrics.ccr_at_fpr_10)),
        ("OSCR", number(metrics.oscr)),
        ("known kept at θ", number(metrics.known_kept)),
        ("unknown rejected at θ", number(metrics.unknown_rejected)),
    ]
