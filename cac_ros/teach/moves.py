# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Moves of files with a log: what went where and when, undone on request, ended after a kill.

``moves.jsonl`` only grows. A gesture of the user is a line that says what will be moved, then the moves, then a line
that says what was. After a kill between the two the next start ends the gesture.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cac_core.support.appending import append_whole
from cac_core.support.files import UnwritableError, sentence_about
from cac_core.support.names import one_line
from cac_ros.teach.move_files import free_path, move_file

LOG = "moves.jsonl"

Pair = tuple[Path, Path]
"""From and to."""


@dataclass(frozen=True)
class Moved:
    """What became of a gesture.

    Attributes:
        pairs: the files that were moved.
        gone: number of files that were not there any more.
        problem: a sentence if it could not be carried out as a whole; empty if it was.
    """

    pairs: tuple[Pair, ...]
    gone: int = 0
    problem: str = ""


class MoveLog:
    """The log in a folder. Several processes may have one; each gesture has it for itself.

    Args:
        folder: is made if it is not there.

    Raises:
        UnwritableError: when it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG
        with sentence_about(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def move(self, sources: Sequence[Path], folder: Path, what: str) -> Moved:
        """Move files into a folder, under their own names where these are free.

        Args:
            sources: the files.
            folder: is made if it is not there.
            what: was done, for people and for the history: "lime".

        Raises:
            UnwritableError: the log cannot be written; nothing was moved then.
        """
        with self._alone():
            taken: set[Path] = set()
            pairs = [(source, free_path(folder / source.name, taken)) for source in sources]
            return self._carry_out({"do": "move", "what": what}, pairs)

    def undo(self) -> Moved | None:
        """Move the files of the last gesture back; None if there is none.

        Raises:
            UnwritableError: the log cannot be written; nothing was moved then.
        """
        with self._alone():
            last = self._last()
            if last is None:
                return None
            taken: set[Path] = set()
            pairs = [(Path(target), free_path(Path(source), taken)) for source, target in _done(last)]
            return self._carry_out({"do": "undo", "of": last["n"]}, pairs)

    def undoable(self) -> tuple[str, int] | None:
        """What the last gesture was, and how many files it moved; None if there is nothing to undo."""
        last = self._last()
        return None if last is None else (str(last["what"]), len(_done(last)))

    def put_away(self, sources: Sequence[Path], folder: Path) -> Moved:
        """Like :meth:`move`, for what is no gesture of the user and not undone."""
        with self._alone():
            taken: set[Path] = set()
            pairs = [(source, free_path(folder / source.name, taken)) for source in sources]
            return self._carry_out({"do": "put away", "what": ""}, pairs)

    def resume(self) -> int:
        """End what a kill interrupted; returns the number of files that were moved now."""
        with self._alone():
            moved = 0
            for gesture in self._gestures():
                if "end" not in gesture:
                    moved += len(self._end(gesture).pairs)
            return moved

    def _carry_out(self, gesture: dict[str, Any], pairs: Sequence[Pair]) -> Moved:
        number = 1 + max((each["n"] for each in self._gestures()), default=0)
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        names = [[os.fspath(source), os.fspath(target)] for source, target in pairs]
        whole = {"n": number, "time": now, **gesture, "pairs": names}
        with sentence_about(self._path):
            append_whole(self._path, _line(whole), durable=True)
        return self._end(whole)

    def _end(self, gesture: dict[str, Any]) -> Moved:
        done: list[int] = []
        gone, problem = 0, ""
        for index, (source, target) in enumerate(gesture["pairs"]):
            try:
                with sentence_about(Path(target)):
                    move_file(Path(source), Path(target))
                done.append(index)
            except UnwritableError as error:
                if isinstance(error.__cause__, FileNotFoundError):
                    gone += 1
                    continue
                problem = f"{len(done)} of {len(gesture['pairs'])} files were moved. {one_line(str(error))}"
                break
        try:
            append_whole(self._path, _line({"n": gesture["n"], "end": done}), durable=True)
        except OSError:  # the next start writes it: every file is where the first line says, or not there any more
            problem = problem or f"{self._path} cannot be written."
        return Moved(tuple((Path(a), Path(b)) for a, b in (gesture["pairs"][i] for i in done)), gone, problem)

    def _gestures(self) -> list[dict[str, Any]]:
        """All gestures in order, each with its end if it has one; lines that were torn by a kill are passed over."""
        found: dict[int, dict[str, Any]] = {}
        try:
            with sentence_about(self._path):  # without it, a gesture would get the number of another
                content = self._path.read_bytes()
        except UnwritableError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return []
            raise
        for text in content.split(b"\n"):
            try:
                line = json.loads(text)
                if "pairs" in line:
                    found[line["n"]] = line
                elif line["n"] in found:
                    found[line["n"]]["end"] = line["end"]
            except (ValueError, TypeError, KeyError):
                continue
        return list(found.values())

    def _last(self) -> dict[str, Any] | None:
        gestures = self._gestures()
        undone = {each["of"] for each in gestures if each["do"] == "undo"}
        moves = (each for each in reversed(gestures) if each["do"] == "move" and each["n"] not in undone)
        return next((each for each in moves if _done(each)), None)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = self._path.with_suffix(".lock")
        with sentence_about(lock):
            handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _done(gesture: dict[str, Any]) -> list[tuple[str, str]]:
    return [tuple(gesture["pairs"][index]) for index in gesture.get("end", ())]


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode("ascii") + b"\n"  # half surrogate pairs of odd file names stay what they are
