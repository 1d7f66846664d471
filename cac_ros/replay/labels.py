# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the camera really saw: labels of stretches of time, from a CSV file or from a topic of the bag.

`labels.csv` has the header `start,end,label` and a line for each stretch; `start` belongs to it, `end` does not. Times
are seconds from the first message of the bag, or seconds since 1970 when they are 100,000,000 (March 1973) or more: no
recording lasts three years. A file uses one of the two.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from cac_core.support.errors import DataError
from cac_core.support.limits import LABEL_FILE_BYTES
from cac_core.support.names import name_problem, same_form
from cac_core.support.regular_files import UnreadableFileError, read_regular_file
from cac_ros.bags.message import MessageError
from cac_ros.bags.reader import Bag

HEADER = ("start", "end", "label")
EPOCH_SECONDS_FROM = 100_000_000
_FOREVER = 2**63 - 1
_SHOWN = 60  # characters of a wrong cell
_LINE_END = re.compile(r"\r\n|\r|\n")


class LabelError(DataError):
    """Labels that cannot be used."""


@dataclass(frozen=True)
class Interval:
    """From `start_ns` up to, but without, `end_ns` (times of recording) the camera saw `label`.

    `origin` names the line or message that says so.
    """

    start_ns: int
    end_ns: int
    label: str
    origin: str


class Labels:
    """Intervals in order of time; none overlap.

    Times are compared at one microsecond: a label's time is typed or computed, and a frame 0.3 µs before it is meant.
    """

    def __init__(self, intervals: Sequence[Interval], source: str) -> None:
        """Sort and check the intervals.

        Raises:
            LabelError: two overlap.
        """
        rounded = [replace(i, start_ns=_whole_us(i.start_ns), end_ns=_whole_us(i.end_ns)) for i in intervals]
        self.intervals = sorted(rounded, key=lambda interval: (interval.start_ns, interval.end_ns))
        self.source = source
        for before, after in pairwise(self.intervals):
            if after.start_ns < before.end_ns:
                raise LabelError(
                    f"{source}: {after.origin} ({after.label!r}) starts before {before.origin} ({before.label!r}) "
                    "ends; a frame can have one label only, so make them follow each other."
                )
        self._starts = [interval.start_ns for interval in self.intervals]

    def at(self, time_ns: int) -> str | None:
        """The label at a time of recording, None where there is none."""
        time_ns = _whole_us(time_ns)
        index = bisect_right(self._starts, time_ns) - 1
        if index < 0 or time_ns >= self.intervals[index].end_ns:
            return None
        return self.intervals[index].label

    def without_frames(self, times_ns: Sequence[int]) -> list[Interval]:
        """Intervals in which none of these times (in order) lies."""
        times_ns = [_whole_us(time_ns) for time_ns in times_ns]
        return [
            interval
            for interval in self.intervals
            if bisect_right(times_ns, interval.start_ns - 1) == bisect_right(times_ns, interval.end_ns - 1)
        ]


def read_label_file(path: Path | str, bag_start_ns: int) -> Labels:
    """Read `labels.csv`.

    Args:
        path: the file, UTF-8.
        bag_start_ns: time of the bag's first message, ns; relative times count from it.

    Returns:
        The labels on the bag's clock.

    Raises:
        LabelError: no such file, no line in it, or a line that is wrong; the sentence names the line.
    """
    path = Path(path)
    try:
        text = read_regular_file(path, LABEL_FILE_BYTES).decode("utf-8-sig")
    except UnreadableFileError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise LabelError(f"There is no label file at {path}; check the path.") from error
        raise LabelError(f"{error}; give a CSV file with the lines start,end,label.") from error
    except UnicodeDecodeError:
        raise LabelError(f"{path} is not UTF-8 text; save it as CSV with UTF-8 encoding.") from None
    return parse_labels(text, path, bag_start_ns)


def parse_labels(text: str, path: Path, bag_start_ns: int) -> Labels:
    """Read the content of `labels.csv`; the path is for sentences. See `read_label_file`."""
    lines = [
        (number, cells)
        for number, line in enumerate(_LINE_END.split(text), 1)
        if any(cells := _cells(path, number, line))
    ]
    if not lines:
        raise LabelError(f"{path} is empty; its first line must be 'start,end,label', followed by one line per label.")
    if tuple(cell.lower() for cell in lines[0][1]) != HEADER:
        raise LabelError(f"{path}: the first line must be 'start,end,label', not {','.join(lines[0][1])[:_SHOWN]!r}.")
    if len(lines) == 1:
        raise LabelError(f"{path} has no label below its header; add lines such as '0.0,2.5,cup'.")
    rows = [_row(path, number, cells) for number, cells in lines[1:]]
    absolute = [start >= EPOCH_SECONDS_FROM for _, start, _, _ in rows]
    if any(absolute) and not all(absolute):
        first = rows[absolute.index(not absolute[0])][0]
        raise LabelError(
            f"{path}, line {first}: some times count from the start of the bag and some from 1970; use one of the two."
        )
    zero = 0 if absolute[0] else bag_start_ns
    return Labels(
        [Interval(zero + _ns(start), zero + _ns(end), label, f"line {number}") for number, start, end, label in rows],
        str(path),
    )


def read_label_topic(bag: Bag, topic: str) -> Labels:
    """Read labels from a `std_msgs/String` topic: each message holds until the next; an empty one ends the label.

    Raises:
        BagError: there is no such topic.
        LabelError: it has no readable message with a label.
    """
    name = bag.label_topic(topic).name
    changes: list[tuple[int, str]] = []
    for message in bag.messages(name):
        try:
            changes.append((message.time_ns, same_form(str(message.decode().data))))
        except MessageError as error:
            raise LabelError(f"{error}; give the labels with --labels instead.") from error
    ends = [time for time, _ in changes[1:]] + [_FOREVER]
    intervals = [
        Interval(start, end, label, f"message {number}")
        for number, ((start, label), end) in enumerate(zip(changes, ends, strict=True), 1)
        if label and _whole_us(end) > _whole_us(start)
    ]
    if not intervals:
        raise LabelError(f"{bag.path}: {name} holds no label; publish what the camera sees on it while recording.")
    return Labels(intervals, name)


def check_span(labels: Labels, bag_start_ns: int, bag_end_ns: int) -> None:
    """See before anything is classified that no label lies outside of the recording.

    Raises:
        LabelError: one does.
    """
    first, last = _whole_us(bag_start_ns), _whole_us(bag_end_ns)
    outside = [i for i in labels.intervals if i.end_ns <= first or i.start_ns > last]
    if outside:
        raise LabelError(_covers_nothing(labels, outside, bag_start_ns, "the bag is", (bag_start_ns, bag_end_ns)))


def check_coverage(labels: Labels, times_ns: Sequence[int], bag_start_ns: int, damaged: bool) -> list[str]:
    """See that every label is about some frame.

    Args:
        labels: the labels.
        times_ns: when the frames were recorded, in order; at least one.
        bag_start_ns: time of the bag's first message.
        damaged: whether the bag was cut off; then labels behind the last frame are expected and become a note.

    Returns:
        Sentences for the report.

    Raises:
        LabelError: an interval without a frame in it.
    """
    lonely = labels.without_frames(times_ns)
    behind = [interval for interval in lonely if damaged and interval.start_ns > times_ns[-1]]
    wrong = [interval for interval in lonely if interval not in behind]
    if wrong:
        raise LabelError(_covers_nothing(labels, wrong, bag_start_ns, "the frames are", (times_ns[0], times_ns[-1])))
    if behind:
        return [f"{len(behind)} of {len(labels.intervals)} labels lie behind the cut of the bag and were not used."]
    return []


def _covers_nothing(
    labels: Labels, intervals: Sequence[Interval], zero_ns: int, what: str, span: tuple[int, int]
) -> str:
    first = intervals[0]
    more = f" (nor do {len(intervals) - 1} more)" if len(intervals) > 1 else ""
    return (
        f"{labels.source}: {first.origin} ({first.label!r}, {_seconds(first.start_ns, zero_ns)} to "
        f"{_seconds(first.end_ns, zero_ns)} s) covers no frame{more}; {what} from {_seconds(span[0], zero_ns)} to "
        f"{_seconds(span[1], zero_ns)} s after the start of the bag."
    )


def _cells(path: Path, number: int, line: str) -> list[str]:
    """The cells of one line. Each line is read by itself, so that an open quote cannot swallow those after it."""
    try:
        return [cell.strip() for row in csv.reader([line.strip()], strict=True, skipinitialspace=True) for cell in row]
    except csv.Error as error:
        limit = csv.field_size_limit()
        if len(line) > limit:
            raise LabelError(f"{path}, line {number}: a cell is longer than {limit:,} characters.") from error
        raise LabelError(
            f"{path}, line {number}: its double quotes do not fit ({error}); a label that holds a comma stands in two "
            "of them, on one line."
        ) from error


def _row(path: Path, number: int, cells: list[str]) -> tuple[int, Decimal, Decimal, str]:
    if len(cells) != 3:
        raise LabelError(
            f"{path}, line {number}: expected start,end,label but found {len(cells)} columns; separate them by commas "
            "and put a label that holds a comma in double quotes."
        )
    start, end = (_seconds_of(path, number, name, cell) for name, cell in zip(HEADER, cells[:2], strict=False))
    if _whole_us(_ns(end)) <= _whole_us(_ns(start)):
        raise LabelError(f"{path}, line {number}: the end ({end}) must be later than the start ({start}).")
    if not cells[2]:
        raise LabelError(f"{path}, line {number}: the label is missing; write 'unknown' for things of no known class.")
    if problem := name_problem(cells[2]):
        raise LabelError(f"{path}, line {number}: the label {problem}.")
    return number, start, end, same_form(cells[2])


def _seconds_of(path: Path, number: int, column: str, cell: str) -> Decimal:
    try:
        value = Decimal(cell)
    except InvalidOperation:
        value = Decimal("nan")
    # The upper bound (year 2262) is where times in ns leave 64 bits.
    if not value.is_finite() or not 0 <= value < 9_223_372_036:
        raise LabelError(
            f"{path}, line {number}: {column} must be a time in seconds such as 12.5, not {cell[:_SHOWN]!r}."
        )
    return value


def _ns(seconds: Decimal) -> int:
    return int((seconds * 10**9).to_integral_value())


def _whole_us(time_ns: int) -> int:
    """A time in ns, rounded to whole microseconds."""
    return (time_ns + 500) // 1000 * 1000


def _seconds(time_ns: int, zero_ns: int) -> str:
    return f"{(time_ns - zero_ns) / 1e9:.3f}"
