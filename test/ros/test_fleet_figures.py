# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pooled figures with intervals over recordings, and two models side by side."""

import io

import numpy as np
import pytest

from cac_core.metrics import auroc, ccr_at_fpr
from cac_ros.fleet.bootstrap import _figures, _histograms, curve_intervals, draws, ratio_interval
from cac_ros.fleet.comparison import KEEP, SHIP, UNDECIDED, comparison, differences, verdict
from cac_ros.fleet.frame_table import frames_parquet
from cac_ros.fleet.recordings import added, counts_of, pooled_metrics
from cac_ros.fleet.run import Fleet
from test.ros.fleet_recordings import CLASSES, answers, frames, recording


def test_counts_of_a_recording_say_what_was_right() -> None:
    counts = counts_of(frames([0, 1, 0, -1, -1, -2], [0, 0, -1, -1, 1, 0]))
    assert (counts.frames, counts.scored, counts.right, counts.known, counts.known_kept) == (6, 5, 2, 3, 2)
    assert (counts.unknown, counts.unknown_accepted, counts.rejected) == (2, 1, 2)
    assert added([counts, counts]).frames == 12


def test_pooled_metrics_are_those_of_all_frames_together() -> None:
    parts = [frames([0, -1], [0, -1], [0.1, 0.9]), frames([1, -1, -2], [1, -1, 0], [0.3, 0.2, 0.0])]
    assert pooled_metrics(parts).auroc == auroc([0.1, 0.9, 0.3, 0.2], [False, True, False, True])


def test_intervals_draw_whole_recordings() -> None:
    """Ten recordings, each all right or all wrong: the frames in them are no further evidence."""
    low, high = ratio_interval([100.0] * 5 + [0.0] * 5, [100.0] * 10) or (0.0, 0.0)
    assert 0.15 <= low <= 0.25
    assert 0.75 <= high <= 0.85
    assert ratio_interval([1.0], [2.0]) is None
    assert ratio_interval([1.0, 0.0], [2.0, 0.0]) is None


def test_draws_are_the_same_in_every_run_and_as_many_as_recordings() -> None:
    assert np.array_equal(draws(7), draws.__wrapped__(7))
    assert set(draws(7).sum(axis=1)) == {7.0}


def test_figures_of_histograms_equal_those_of_frames() -> None:
    chance = np.random.default_rng(0)
    truth, said = chance.integers(-1, 2, 300), chance.integers(0, 2, 300)
    table = frames(truth.tolist(), said.tolist(), (chance.normal(size=300) + (truth < 0)).tolist())
    edges = np.unique(table.score)[:-1].astype(float)
    values = _figures(*(each[None] for each in _histograms(table, edges)))[:, 0]
    unknown = table.truth == -1
    wanted = [
        auroc(table.score, unknown),
        *(ccr_at_fpr(table.score, table.nearest, table.truth, f) for f in (0.05, 0.1)),
    ]
    assert np.allclose(values, wanted)
    intervals = curve_intervals([table, table, table])
    assert all(
        low - 0.02 <= value <= high + 0.02
        for value, (low, high) in zip(wanted, filter(None, intervals.values()), strict=True)
    )


def test_no_interval_is_made_up_for_curves() -> None:
    assert set(curve_intervals([]).values()) == {None}
    assert set(curve_intervals([frames([0, -1], [0, -1])]).values()) == {None}


def test_a_changed_answer_is_better_or_worse() -> None:
    old, new = frames([0, 0, -1, -1, -2], [0, -1, -1, 0, 0]), frames([0, 0, -1, -1, -2], [1, 0, -1, -1, -1])
    found = differences(recording("a", answers(old), answers(new)))
    assert found is not None
    assert found.changed.tolist() == [True, True, False, True, True]
    assert found.better.tolist() == [False, True, False, True, False]
    assert found.worse.tolist() == [True, False, False, False, False]


def test_classes_are_compared_by_name_and_foreign_labels_are_not_compared() -> None:
    old = answers(frames([0, 1, -1], [0, 1, -1]), CLASSES)
    new = answers(frames([1, -1, 2], [1, -1, 2]), ("new", CLASSES[0], "dog"))
    pair = recording("a", old, new)
    found = differences(pair)
    assert found is not None
    assert found.changed.tolist() == [False, True, True]
    assert found.fair.tolist() == [True, False, False]
    figures = comparison([pair])
    assert figures["not_fair"] == 2
    assert figures["classes_only_old"] == [CLASSES[1]]
    assert figures["classes_only_new"] == ["dog", "new"]


def test_recordings_with_different_frames_are_left_out() -> None:
    pair = recording("a", answers(frames([0], [0])), answers(frames([0, 0], [0, 0])))
    assert comparison([pair])["left_out"] == ["a"]


@pytest.mark.parametrize(
    ("compared", "right", "unknown", "accepted", "answer"),
    [
        (100, (0.01, 0.1), 50, (-0.1, 0.1), SHIP),
        (100, (0.01, 0.1), 50, (0.01, 0.1), KEEP),
        (100, (-0.1, -0.01), 50, (-0.1, 0.1), KEEP),
        (100, (-0.1, 0.1), 50, (-0.1, 0.1), UNDECIDED),
        (100, (0.01, 0.1), 0, None, UNDECIDED),
        (100, (0.01, 0.1), 50, None, UNDECIDED),
        (100, None, 50, None, UNDECIDED),
        (0, None, 0, None, UNDECIDED),
    ],
)
def test_the_new_model_ships_only_where_it_is_shown_to_be_better(
    compared: int, right: tuple[float, float] | None, unknown: int, accepted: tuple[float, float] | None, answer: str
) -> None:
    assert verdict(compared, right, unknown, accepted)[0] == answer


def test_the_table_of_frames_says_the_same() -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow belongs to the extra fleet")
    pair = recording("a", answers(frames([0, 1, 0, -1, -1, -2], [0, 0, -1, -1, 1, 0])), day="2026-09-21")
    table = parquet.read_table(io.BytesIO(frames_parquet(Fleet(("m",), (CLASSES,), (pair,), (), 0)))).to_pydict()
    assert table["outcome"] == ["right", "wrong class", "known rejected", "right", "unknown accepted", ""]
    assert table["prediction"] == ["cup", "cup", "unknown", "unknown", CLASSES[1], "cup"]
    assert table["label"] == ["cup", CLASSES[1], "cup", "<i>dog</i>", "<i>dog</i>", ""]
    assert set(table["day"]) == {"2026-09-21"}
