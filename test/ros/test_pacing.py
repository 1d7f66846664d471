# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Live replay keeps the pace of the recording, and does not wait for its long gaps."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from cac_core.support import console
from cac_ros.bags.message import BagMessage
from cac_ros.bags.reader import Bag
from cac_ros.bags.writer import BagWriter
from cac_ros.replay import pacing
from cac_ros.replay.pacing import Played, play
from test.ros.recordings import START_NS, TOPIC, picture

Play = Callable[..., tuple[Played, list[float], list[str]]]

YEAR = 365.25 * 86400


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.now = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return round(self.now * 1e9)


class Ear:
    """Hears at what time frames are published."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.times: list[float] = []

    def publish(self, data: bytes) -> None:
        self.times.append(self.clock.now)

    def wait_for_answer(self, stamp_ns: int, timeout: float) -> None:
        pass


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> BagMessage:
    folder: Path = tmp_path_factory.mktemp("pacing") / "bag"
    with BagWriter(folder) as writer:
        writer.write_image(TOPIC, START_NS, picture("red"))
    with Bag(folder) as bag:
        (message,) = bag.messages(TOPIC)
    return message


@pytest.fixture
def played(frame: BagMessage, monkeypatch: pytest.MonkeyPatch) -> Play:
    clock = Clock()
    monkeypatch.setattr(pacing, "time", clock)
    said: list[str] = []

    def add_task(text: str, total: float | None) -> int:
        said.append(text)
        return 0

    @contextmanager
    def bar() -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(
            add_task=add_task,
            update=lambda task, description: said.append(description),
            advance=lambda task: None,
        )

    monkeypatch.setattr(console, "progress_bar", bar)

    def run(seconds: Sequence[float], rate: float = 1.0) -> tuple[Played, list[float], list[str]]:
        """What was played, the pauses between its frames, and what the bar said."""
        ear = Ear(clock)
        messages = (BagMessage(TOPIC, round(s * 1e9), frame.msgtype, frame.encoding, frame.data) for s in seconds)
        result = play(messages, ear, lambda: None, rate)
        pauses = [after - before for before, after in zip(ear.times, ear.times[1:], strict=False)]
        return result, pauses, said

    return run


@pytest.mark.parametrize(
    ("seconds", "rate", "pauses", "note"),
    [
        ([0.0, 0.1, 0.2, 1.8e9, 1.8e9 + 0.1], 1, [0.1, 0.1, 2.0, 0.1], "1 gap longer than 10 s (57 years)"),
        ([0.0, 0.5, 4000.0], 1, [0.5, 2.0], "1 gap longer than 10 s (67 minutes)"),
        ([0.0, 86400.0 * 3], 1, [2.0], "(3 days)"),
        ([0.0, 11.0, 22.0, 33.5], 1, [2.0, 2.0, 2.0], "3 gaps longer than 10 s (the longest: 12 s)"),
        ([0.0, YEAR, YEAR + 1], 2, [1.0, 0.5], "(365 days)"),
        ([0.0, 9.9, 10.0], 1, [9.9, 0.1], ""),
        ([0.0, 0.1, 0.2], 0.01, [10.0, 10.0], ""),
        ([5.0, 5.0, 5.0], 1, [0.0, 0.0], ""),
        ([0.0, 4e9], 4, [0.5], "(127 years)"),
    ],
)  # fmt: skip
def test_only_long_gaps_are_shortened(
    played: Play, seconds: list[float], rate: float, pauses: list[float], note: str
) -> None:
    result, measured, _ = played(seconds, rate)
    assert measured == pytest.approx(pauses, abs=1e-3)
    assert result.lateness < 1e-3
    assert len(result.notes()) == bool(note)
    assert note in " ".join(result.notes())


def test_the_bar_says_that_it_waits(played: Play) -> None:
    _, _, said = played([0.0, 0.5, 8.5, 9.0, 1e9])
    assert said[0] == "playing the bag"
    waits = [text for text in said if "waiting" in text]
    assert waits[0] == "playing the bag (waiting 8 s for the next frame)"
    assert any("waiting 2 s" in text for text in waits)
    assert said[-1] == "playing the bag"
