# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A robot without a clock records its first messages in 1970: seconds count from when it knows the time."""

from pathlib import Path
from typing import Literal

import pytest

from cac_ros.bags.reader import Bag
from cac_ros.bags.writer import BagWriter
from cac_ros.replay.labels import LabelError
from cac_ros.replay.scoring import labels_of
from test.ros.recordings import START_NS, TOPIC, picture, write_labels

SECOND = 10**9
IN_1980, IN_2000 = 315_964_800 * SECOND, 946_684_800 * SECOND
Storage = Literal["mcap", "sqlite3"]


def recorded(folder: Path, *times_ns: int, storage: Storage = "mcap", other: tuple[int, ...] = ()) -> Path:
    """A bag with a frame at each time, and messages of another camera."""
    with BagWriter(folder, storage=storage) as writer:
        for time_ns in times_ns:
            writer.write_image(TOPIC, time_ns, picture("red"))
        for time_ns in other:
            writer.write_image("/other", time_ns, picture("red", 1))
    return folder


def after(*seconds: float) -> list[int]:
    return [START_NS + round(s * SECOND) for s in seconds]


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize(
    "early",
    [(0,), (0, SECOND, 2 * SECOND), (30 * SECOND,), (IN_1980, IN_1980 + SECOND), (IN_2000,), (0, IN_2000)],
    ids=["stamp 0", "three at 1970", "1970", "1980", "2000", "two false clocks"],
)
def test_seconds_count_from_when_the_clock_was_set(tmp_path: Path, early: tuple[int, ...], storage: Storage) -> None:
    with Bag(recorded(tmp_path / "bag", *early, *after(0, 0.1, 0.2, 0.3), storage=storage)) as bag:
        assert bag.zero_ns == START_NS
        labels = labels_of(bag, write_labels(tmp_path / "labels.csv", ["red", "red", "green"]), None)
        assert labels is not None
        assert [labels.at(time_ns) for time_ns in after(0, 0.2)] == ["red", "green"]
        assert [labels.at(time_ns) for time_ns in early] == [None] * len(early)
        assert sum("before the clock was set" in note for note in bag.notes) == 1
        assert not bag.damaged


def test_a_message_of_another_topic_can_be_the_first(tmp_path: Path) -> None:
    with Bag(recorded(tmp_path / "bag", 0, *after(2, 3), other=(5, *after(0, 1)))) as bag:
        assert bag.zero_ns == START_NS


@pytest.mark.parametrize("times", [after(0, 1), [0, SECOND], [IN_2000, IN_2000 + SECOND], after(0, 3600 * 24 * 9), [7]])
def test_a_clock_that_runs_through_counts_from_the_first_message(tmp_path: Path, times: list[int]) -> None:
    with Bag(recorded(tmp_path / "bag", *times)) as bag:
        assert bag.zero_ns == bag.start_ns == times[0]
        assert bag.notes == []


def test_a_wrong_label_is_told_in_seconds_since_the_clock_was_set(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("start,end,label\n50,60,red\n")
    with (
        Bag(recorded(tmp_path / "bag", 0, *after(0, 1))) as bag,
        pytest.raises(LabelError, match=r"50\.000 to 60\.000 s\) covers no frame; the bag is from 0\.000 to 1\.000"),
    ):
        labels_of(bag, tmp_path / "labels.csv", None)
