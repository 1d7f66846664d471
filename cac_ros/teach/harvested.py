# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What lies in the harvest folder: pictures, and what ``index.csv`` beside them says of each.

Any folder of pictures works. The folder may grow, and pictures may go, at any time.
"""

import csv
import hashlib
import io
import math
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from cac_core.data.decode import SUFFIXES
from cac_core.support.limits import LABEL_FILE_BYTES
from cac_core.support.names import one_line
from cac_core.support.regular_files import UnreadableFileError, read_regular_file

INDEX = "index.csv"

_MOMENT = re.compile(r"(\d{8}T\d{6})\.(\d{6})")


@dataclass(frozen=True)
class HarvestedFrame:
    """One picture.

    Attributes:
        id: of its path below the folder; safe in an address.
        path: of the file.
        size: of the file [bytes]; with ``changed`` it tells two files of one name apart.
        changed: when the file was written [s since 1970].
        saved: when the node saved it [s since 1970].
        camera: the folder below the harvest folder; empty for a single camera.
        nearest: the nearest class then; empty if the index does not say.
        score: rejection score then; NaN if the index does not say.
        threshold: θ then; NaN if the index does not say.
        because: why it was saved: unknown, near_threshold, or empty.
        model_id: the model that decided then.
    """

    id: str
    path: Path
    size: int
    changed: float
    saved: float
    camera: str
    nearest: str = ""
    score: float = math.nan
    threshold: float = math.nan
    because: str = ""
    model_id: str = ""


def scan(folder: Path) -> list[HarvestedFrame]:
    """The pictures below a folder, newest first. Hidden files and links are left out: a link may lead anywhere."""
    frames: list[HarvestedFrame] = []
    for parent, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        place = Path(parent)
        rows = _index(place / INDEX) if INDEX in names else {}
        camera = "" if place == folder else one_line(str(place.relative_to(folder)))
        for name, found in _pictures(place, names):
            key = os.fsencode(place.relative_to(folder) / name)
            known = rows.get(name, {})
            frames.append(
                HarvestedFrame(
                    id=hashlib.sha256(key).hexdigest()[:16],
                    path=place / name,
                    size=found.st_size,
                    changed=found.st_mtime,
                    saved=_moment(name) or found.st_mtime,
                    camera=camera,
                    nearest=one_line(_text(known, "nearest_label")),
                    score=_number(known, "rejection_score"),
                    threshold=_number(known, "threshold"),
                    because=one_line(_text(known, "saved_because")),
                    model_id=one_line(_text(known, "model_id")),
                )
            )
    return sorted(frames, key=lambda frame: (-frame.saved, frame.path))


def _pictures(place: Path, names: list[str]) -> Iterator[tuple[str, os.stat_result]]:
    for name in names:
        if name.startswith(".") or os.path.splitext(name)[1].lower() not in SUFFIXES:  # noqa: PTH122 - of thousands
            continue
        try:
            found = os.lstat(place / name)
        except OSError:  # it has gone meanwhile
            continue
        if stat.S_ISREG(found.st_mode):
            yield name, found


def _index(path: Path) -> dict[str, dict[str, str]]:
    """Lines by file name; those that cannot be read, such as one that is being written, are passed over."""
    try:
        text = read_regular_file(path, LABEL_FILE_BYTES).decode("utf-8", "replace")
    except UnreadableFileError:
        return {}
    rows: dict[str, dict[str, str]] = {}
    try:
        for row in csv.DictReader(io.StringIO(text)):
            if row.get("file"):
                rows[row["file"]] = row
    except csv.Error:
        pass
    return rows


def _text(row: dict[str, str], key: str) -> str:
    text = row.get(key) or ""
    return text[1:] if re.match(r"'[=+\-@\t\r]", text) else text  # as harmless() wrote it


def _number(row: dict[str, str], key: str) -> float:
    try:
        return float(_text(row, key))
    except ValueError:
        return math.nan


def _moment(name: str) -> float | None:
    """When the node saved a file, by its name [s since 1970]."""
    if (match := _MOMENT.match(name)) is None:
        return None
    try:
        moment = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return moment.timestamp() + int(match[2]) / 1e6
