# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Plots of many classes: every column says what it is, and no class looks like another."""

from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from cac_core.benchmark.charts import lines, sensitivity
from cac_core.reports.plots.confusion_matrix import confusion_matrix_figure, least_width
from cac_core.reports.plots.logit_plane import Plane, logit_plane_figure
from cac_core.reports.plots.style import class_colour
from cac_core.training.config import DataConfig
from cac_core.training.run import train
from cac_core.training.training_page import FILE
from test.core.pages import Page, chromium, show
from test.core.photos import write_folder, write_photo
from test.core.trainings import photo_config


def matrix(classes: int) -> go.Figure:
    labels = np.arange(-1, classes)
    return confusion_matrix_figure(
        np.where(labels % 3, labels, -1), labels, [f"a long class name {i}" for i in labels[1:]]
    )


@pytest.mark.parametrize("classes", [2, 12, 25, 26, 80, 300])
def test_the_column_unknown_has_its_label_at_the_top_and_below(classes: int) -> None:
    figure = matrix(classes)
    assert figure.layout.xaxis.ticktext[-1] == "unknown"
    assert figure.layout.xaxis.tickvals[-1] == classes
    (label,) = figure.layout.annotations
    assert (label.text, label.yref, label.y, label.xanchor) == ("unknown", "paper", 1, "right")
    assert label.x == classes + 0.5


@pytest.mark.slow
@pytest.mark.skipif(chromium() is None, reason="no Chromium")
@pytest.mark.parametrize("classes", [12, 26, 150])
def test_a_browser_shows_both_labels(tmp_path: Path, classes: int) -> None:
    figure = matrix(classes)
    figure.update_layout(width=least_width([""] * classes))
    page = figure.to_html(include_plotlyjs=True)
    html = show(chromium() or "", page, tmp_path, 800).html
    ticks = html.split('class="xtick"')
    assert len(ticks) == classes + 2
    assert ">unknown<" in ticks[-1]
    assert ">unknown<" in html.split('class="annotation"')[1]


def test_no_two_of_a_thousand_classes_have_one_colour() -> None:
    assert len({class_colour(i) for i in range(1000)}) == 1000


@pytest.mark.parametrize("series", [1, 6, 10, 11, 26, 80])
def test_no_two_series_of_an_experiment_look_alike(series: int) -> None:
    x = [0.0, 1.0]
    figures = (
        lines({f"recipe {i}": (x, [0.5, 0.5 + i / 200], [0.01, 0.01]) for i in range(series)}, "epoch", "AUROC"),
        sensitivity({"weight": {f"recipe {i}": (x, [0.5, 0.6]) for i in range(series)}}, "AUROC"),
    )
    for figure in figures:
        looks = {(trace.line.color, trace.line.dash, trace.marker.symbol) for trace in figure.data}
        assert len(looks) == len(figure.data) == series
        assert len({(look[1], look[2]) for look in looks}) == (series + 9) // 10 if series <= 60 else True


def test_the_centre_of_a_class_looks_like_its_points() -> None:
    n = 40
    plane = Plane(np.zeros(n, np.float32), np.eye(n, 2, dtype=np.float32), (0.5, 0.5))
    logits, labels = np.eye(n, dtype=np.float32), np.arange(n)
    figure = logit_plane_figure(plane, logits, labels, logits, [str(i) for i in labels], ["a"] * n)
    looks = [(trace.marker.color, trace.marker.symbol) for trace in figure.data]
    assert len(set(looks)) == 2 * n
    for points, ring in zip(looks[::2], looks[1::2], strict=True):
        assert ring == (points[0], f"{points[1]}-open")


@pytest.mark.slow
def test_unknown_photos_are_in_the_matrix_of_the_training_page(tmp_path: Path) -> None:
    write_folder(tmp_path / "photos", count=8)
    for i in range(5):
        write_photo(tmp_path / "other" / f"{i}.png", (10, 10, 10), seed=i)
    data = DataConfig(root=tmp_path / "photos", unknown=tmp_path / "other", validation_share=0.25)
    train(photo_config(tmp_path / "photos", tmp_path / "m.cac", data=data))
    figure = Page((tmp_path / "m.cac.run" / FILE).read_text(encoding="utf-8")).figures["plot-decisions"]
    assert figure["layout"]["yaxis"]["ticktext"] == ["blue", "green", "red", "unknown"]
