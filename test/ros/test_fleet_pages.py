# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pages of a fleet: bounded, safe, and linked."""

import re
from dataclasses import replace

import pytest

from cac_ros.fleet.figures import fleet_figures
from cac_ros.fleet.recordings import Recording
from cac_ros.fleet.report.fleet_page import fleet_page, shown_recordings
from cac_ros.fleet.report.recording_page import page_name, recording_page, timeline
from cac_ros.fleet.run import Fleet
from test.ros.fleet_recordings import CLASSES, answers, frames, recording

NASTY = "<script>alert(1)</script>"
WRONG = frames([0, 0, -1, -1], [0, 1, -1, 0])
RIGHT = frames([0, 0, -1, -1], [0, 0, -1, -1])


def fleet(recordings: list[Recording], models: int = 1) -> Fleet:
    return Fleet(("old@1", "new@2")[:models], (CLASSES,) * models, tuple(recordings), (NASTY,), 0)


def page_of(everything: Fleet) -> str:
    return fleet_page(everything, fleet_figures(everything), {})


def test_the_page_shows_the_worst_and_links_to_them() -> None:
    wrong = recording("r1/wrong", answers(WRONG, worst=[(3, 1), (1, 1)]), robot="spot")
    everything = fleet([recording("right", answers(RIGHT)), wrong, Recording("bad", "", wrong.tag, (), "it is no bag")])
    page = page_of(everything)
    assert [each.name for each in shown_recordings(everything)] == ["r1/wrong"]
    assert page_name(wrong) == "bags/r1%2fwrong.html"
    assert 'href="bags/r1%252fwrong.html"' in page
    assert "it is no bag" in page
    assert "Unknown accepted" in page
    assert "May the new model ship" not in page


def test_names_from_outside_are_text_on_every_page() -> None:
    wrong = recording(NASTY, answers(WRONG, worst=[(3, 1)]), robot=NASTY, day=NASTY)
    pages = [page_of(fleet([wrong, Recording(NASTY + "2", "", wrong.tag, (), NASTY)]))]
    pages.append(recording_page(wrong, 0, {}))
    for page in pages:
        body = page.partition("</style>")[2].partition("<script>")[0]
        assert not re.search(r"<script>alert|<b>bowl|<i>dog|<u>a note", body)
        assert "&lt;script&gt;alert(1)" in body


def test_two_models_are_judged_and_the_worse_recordings_are_shown() -> None:
    recordings = [recording(f"r{n}", answers(RIGHT), answers(WRONG)) for n in range(5)]
    page = page_of(fleet(recordings, 2))
    assert "May the new model ship?" in page
    assert "Where the new model is worse" in page
    assert "gives more unknown things a known name" in page


def test_recordings_without_labels_have_a_page_of_scores() -> None:
    plain = frames([-2, -2], [0, -1])
    page = page_of(fleet([recording("a", answers(plain))]))
    assert "of all frames rejected" in page
    assert "Worst frames" not in page
    assert "not scored" in recording_page(recording("a", answers(plain)), 0, {})


def test_a_long_recording_has_a_short_timeline() -> None:
    long = frames([0] * 20_000, [0] * 20_000)
    assert len(timeline(answers(long))) <= 502


@pytest.mark.slow
def test_the_page_about_ten_thousand_recordings_is_small() -> None:
    wrong = answers(WRONG, worst=[(3, 1), (1, 1)])
    recordings = [
        recording(f"robot_{n % 900}/drive_{n}", wrong, robot=f"robot_{n % 900}", day=f"2026-{n % 500}")
        for n in range(10_000)
    ]
    recordings[0] = replace(recordings[0], answers=(), problem="it is no bag")
    everything = fleet(recordings)
    assert len(page_of(everything)) < 6_500_000
    assert len(shown_recordings(everything)) <= 100
