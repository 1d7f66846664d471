# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The steady decision: n of m, with hysteresis, and never a known class that no frame supports."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cac_core.predictor import Decision, Reason, failed
from cac_ros.node.observers.smoothing import LONGEST_GAP, Smoother, majority, vote

UNKNOWN = -1


def decision(index: int, score: float = 0.5) -> Decision:
    """Of class "c<index>", or unknown with class 0 as the nearest."""
    unknown = index == UNKNOWN
    nearest = max(index, 0)
    reason = Reason.ABOVE_THRESHOLD if unknown else Reason.OK
    label = f"c{nearest}"
    return Decision(
        unknown, index, "" if unknown else label, nearest, label, score, 1.0, reason, np.zeros(3, np.float32)
    )


def run(ballots: list[int], frames: int, votes: int) -> list[int]:
    smoother = Smoother(frames, votes)
    return [smoother.add(decision(b), "m", 0.1 * i).class_index for i, b in enumerate(ballots)]


def test_a_class_must_win_the_vote_before_it_is_believed() -> None:
    assert run([1, 1, 1, 1], 5, 3) == [UNKNOWN, UNKNOWN, 1, 1]
    assert run([1, 1, 1, 1], 4, 4) == [UNKNOWN, UNKNOWN, UNKNOWN, 1]


def test_single_frames_do_not_change_the_decision() -> None:
    steady = [1] * 5
    assert run([*steady, UNKNOWN, 1, 2, 1, 1], 5, 3)[4:] == [1] * 6
    assert run([UNKNOWN] * 5 + [1, UNKNOWN, UNKNOWN, 1, UNKNOWN], 5, 3) == [UNKNOWN] * 10


def test_it_takes_as_many_frames_to_leave_a_class_as_to_take_it_over() -> None:
    assert run([1] * 5 + [UNKNOWN] * 4, 5, 4)[4:] == [1, 1, 1, 1, UNKNOWN]
    assert run([1] * 5 + [2] * 4, 5, 4)[4:] == [1, 1, 1, 1, 2]


def test_classes_that_only_add_up_to_enough_are_no_decision() -> None:
    assert run([0, 1, 2, 0, 1], 5, 3) == [UNKNOWN] * 5


windows = st.integers(2, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(majority(n), n)))
indices = st.integers(UNKNOWN, 3)


@given(windows, st.lists(indices, max_size=60))
def test_a_known_decision_is_that_of_a_frame_in_the_window(window: tuple[int, int], ballots: list[int]) -> None:
    frames, votes = window
    smoother = Smoother(frames, votes)
    given_decisions = [failed(Reason.BAD_FRAME) if b == UNKNOWN and i % 2 else decision(b, i)
                       for i, b in enumerate(ballots)]  # fmt: skip
    for i, one in enumerate(given_decisions):
        smoothed = smoother.add(one, "m", 0.1 * i)
        recent = given_decisions[max(0, i + 1 - frames) : i + 1]
        if smoothed.unknown:
            assert (smoothed.class_index, smoothed.label) == (UNKNOWN, "")
            assert smoothed.reason != Reason.OK
        else:
            assert any(smoothed is past for past in recent)
            assert smoothed.reason == Reason.OK


@given(windows, indices, st.lists(indices, min_size=1, max_size=9))
def test_enough_votes_decide_whatever_was_held(window: tuple[int, int], held: int, ballots: list[int]) -> None:
    frames, votes = window
    ballots = ballots[-frames:]
    result = vote(held, ballots, frames, votes)
    for index in range(4):
        if ballots.count(index) >= votes:
            assert result == index
    if result != UNKNOWN:
        assert result in ballots
        assert result == held or ballots.count(result) >= votes
    against_all = frames - max(ballots.count(index) for index in range(4))
    if against_all >= votes:
        assert result == UNKNOWN


@given(windows, st.lists(indices, max_size=60), st.permutations(range(4)))
def test_classes_are_treated_alike(window: tuple[int, int], ballots: list[int], names: list[int]) -> None:
    renamed = [UNKNOWN if b == UNKNOWN else names[b] for b in ballots]
    expected = [UNKNOWN if b == UNKNOWN else names[b] for b in run(ballots, *window)]
    assert run(renamed, *window) == expected


def test_a_frame_that_is_not_believed_yet_is_unknown_and_says_why() -> None:
    smoothed = Smoother(5, 3).add(decision(1, 0.25), "m", 0.0)
    assert (smoothed.unknown, smoothed.reason, smoothed.label) == (True, Reason.UNDECIDED, "")
    assert (smoothed.nearest_label, smoothed.rejection_score) == ("c1", 0.25)


def test_a_pause_and_another_model_start_a_new_vote() -> None:
    smoother = Smoother(3, 2)
    assert [smoother.add(decision(1), "m", t).unknown for t in (0.0, 0.1, 0.2)] == [True, False, False]
    assert smoother.add(decision(1), "m", 0.3 + LONGEST_GAP).unknown
    assert not smoother.add(decision(1), "m", 0.4 + LONGEST_GAP).unknown
    assert smoother.add(decision(1), "other", 0.5 + LONGEST_GAP).unknown


@pytest.mark.parametrize(("frames", "votes"), [(4, 2), (4, 5), (5, 0)])
def test_votes_that_could_elect_two_classes_or_none_are_refused(frames: int, votes: int) -> None:
    with pytest.raises(ValueError, match="votes must be more than half"):
        Smoother(frames, votes)
