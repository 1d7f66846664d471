# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What lies in a folder of photos: class folders, photos, and what is left out with a note. No file is opened."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from cac_core.data.decode import NOT_SUPPORTED, SUFFIXES
from cac_core.support.errors import DataError
from cac_core.support.names import one_line, same_form
from cac_core.support.regular_files import no_file_because

SYSTEM_NAMES = frozenset(
    {
        "#recycle", "#snapshot", "$recycle.bin", ".@__thumb", ".ds_store", ".fseventsd", ".spotlight-v100", ".trashes",
        "@eadir", "__macosx", "desktop.ini", "ehthumbs.db", "lost+found", "recycler", "system volume information",
        "thumbs.db",
    }
)  # fmt: skip
"""What systems and network drives put into folders, in lower case; never photos that somebody wants."""


@dataclass
class LeftOut:
    """What was found in a folder and is not read.

    Attributes:
        system: how often each name of a system was met.
        notes: one sentence for everything else.
    """

    system: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def skips(self, name: str) -> bool:
        """Whether a file or folder of this name is hidden or of a system; the latter is counted."""
        if name.lower() in SYSTEM_NAMES:
            self.system[name] += 1
            return True
        return name.startswith(".")

    def all_notes(self) -> list[str]:
        """The sentences; names of systems are told once for all."""
        if not self.system:
            return self.notes
        names = (name if count == 1 else f"{name} ({count} times)" for name, count in sorted(self.system.items()))
        return [*self.notes, f"skipped what systems put there: {one_line(', '.join(names))}"]


def existing_folder(root: str | Path) -> Path:
    """The folder; raises DataError when there is none."""
    root = Path(root).expanduser()
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise DataError(
            f"the image folder {one_line(str(root))} {what}: give a folder that holds one folder of images per class."
        )
    return root


def class_folders(root: Path, left_out: LeftOut) -> dict[str, list[Path]]:
    """The folders of each class below a folder, by sorted name.

    Names are brought to one form (:func:`cac_core.support.names.same_form`). Two folders can then have one name: both
    belong to the class, and a note says so.

    Raises:
        DataError: when there is no folder in it.
    """
    shown = one_line(str(root))
    entries = [path for path in sorted(root.iterdir()) if not left_out.skips(path.name)]
    folders: dict[str, list[Path]] = {}
    for path in entries:
        if not path.is_dir():
            if problem := no_file_because(path):
                left_out.notes.append(f"skipped {one_line(str(path))}: it {problem}")
        elif _is_within(root, path):
            left_out.notes.append(f"skipped {one_line(str(path))}: the link leads back to {shown} or above it")
        else:
            folders.setdefault(same_form(path.name), []).append(path)
    loose = [path for path in entries if path.suffix.lower() in SUFFIXES | NOT_SUPPORTED and path.is_file()]
    if not folders:
        what = "holds images but no class folders" if loose else "is empty"
        raise DataError(f"{shown} {what}: make one folder per class and put its images there.")
    if loose:
        left_out.notes.append(
            f"{len(loose)} images lie directly in {shown}, in no class folder, and are not used: e.g. "
            f"{one_line(loose[0].name)}"
        )
    for name, same in folders.items():
        if len(same) > 1:
            spellings = " and ".join(repr(path.name) for path in same)
            left_out.notes.append(f"the folders {spellings} have one name and are read as the class {name!r}")
    return dict(sorted(folders.items()))


def image_files(folder: Path, left_out: LeftOut) -> list[Path]:
    """Image files below a folder in sorted order. Links are followed; no folder is read twice.

    Pipes, devices and what cannot be listed are left out, before anything waits for them.
    """
    images: list[Path] = []
    others: list[Path] = []
    seen = {_identity(folder), _identity(folder.parent)}

    def unlisted(error: OSError) -> None:
        left_out.notes.append(f"skipped {one_line(str(error.filename))}: it cannot be listed ({error.strerror})")

    for parent, folders, names in os.walk(folder, onerror=unlisted, followlinks=True):
        folders[:] = [name for name in sorted(folders) if not left_out.skips(name)]
        for name in list(folders):
            identity = _identity(Path(parent, name))
            if identity in seen:
                folders.remove(name)
                shown = one_line(str(Path(parent, name)))
                left_out.notes.append(f"skipped {shown}: the link leads to a folder that is read already")
            seen.add(identity)
        for name in sorted(names):
            path = Path(parent, name)
            if left_out.skips(name):
                continue
            if problem := no_file_because(path):
                left_out.notes.append(f"skipped {one_line(str(path))}: it {problem}")
            else:
                (images if path.suffix.lower() in SUFFIXES | NOT_SUPPORTED else others).append(path)
    if others:
        left_out.notes.append(
            f"ignored {len(others)} files of {one_line(str(folder))} without an image's extension, e.g. "
            f"{one_line(others[0].name)}"
        )
    return images


def _identity(path: Path) -> tuple[int, int]:
    """The same for two paths that lead to one folder."""
    found = path.stat()
    return found.st_dev, found.st_ino


def _is_within(folder: Path, above: Path) -> bool:
    """Whether a folder is, or lies below, another one; links are followed."""
    target = above.resolve()
    return target == folder.resolve() or target in folder.resolve().parents
