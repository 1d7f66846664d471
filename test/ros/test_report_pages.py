# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All pages have one look, draw in a real browser, load nothing, and take every text from outside for text."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from plotly.offline import get_plotlyjs

from cac_core.benchmark.charts import lines
from cac_core.benchmark.results import Result, TableRow, write
from cac_core.metrics import open_set_metrics
from cac_core.reports.evaluation_page import evaluation_page
from cac_core.training import ScheduleConfig, train
from cac_ros.bags.reader import Bag
from cac_ros.bags.writer import BagWriter
from cac_ros.replay.report.replay_page import replay_page
from test.core.bundles import tiny_bundle
from test.core.pages import Page, chromium, show
from test.core.photos import write_folder
from test.core.trainings import photo_config
from test.ros.recordings import TOPIC, picture, time_of
from test.ros.replay_evaluations import NASTY, evaluation, mixed_rows

KINDS = ("replay", "evaluation", "training", "experiment")
FOLDER = "<img src=x onerror=alert(1)>"  # "/" cannot stand in the name of a folder
STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


def replay(place: Path) -> str:
    with BagWriter(place / "bag") as writer:
        for index in range(8):
            writer.write_image(TOPIC, time_of(index), picture("green", index))
    with Bag(place / "bag") as bag:
        return replay_page(evaluation(mixed_rows()), bag, NASTY)


def images(place: Path) -> str:
    rng = np.random.default_rng(0)
    names = (NASTY, *(f"class {i} with a name of many words" for i in range(39)))
    labels = rng.integers(-1, len(names), 800)
    decisions = np.where(rng.random(800) < 0.8, labels, rng.integers(-1, len(names), 800))
    scores = rng.random(800) + (labels < 0)
    return evaluation_page(
        tiny_bundle(names, name=NASTY),
        open_set_metrics(scores, decisions, decisions < 0, labels),
        scores=scores,
        decisions=decisions,
        labels=labels,
        theta=np.linspace(0.5, 1.0, len(names), dtype=np.float32),
        problems=[f"{NASTY}.jpg cannot be read"],
    )


def training(place: Path) -> str:
    photos = write_folder(place / "photos", names=("red", "green", FOLDER), count=12)
    (photos / "green" / f"{FOLDER}.png").write_bytes((photos / "red" / "00.png").read_bytes())
    (photos / "red" / "<b>cut.png").write_bytes(b"x")
    config = photo_config(photos, place / "m.cac", schedule=ScheduleConfig("one_cycle", epochs=1))
    train(config)
    return (config.run_folder / "report.html").read_text(encoding="utf-8")


def experiment(place: Path) -> str:
    row = TableRow("digits", "neal2018", "CAC", (), "auroc")
    result = Result(NASTY, (row,), lines({"CAC": ([1.0], [0.5], [0.1])}, "x", "y"), (NASTY,))
    write(result, {}, {}, place, "figure4")
    return (place / "figure4.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    makers: tuple[Callable[[Path], str], ...] = (replay, images, training, experiment)
    return {kind: make(tmp_path_factory.mktemp(kind)) for kind, make in zip(KINDS, makers, strict=True)}


def test_all_pages_have_the_same_style_sheet(pages: dict[str, str]) -> None:
    sheets = {kind: STYLE.findall(page) for kind, page in pages.items()}
    assert all(len(found) == 1 for found in sheets.values())
    assert len({found[0] for found in sheets.values()}) == 1
    assert not any("<style" in STYLE.sub("", page) for page in pages.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_holds_plotly_once_and_loads_nothing(pages: dict[str, str], kind: str) -> None:
    assert pages[kind].count(get_plotlyjs()) == 1
    own = pages[kind].replace(get_plotlyjs(), "")
    assert not re.search(r"https?://|url\(|@import|fetch\(", own)
    page = Page(pages[kind])
    assert all(address.startswith("data:image/jpeg;base64,") for address in page.addresses)
    assert not {"link", "iframe", "object", "embed", "base"} & set(page.tags)
    assert page.tags.count("script") == len(page.figures) + 2  # plotly and what draws


@pytest.mark.parametrize("kind", KINDS)
def test_names_from_outside_are_text(pages: dict[str, str], kind: str) -> None:
    own, name = pages[kind].replace(get_plotlyjs(), ""), FOLDER if kind == "training" else NASTY
    assert name in Page(pages[kind]).text
    assert not re.search(r"<script>alert|<img src=x|<b>cut", own)
    assert not re.search(r"u003c(script|img|b)\b", own), "plotly would read markup there"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "experiment"])
def test_every_share_on_a_page_has_its_interval(pages: dict[str, str], kind: str) -> None:
    body, interval = STYLE.sub("", pages[kind].replace(get_plotlyjs(), "")), '<small title="95 % interval">'
    after = re.findall(r"\d+\.\d %</(?:b|span)>(.*)", body)
    assert len(after) >= 3
    assert all(text.startswith(interval) for text in after)
    rows = re.findall(r"<td>\d\.\d{3}</td><td>(.*?)</td></tr>", body)  # all figures: the value, then its interval
    assert len(rows) == (0 if kind == "training" else 11)
    assert rows.count("") == (0 if kind == "training" else 1), "AUPR is no share"
    choices = re.findall(r"<tr(?: class=\"chosen\")?><td>(?:known kept|false accept).*?</tr>", body, re.DOTALL)
    assert bool(choices) == (kind == "training")
    assert all(row.count(interval) == 3 for row in choices)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_draws_every_plot_without_an_error(
    pages: dict[str, str], kind: str, width: int, tmp_path: Path
) -> None:
    browser = chromium()
    if browser is None:
        pytest.skip("there is no Chromium on this machine")
    shown = show(browser, pages[kind], tmp_path, width)
    assert shown.console == []
    plots = Page(pages[kind]).figures
    assert plots
    for name in plots:
        assert re.search(rf'<div class="[^"]*js-plotly-plot[^"]*" id="{name}"', shown.html), f"{name} is not drawn"
    assert shown.too_wide <= 0


def test_the_browser_of_these_tests_reports_errors(tmp_path: Path) -> None:
    browser = chromium()
    if browser is None:
        pytest.skip("there is no Chromium on this machine")
    broken = '<body><div style="width: 2000px">x</div><script>throw new Error("broken")</script></body>'
    shown = show(browser, broken, tmp_path, 390)
    assert "broken" in shown.console[0]
    assert shown.too_wide > 1000
