# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the report groups recordings by: the robot and the day. From a CSV file, or the day from the recording."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from cac_core.support.limits import LABEL_FILE_BYTES
from cac_core.support.names import listed, name_problem, same_form
from cac_core.support.regular_files import UnreadableFileError, read_regular_file
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.sources import Source

NO_DATE = "no date"
_HEADER = ("bag", "robot", "day")
_EARLIEST = 10**17  # [ns]; a clock below it never saw the date


@dataclass(frozen=True)
class Tag:
    """Of one recording; empty where nothing is known."""

    robot: str = ""
    day: str = ""


def read_tags(path: Path, sources: Sequence[Source]) -> tuple[dict[str, Tag], list[str]]:
    """Tags by name of the recording, and sentences about lines without a recording.

    Raises:
        FleetError: the file cannot be used; the sentence names the line.
    """
    try:
        text = read_regular_file(path, LABEL_FILE_BYTES).decode("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (UnreadableFileError, UnicodeDecodeError, csv.Error) as error:
        raise FleetError(f"--tags {path} cannot be read as CSV: {error}.") from error
    if not lines or "bag" not in lines[0] or not {"robot", "day"} & lines[0].keys():
        raise FleetError(f"--tags {path} must begin with bag,robot,day and have a line for each recording.")
    names = {source.name: source.name for source in sources}
    for source in sources:
        names.setdefault(source.name.rpartition(".")[0] or source.name, source.name)
    tags: dict[str, Tag] = {}
    lonely = []
    for number, line in enumerate(lines, 2):
        cells = [same_form(line.get(column) or "") for column in _HEADER]
        if problem := next((name_problem(cell) for cell in cells if cell and name_problem(cell)), ""):
            raise FleetError(f"--tags {path}, line {number}: a cell {problem}.")
        bag, robot, day = cells
        if bag in names:
            tags[names[bag]] = Tag(robot, day)
        else:
            lonely.append(bag)
    notes = [f"Lines of {path} without a recording: {listed(lonely)}."] if lonely else []
    return tags, notes


def tag_of(name: str, tags: Mapping[str, Tag], start_ns: int) -> Tag:
    """The tag of a recording; without a day in the file it is the date of its first message, in UTC."""
    tag = tags.get(name, Tag())
    return tag if tag.day else Tag(tag.robot, _day(start_ns))


def _day(time_ns: int) -> str:
    if time_ns < _EARLIEST:
        return NO_DATE
    return datetime.fromtimestamp(time_ns // 10**9, tz=timezone.utc).strftime("%Y-%m-%d")
