# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The report is one file that needs nothing else, shows text as text, and puts the dangerous errors first."""

import base64
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cac_core.metrics import OpenSetMetrics, open_set_metrics
from cac_ros.bags.reader import Bag
from cac_ros.bags.writer import BagWriter
from cac_ros.replay import results
from cac_ros.replay.live_figures import LiveFigures
from cac_ros.replay.report.replay_page import replay_page
from cac_ros.replay.report.worst_errors import worst_errors
from cac_ros.replay.results import NO_ANSWER, metrics_of, no_answer
from cac_ros.replay.summary import summary
from test.core.pages import Page
from test.ros.recordings import TOPIC, picture, time_of
from test.ros.replay_evaluations import NASTY, evaluation, mixed_rows, row


@pytest.fixture
def bag(tmp_path: Path) -> Iterator[Bag]:
    with BagWriter(tmp_path / "bag") as writer:
        for index in range(12):
            writer.write_image(TOPIC, time_of(index), picture("green", index, 480, 640))
    with Bag(tmp_path / "bag") as opened:
        yield opened


def test_the_page_loads_nothing_from_anywhere(bag: Bag) -> None:
    page = Page(replay_page(evaluation(mixed_rows()), bag))
    assert page.addresses
    assert all(address.startswith("data:image/jpeg;base64,") for address in page.addresses)
    assert not {"link", "iframe", "object", "embed", "base"} & set(page.tags)
    assert page.tags.count("script") == 4 + 2  # four figures, plotly, ours
    # In the style sheet and our own scripts there is no address either.
    text = replay_page(evaluation(mixed_rows()), bag)
    own = text[: text.index("<script>/**")] + text[text.rindex("<script>") :]
    assert not re.search(r"https?://|url\(|@import|fetch\(", own)


def test_text_from_outside_is_shown_as_text(bag: Bag) -> None:
    text = replay_page(evaluation(mixed_rows()), bag, title=NASTY)
    page = Page(text)
    assert "alert(" not in "".join(re.findall(r"<script>(.*?)</script>", text[text.rindex("<script>") :], re.S))
    assert "<script>alert" not in text
    assert page.text.count(NASTY) >= 5  # title, headline, note, labels, model card
    assert "<b>dog</b>" in page.text
    assert set(page.figures) == {"plot-timeline", "plot-roc", "plot-histogram", "plot-confusion"}
    ticks = page.figures["plot-confusion"]["layout"]["xaxis"]["ticktext"]
    assert "&lt;script&gt;" in ticks[1]
    for trace in page.figures["plot-timeline"]["data"]:
        assert "<b>" not in json.dumps(trace["customdata"])


def test_the_summary_names_what_was_measured(bag: Bag) -> None:
    text = Page(replay_page(evaluation(mixed_rows()), bag)).text
    for words in (
        "AUROC",
        "CCR at 5 % FPR",
        "the dangerous error",
        "m@123456789abc",
        "torch on cpu",
        "95.0 % of known",
    ):
        assert words in text
    assert "Part of the bag could not be read" not in text


def test_a_cut_bag_is_the_first_thing_said(bag: Bag) -> None:
    text = Page(replay_page(evaluation(mixed_rows(), truncated=True), bag)).text
    assert text.index("Part of the bag could not be read") < text.index("AUROC")


def test_live_figures_and_broken_sums_are_shown(bag: Bag) -> None:
    live = LiveFigures(1.0, 8, 8, 6, 1, 0, 6, 4.0, 8.0, 9.0, 0.5)
    page = Page(replay_page(evaluation(mixed_rows(), live=live), bag)).text
    assert "8 received + 0 lost" in page
    assert "received = 8, but classified + replaced + failed = 6 + 1 + 0 = 7" in page
    whole = replace(live, replaced=2)
    assert "checked, they hold" in Page(replay_page(evaluation(mixed_rows(), live=whole), bag)).text


def test_it_is_built_without_labels_and_without_any_score(bag: Bag) -> None:
    unlabelled = [replace(r, label=None, truth=None) for r in mixed_rows()]
    assert "frames classified" in Page(replay_page(evaluation(unlabelled, labels=None), bag)).text
    nothing = [no_answer(0, time_of(0), time_of(0))]
    assert "Rejection score over time" in replay_page(evaluation(nothing), bag)


@pytest.mark.parametrize("truth", [0, -1])
def test_it_is_built_when_only_known_or_only_unknown_was_seen(bag: Bag, truth: int) -> None:
    rows = [row(i, truth, truth, 0.1 + i, "x") for i in range(3)]
    page = Page(replay_page(evaluation(rows), bag))
    assert "plot-roc" not in page.figures
    assert "–" in page.text


def test_thumbnails_show_the_frame(bag: Bag) -> None:
    text = replay_page(evaluation([row(3, -1, 0, 0.1, "dog")]), bag)
    (address,) = Page(text).addresses
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(address.split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (240, 320, 3)
    assert decoded[..., 1].mean() > 200 > 60 > decoded[..., 2].mean()


def test_dangerous_errors_come_first_and_a_scene_counts_once() -> None:
    rows = [row(i, 0, -1, 2.0 + i, "cup") for i in range(5)]  # one scene of five rejected frames
    rows += [row(5, 0, 1, 0.1, "cup"), row(6, -1, 0, 0.9, "dog"), row(7, -1, 1, 0.2, "dog"), row(8, -1, 1, 0.1, "dog")]
    episodes = worst_errors(rows)
    assert [(e.row.index, e.frames) for e in episodes] == [(8, 2), (6, 1), (5, 1), (4, 5)]
    many = [row(i, -1, i % 2, 0.5, "dog") for i in range(50)]
    assert len(worst_errors(many)) == 10


def test_outcomes_tell_the_errors_apart() -> None:
    outcomes = [r.outcome for r in mixed_rows()]
    expected = ["right", "right", "known rejected", "wrong class", "unknown accepted", "right", "", ""]
    assert outcomes == expected


def test_frames_without_answer_are_not_scored() -> None:
    rows = mixed_rows()
    assert not rows[7].scored
    assert rows[7].reason == NO_ANSWER
    assert rows[7].unknown
    metrics = metrics_of(rows)
    assert (metrics.known_images, metrics.unknown_images) == (4, 2)
    assert not math.isnan(metrics.auroc)


def test_metrics_are_computed_once_for_page_file_and_terminal(bag: Bag, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[OpenSetMetrics] = []

    def counted(**given: Any) -> OpenSetMetrics:
        computed.append(open_set_metrics(**given))
        return computed[-1]

    monkeypatch.setattr(results, "open_set_metrics", counted)
    found = evaluation(mixed_rows())
    replay_page(found, bag)
    found.to_dict()
    summary(found)
    assert len(computed) == 1
