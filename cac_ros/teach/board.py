# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The harvested frames as the page shows them: in groups, always up to date. A thread of its own looks and groups."""

import threading
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cac_core.bundle import ModelBundle
from cac_core.support.errors import CacError
from cac_core.support.names import one_line
from cac_ros.teach.features import FeatureReader, Look
from cac_ros.teach.grouping import duplicates, group
from cac_ros.teach.harvested import HarvestedFrame, scan

_PERIOD = 2.0  # [s]; how often the folder is looked at
_AT_ONCE = 200  # pictures that are looked at before the groups are made anew
_SPARE = 1_000

Key = tuple[str, int, float]
"""A file as it was: id, size, time of its last change."""


@dataclass(frozen=True)
class Group:
    """Frames that look alike.

    Attributes:
        key: stays the same while the group grows.
        frames: the newest first; of frames that are nearly the same only the newest.
        copies: for the id of such a frame, the others.
    """

    key: str
    frames: tuple[HarvestedFrame, ...]
    copies: Mapping[str, tuple[HarvestedFrame, ...]]


class Board:
    """What lies in a harvest folder.

    Args:
        folder: the harvest folder; it need not exist yet.
        bundle: the model that looks.
    """

    def __init__(self, folder: Path, bundle: ModelBundle) -> None:
        self._folder = folder
        self._bundle = bundle
        self._lock = threading.Lock()
        self._wake, self._ends = threading.Event(), threading.Event()
        self._frames: dict[str, HarvestedFrame] = {}
        self._looks: dict[Key, Look] = {}
        self._unreadable: dict[Key, str] = {}
        self._groups: tuple[Group, ...] = ()
        self._version = 0
        self._problem = ""
        self._stale = False  # whether frames came since the groups were made
        self._thread = threading.Thread(target=self._run, name="teach_board", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ends.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def use_model(self, bundle: ModelBundle) -> None:
        """From now on another model looks; what the earlier one saw is forgotten."""
        with self._lock:
            self._bundle = bundle
            self._looks.clear()
        self._wake.set()

    def refresh(self) -> None:
        """Take notice now of what came and went."""
        self._scan()
        self._wake.set()

    def wake(self) -> None:
        """Have the folder looked at soon."""
        self._wake.set()

    def forget(self, ids: Sequence[str]) -> None:
        """Take notice now of frames that were moved away, without looking at the folder."""
        with self._lock:
            gone = {i for i in ids if self._frames.pop(i, None) is not None}
            self._drop(gone)

    def frame(self, frame_id: str) -> HarvestedFrame | None:
        """The frame of an id; None if there is none (any more)."""
        with self._lock:
            return self._frames.get(frame_id)

    def look(self, frame: HarvestedFrame) -> Look | None:
        """What the model sees in a frame; None until it has looked."""
        with self._lock:
            return self._looks.get(_key(frame))

    def groups(self) -> tuple[int, tuple[Group, ...], dict[str, Look]]:
        """A number that rises with every change; the groups, the newest first; and what the model sees, by id."""
        with self._lock:
            looks = {
                frame.id: self._looks[_key(frame)] for frame in self._frames.values() if _key(frame) in self._looks
            }
            return self._version, self._groups, looks

    @property
    def status(self) -> dict[str, object]:
        """Counts, and what is wrong."""
        with self._lock:
            seen = sum(_key(frame) in self._looks for frame in self._frames.values())
            return {
                "version": self._version,
                "frames": len(self._frames),
                "waiting": len(self._frames) - seen - len(self._unreadable),
                "unreadable": list(self._unreadable.values())[:5],
                "problem": self._problem,
            }

    def _run(self) -> None:
        reader: FeatureReader | None = None
        of: ModelBundle | None = None
        while not self._ends.is_set():
            self._wake.clear()
            try:
                bundle = self._bundle
                if reader is None or of is not bundle:
                    reader, of = FeatureReader(bundle), bundle
                self._scan()
                while (self._look_at_some(reader, bundle) or self._stale) and not self._ends.is_set():
                    self._arrange()
                self._problem = ""
            except (CacError, OSError) as error:
                self._problem = one_line(str(error))
            self._wake.wait(_PERIOD)

    def _scan(self) -> None:
        found = {frame.id: frame for frame in scan(self._folder)}
        with self._lock:
            gone = {i for i, frame in self._frames.items() if i not in found or _key(found[i]) != _key(frame)}
            new = found.keys() - self._frames.keys()
            self._frames = found
            keys = {_key(frame) for frame in found.values()}
            self._unreadable = {key: why for key, why in self._unreadable.items() if key in keys}
            self._stale = self._stale or bool(new)
            self._drop(gone)
            if len(self._looks) > 2 * len(found) + _SPARE:  # those of moved frames are kept for an undo
                self._looks = {key: look for key, look in self._looks.items() if key in keys}

    def _drop(self, gone: Set[str]) -> None:
        """Take frames out of the groups; the caller has the lock."""
        if gone:
            self._groups = tuple(filter(None, (_without(each, gone) for each in self._groups)))
            self._version += 1

    def _look_at_some(self, reader: FeatureReader, bundle: ModelBundle) -> bool:
        """Look at frames that nobody has looked at; returns whether there were any."""
        with self._lock:
            known = self._looks.keys() | self._unreadable.keys()
            waiting = [frame for frame in self._frames.values() if _key(frame) not in known][:_AT_ONCE]
        for frame in waiting:
            if self._ends.is_set() or bundle is not self._bundle:
                break
            try:
                seen = reader.look(frame.path)
            except OSError as error:
                with self._lock:
                    self._unreadable[_key(frame)] = f"{one_line(frame.path.name)}: {one_line(str(error))}"
                continue
            with self._lock:
                if bundle is self._bundle:
                    self._looks[_key(frame)] = seen
        return bool(waiting)

    def _arrange(self) -> None:
        with self._lock:
            self._stale = False
            pairs = [(f, self._looks[_key(f)]) for f in self._frames.values() if _key(f) in self._looks]
        groups = arranged([f for f, _ in pairs], [look for _, look in pairs])
        with self._lock:
            present = self._frames.keys()
            gone = {f.id for f, _ in pairs} - present
            self._groups = tuple(filter(None, (_without(each, gone) for each in groups))) if gone else groups
            self._version += 1


def arranged(frames: Sequence[HarvestedFrame], looks: Sequence[Look]) -> tuple[Group, ...]:
    """Frames, the newest first, in groups, the newest first."""
    if not frames:
        return ()
    labels = group(np.stack([look.features for look in looks]))
    same = duplicates(np.stack([look.thumbnail for look in looks]))
    groups: dict[int, dict[int, list[HarvestedFrame]]] = {}
    for frame, label, copy in zip(frames, labels.tolist(), same.tolist(), strict=True):
        groups.setdefault(label, {}).setdefault(copy, []).append(frame)
    return tuple(_group(list(members.values())) for members in groups.values())


def _group(copies: Sequence[Sequence[HarvestedFrame]]) -> Group:
    shown = tuple(each[0] for each in copies)
    oldest = min((frame for each in copies for frame in each), key=lambda frame: frame.saved)
    return Group(oldest.id, shown, {each[0].id: tuple(each[1:]) for each in copies if len(each) > 1})


def _without(group: Group, gone: Set[str]) -> Group | None:
    """The group without some frames; None if nothing is left. The next one of those folded stands for one that went."""
    left = [
        [each for each in (frame, *group.copies.get(frame.id, ())) if each.id not in gone] for frame in group.frames
    ]
    left = [each for each in left if each]
    if not left:
        return None
    copies = {each[0].id: tuple(each[1:]) for each in left if len(each) > 1}
    return Group(group.key, tuple(each[0] for each in left), copies)


def _key(frame: HarvestedFrame) -> Key:
    return frame.id, frame.size, frame.changed
