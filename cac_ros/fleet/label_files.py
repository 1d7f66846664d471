# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which label file belongs to which recording: `kitchen.csv` to the recording `kitchen` or `kitchen.mcap`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cac_core.support.limits import LABEL_FILE_BYTES
from cac_core.support.names import listed
from cac_core.support.regular_files import read_regular_file
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.sources import Source

_ENDINGS = (".mcap", ".db3", ".bag")


def label_files(folder: Path, sources: Sequence[Source]) -> tuple[dict[str, Path], list[str]]:
    """The label file of each recording by its name, and sentences about files and recordings that have no partner.

    A recording `robot_1/kitchen` is labelled by `robot_1/kitchen.csv`. `kitchen.csv` does as well, where only one
    recording is called `kitchen`.

    Raises:
        FleetError: no folder, no file that fits, or one file for two recordings.
    """
    if not folder.is_dir():
        raise FleetError(f"--labels {folder} is no folder; give one that holds a CSV file for each recording.")
    files = {path.relative_to(folder).as_posix()[: -len(".csv")]: path for path in sorted(folder.rglob("*.csv"))}
    found: dict[str, Path] = {}
    owner: dict[Path, str] = {}
    for source in sources:
        name = next((name for name in _names(source.name) if name in files), None)
        if name is None:
            continue
        if files[name] in owner:
            raise FleetError(
                f"{files[name]} could label {owner[files[name]]} and {source.name}; "
                f"put the label files into folders called like theirs: {source.name}.csv."
            )
        owner[files[name]] = source.name
        found[source.name] = files[name]
    if not found:
        example = _names(sources[0].name)[-1]
        raise FleetError(f"No label file in {folder} fits a recording; the first one would be {example}.csv.")
    notes = []
    if len(found) < len(sources):
        notes.append(f"{len(sources) - len(found):,} of {len(sources):,} recordings have no label file in {folder}.")
    if lonely := sorted(name for name, path in files.items() if path not in owner):
        notes.append(f"Label files without a recording: {listed(lonely)}.")
    return found, notes


def read_text(path: Path) -> str:
    """The content of a label file.

    Raises:
        FleetError: it cannot be read, or is no UTF-8 text.
    """
    try:
        return read_regular_file(path, LABEL_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FleetError(f"{path} is not UTF-8 text; save it as CSV with UTF-8 encoding.") from None


def _names(name: str) -> list[str]:
    """What a label file of this recording may be called, without its ending: the most exact first."""
    parts = name.split("/")
    ends = ["/".join(parts[start:]) for start in range(len(parts))]
    bare = [end[: -len(ending)] for end in ends for ending in _ENDINGS if end.endswith(ending)]
    return sorted({*ends, *bare}, key=lambda end: (-end.count("/"), -len(end)))
