# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which recordings are meant: folders, globs, files, URLs, and text files with a list of them."""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cac_core.support.limits import LABEL_FILE_BYTES
from cac_core.support.regular_files import UnreadableFileError, read_regular_file
from cac_ros.bags.kinds import is_named_like_a_bag
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.remote import file_system, full_name, is_url, sentence_about

ANSWERS = ".answers.mcap"
"""End of the name of a recording that we wrote ourselves; it is never evaluated."""

_LIST = ".txt"
_GLOB = re.compile(r"[*?[]")


@dataclass(frozen=True)
class Source:
    """One recording.

    Attributes:
        name: the end of its path, as much of it as tells it from every other recording.
        place: its path or URL.
    """

    name: str
    place: str


def find_sources(words: Sequence[str]) -> list[Source]:
    """The recordings that are meant, each once, in order of their names.

    Raises:
        FleetError: a word that leads to no recording; the sentence names it.
    """
    places: dict[str, None] = {}
    for word in words:
        found = list(_places(word))
        if not found:
            raise FleetError(f"No recording is found at {word}; give folders, globs or files of recordings.")
        places.update(dict.fromkeys(found))
    return sorted((Source(name, place) for name, place in _names(places)), key=lambda source: source.name)


def _places(word: str, within: Path | None = None) -> Iterator[str]:
    if is_url(word):
        yield from _remote(word)
        return
    path = Path(word).expanduser()
    path = path if within is None else within / path
    if _GLOB.search(word) and not path.exists():
        for match in sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 — of absolute patterns too
            yield from _below(Path(match))
    elif path.suffix.lower() == _LIST and path.is_file():
        for line in _lines(path):
            found = list(_places(line, path.parent))
            if not found:
                raise FleetError(f"{path}: no recording is found at {line}; mend or delete this line.")
            yield from found
    elif path.is_dir():
        yield from _below(path)
    elif path.exists():
        yield str(path.resolve())


def _remote(url: str) -> Iterator[str]:
    """The recordings at a URL; each file is one."""
    system, path = file_system(url)
    with sentence_about(url):
        if _GLOB.search(url):
            found = system.glob(path)
        elif url.endswith("/") or not is_named_like_a_bag(Path(path)):
            found = system.find(path)
        else:
            system.info(path)
            found = [path]
        names = [full_name(system, each) for each in found]
    yield from (name for name in names if is_named_like_a_bag(Path(name)) and not name.endswith(ANSWERS))


def _lines(path: Path) -> list[str]:
    try:
        text = read_regular_file(path, LABEL_FILE_BYTES).decode("utf-8-sig")
    except (UnreadableFileError, UnicodeDecodeError) as error:
        raise FleetError(f"{path} is no list of recordings: it must be UTF-8 text with a path on each line.") from error
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _below(path: Path) -> Iterator[str]:
    """The recordings at a path that exists: the file or the folder itself, or those below the folder."""
    if not path.is_dir():
        if is_named_like_a_bag(path) and not path.name.endswith(ANSWERS):
            yield str(path.resolve())
        return
    try:
        entries = sorted(each for each in path.iterdir() if not each.name.startswith("."))
    except OSError as error:
        raise FleetError(f"{path} cannot be read ({error.strerror}); check that the folder is yours.") from error
    files = [e for e in entries if is_named_like_a_bag(e) and not e.is_dir() and not e.name.endswith(ANSWERS)]
    if files and _is_one_recording(path, files):
        yield str(path.resolve())
        return
    for entry in entries:
        if entry in files:
            yield str(entry.resolve())
        elif entry.is_dir():
            yield from _below(entry)


def _is_one_recording(folder: Path, files: Iterable[Path]) -> bool:
    """Whether `ros2 bag` wrote this folder: it has metadata.yaml, or its files are called after it and numbered."""
    numbered = re.compile(re.escape(folder.name) + r"_\d+\.")
    return (folder / "metadata.yaml").exists() or all(numbered.match(file.name) for file in files)


def _names(places: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each place with its shortest end that no other place has."""
    parts = {place: [part for part in place.split("/") if part] for place in places}
    length = dict.fromkeys(parts, 1)
    while True:
        names = {place: "/".join(parts[place][-length[place] :]) for place in parts}
        counts = Counter(names.values())
        twice = [p for p, name in names.items() if counts[name] > 1 and length[p] < len(parts[p])]
        if not twice:
            yield from ((name, place) for place, name in names.items())
            return
        for place in twice:
            length[place] += 1
