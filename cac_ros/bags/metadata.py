# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""metadata.yaml of rosbag2: a hint. It may be stale, edited, of another version, or missing; the files decide.

Only two things are taken from it, to see whether something is missing: the names of the files, and how many messages
each topic had.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cac_core.support.limits import BAG_METADATA_BYTES, YAML_NESTING
from cac_core.support.regular_files import no_file_because
from cac_ros.bags.findings import Findings
from cac_ros.bags.message import Topic

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Metadata:
    """What metadata.yaml says: names of files, and the number of messages of each topic."""

    files: tuple[str, ...]
    counts: dict[str, int]


def read_metadata(folder: Path, findings: Findings) -> Metadata | None:
    """Read what can be read; None, with a note, when that is nothing."""
    path = folder / "metadata.yaml"
    where = f"{folder.name}/metadata.yaml"
    if not path.is_symlink() and not path.exists():
        findings.add(f"{folder.name} has no metadata.yaml; its files were read without it.", lost=False)
        return None
    if path.is_dir() or (reason := no_file_because(path)):
        reason = "is a folder" if path.is_dir() else reason
        findings.add(f"{where} {reason}; the bag's files were read without it.", lost=False)
        return None
    try:
        with path.open("rb") as file:
            text = file.read(BAG_METADATA_BYTES + 1)
        if len(text) > BAG_METADATA_BYTES:
            findings.add(
                f"{where} is larger than {BAG_METADATA_BYTES / 2**20:g} MiB; the bag's files were read without it.",
                lost=False,
            )
            return None
        metadata = _metadata(_load(text.decode())["rosbag2_bagfile_information"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError, RecursionError):
        findings.add(f"{where} is damaged; the bag's files were read without it.", lost=False)
        return None
    return metadata


def compare(
    metadata: Metadata, folder: Path, files: Iterable[Path], topics: Iterable[Topic], findings: Findings
) -> None:
    """Note once what metadata.yaml says differently from the files that were read.

    Args:
        metadata: what it says.
        folder: of the bag.
        files: that were read.
        topics: with the messages that the files hold.
        findings: gets the note.
    """
    present = {_bare(file.name) for file in files}
    held = {topic.name: topic.count for topic in topics}
    absent = sorted(name for name in metadata.files if _bare(name) not in present)
    extra = sorted(present - {_bare(name) for name in metadata.files}) if metadata.files else []
    fewer = [name for name, count in metadata.counts.items() if held.get(name, 0) < count]
    more = [name for name, count in held.items() if count > metadata.counts.get(name, 0)]
    complete = not fewer and any(metadata.counts.values())  # files may have been renamed
    parts = []
    if absent:
        parts.append(f"the folder misses {_some(absent)}" + " but holds every message" * complete)
    if extra and not (absent and complete):
        parts.append(f"it does not list {_some(extra)}")
    # What a known loss explains is not told twice.
    if metadata.counts and not findings.lost and not absent:
        different = sorted({*fewer, *more})
        if different:
            listed, found = sum(metadata.counts.get(n, 0) for n in different), sum(held.get(n, 0) for n in different)
            parts.append(f"it counts {listed:,} messages on {_some(different)}, where {found:,} were found")
    if parts:
        lost = bool(fewer) or bool(absent and not complete)
        findings.add(
            f"{folder.name}/metadata.yaml does not fit the files ({'; '.join(parts)}). All that the files hold was "
            "read.",
            lost=lost,
        )


def _load(text: str) -> Any:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent) and event.value == "<<":
            raise ValueError("merged mappings, which could grow without end")
        if depth > YAML_NESTING:
            raise ValueError("nested too deeply")
    return yaml.load(text, Loader=_Loader)


def _metadata(about: Any) -> Metadata:
    names, topics = about["relative_file_paths"], about["topics_with_message_count"]
    if not isinstance(names, list) or not isinstance(topics, list):
        raise TypeError("not the content of metadata.yaml")
    counts: dict[str, int] = {}
    for topic in topics:
        try:
            name, count = topic["topic_metadata"]["name"], topic["message_count"]
        except (TypeError, KeyError, IndexError):
            continue
        if isinstance(name, str) and isinstance(count, int):
            counts[name] = counts.get(name, 0) + count
    return Metadata(tuple(Path(name).name for name in names if isinstance(name, str)), counts)


def _bare(name: str) -> str:
    """A file that was unpacked by hand is the same file."""
    for suffix in (".zstd", ".zst"):
        name = name.removesuffix(suffix)
    return name.lower()


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
