# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page about an evaluation on images: ROC curve, distribution of γ, confusion matrix."""

from collections.abc import Sequence

import numpy as np
from jinja2 import Environment, PackageLoader
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle
from cac_core.decision import UNKNOWN
from cac_core.metrics import OpenSetMetrics
from cac_core.reports import plots
from cac_core.reports.metric_rows import metric_rows


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
    one_theta = float(theta[0]) if len(set(theta.tolist())) == 1 else None
    figures = {
        "ROC": plots.roc_figure(scores, unknown, one_theta),
        "Rejection scores": plots.gamma_histogram(scores, unknown, one_theta),
        "Decisions": plots.confusion_figure(decisions, labels, bundle.class_names),
    }
    parts = {
        title: figure.to_html(
            full_html=False, include_plotlyjs=i == 0, config={"displaylogo": False, "responsive": True}
        )
        for i, (title, figure) in enumerate(figures.items())
    }
    template = Environment(loader=PackageLoader("cac_core.reports"), autoescape=True).get_template("evaluation.html.j2")
    return template.render(bundle=bundle, rows=metric_rows(metrics), figures=parts, problems=problems, theta=one_theta)
