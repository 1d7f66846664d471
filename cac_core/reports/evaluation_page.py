# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page about an evaluation on images: ROC curve, distribution of γ, confusion matrix."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle
from cac_core.inference_equations import UNKNOWN
from cac_core.metrics import OpenSetMetrics
from cac_core.reports.page import plot, render_page, theta_lines
from cac_core.reports.plots.confusion_matrix import confusion_matrix_figure, least_width
from cac_core.reports.plots.roc_curve import roc_curve_figure
from cac_core.reports.plots.score_histogram import score_histogram_figure


def evaluation_page(
    bundle: ModelBundle,
    metrics: OpenSetMetrics,
    *,
    scores: NDArray[np.float64],
    decisions: NDArray[np.int64],
    labels: NDArray[np.int64],
    theta: NDArray[np.float32],
    problems: Sequence[str] = (),
) -> str:
    """The page as a complete HTML document.

    Args:
        bundle: the model.
        metrics: of these scores and decisions.
        scores: smallest rejection scores ``(M,)``, +inf where none could be computed.
        decisions: class or -1 ``(M,)``.
        labels: true class or -1 ``(M,)``.
        theta: thresholds of the classes ``(N,)``.
        problems: images that were skipped or fixed, a sentence each.
    """
    unknown = labels == UNKNOWN
    limits = sorted(set(theta.tolist()))
    one_theta = float(limits[0]) if len(limits) == 1 else None
    plots = []
    if unknown.any() and not unknown.all():
        plots.append(plot("roc", "ROC curve of known against unknown.", roc_curve_figure(scores, unknown, one_theta)))
    if np.isfinite(scores).any():
        histogram = score_histogram_figure(scores, unknown, one_theta)
        plots.append(plot("histogram", "Distribution of rejection scores of known and unknown.", histogram))
    if len(labels):
        matrix = confusion_matrix_figure(decisions, labels, bundle.class_names)
        plots.append(
            plot("confusion", "Confusion matrix with a column for unknown.", matrix, least_width(bundle.class_names))
        )
    return render_page(
        "evaluation.html.j2",
        plots,
        bundle=bundle,
        metrics=metrics,
        unknown_accepted=int((decisions[unknown] != UNKNOWN).sum()),
        theta=theta_lines(bundle.class_names, theta.tolist()),
        problems=problems,
    )
