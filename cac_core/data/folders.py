# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Image folders: one folder per class, or a folder of things that belong to no class. No PyTorch in this file."""

import os
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from cac_core.data.decode import NOT_SUPPORTED, SUFFIXES, read_image
from cac_core.data.labelled_arrays import LabelledArrays
from cac_core.data.resizing import frames_to_images
from cac_core.decision import UNKNOWN
from cac_core.preprocessing import Frame, Preprocessing
from cac_core.support.errors import DataError

TINY = 16
"""Images with a side shorter than this many pixels are kept but reported."""


def read_image_folder(
    root: str | Path, preprocessing: Preprocessing, class_names: Sequence[str] | None = None
) -> LabelledArrays:
    """Read a folder that holds one folder per class.

    Class names are the folder names in sorted order (in Unicode NFC, so that folders copied from a Mac match). Hidden
    files are ignored; unreadable images are skipped and listed.

    Args:
        root: the folder.
        preprocessing: every image goes through its resize once.
        class_names: the known classes of a trained model; a folder with another name is then unknown (-1), and missing
            or empty classes are only reported.

    Raises:
        DataError: when there is nothing to train on: no such folder, no class folders, fewer than two classes, or a
            class without a readable image.
    """
    root = _existing_folder(root)
    folders = {unicodedata.normalize("NFC", folder.name): folder for folder in _class_folders(root)}
    names = tuple(sorted(folders)) if class_names is None else tuple(class_names)
    if class_names is None and len(folders) == 1:
        raise DataError(f"{root} has only one class folder ({names[0]!r}): training needs at least two classes.")
    index = {name: i for i, name in enumerate(names)}
    files: list[Path] = []
    labels: list[int] = []
    problems: list[str] = []
    for name in sorted(folders):
        own, notes = _image_files(folders[name])
        files += own
        labels += [index.get(name, UNKNOWN)] * len(own)
        problems += notes
    loaded = _load(files, labels, names, preprocessing, problems, f"reading {root.name}")
    problems = list(loaded.problems)
    empty = [name for name, count in loaded.counts().items() if count == 0]
    if empty and class_names is None:
        raise DataError(_empty_class(root, empty[0], problems))
    if len(loaded) == 0:
        raise DataError(f"no image below {root} could be read: put JPEG or PNG files into one folder per class.")
    problems += [f"no image of the known class {name!r} in {root}" for name in empty]
    return LabelledArrays(loaded.images, loaded.labels, names, loaded.paths, tuple(problems))


def read_unknown_folder(root: str | Path, preprocessing: Preprocessing, class_names: Sequence[str]) -> LabelledArrays:
    """Read every image below a folder, however nested, as unknown (-1).

    Raises:
        DataError: when the folder does not exist or holds no readable image.
    """
    root = _existing_folder(root)
    files, problems = _image_files(root)
    labels = [UNKNOWN] * len(files)
    loaded = _load(files, labels, tuple(class_names), preprocessing, problems, f"reading {root.name}")
    if len(loaded) == 0:
        raise DataError(f"no image below {root} could be read: put JPEG or PNG files of other things there.")
    return loaded


def class_folder_names(root: str | Path) -> tuple[str, ...]:
    """Names of the class folders below a folder, sorted, in Unicode NFC.

    Raises:
        DataError: when it does not exist or holds no folder.
    """
    return tuple(sorted(unicodedata.normalize("NFC", folder.name) for folder in _class_folders(_existing_folder(root))))


def _load(
    files: list[Path],
    labels: list[int],
    names: tuple[str, ...],
    preprocessing: Preprocessing,
    problems: list[str],
    description: str,
) -> LabelledArrays:
    problems = list(problems)
    tiny: dict[int, tuple[int, ...]] = {}

    def reader(i: int, path: Path) -> Callable[[], Frame]:
        def read() -> Frame:
            frame = read_image(path)
            if min(frame.pixels.shape[:2]) < TINY:
                tiny[i] = frame.pixels.shape[:2]
            return frame

        return read

    jobs = [reader(i, path) for i, path in enumerate(files)]
    images, failures = frames_to_images(jobs, preprocessing, description, len(files))
    problems += [f"skipped {path}: {why}" for path, why in zip(files, failures, strict=True) if why is not None]
    problems += [f"{files[i]} is only {tiny[i][1]}x{tiny[i][0]} pixels" for i in sorted(tiny)]
    good = [i for i, why in enumerate(failures) if why is None]
    if len(good) < len(files):
        images = images[good]
    return LabelledArrays(
        images,
        np.array([labels[i] for i in good], dtype=np.int64),
        names,
        tuple(str(files[i]) for i in good),
        tuple(problems),
    )


def _existing_folder(root: str | Path) -> Path:
    root = Path(root).expanduser()
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise DataError(f"the image folder {root} {what}: give a folder that holds one folder of images per class.")
    return root


def _class_folders(root: Path) -> list[Path]:
    folders = [path for path in sorted(root.iterdir()) if path.is_dir() and not _is_hidden(path.name)]
    if not folders:
        loose = any(path.suffix.lower() in SUFFIXES for path in root.iterdir())
        what = "holds images but no class folders" if loose else "is empty"
        raise DataError(f"{root} {what}: make one folder per class and put its images there.")
    return folders


def _image_files(folder: Path) -> tuple[list[Path], list[str]]:
    """Image files below a folder in sorted order, and a note on what else lies there."""
    images: list[Path] = []
    others: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for name in sorted(names):
            path = Path(parent, name)
            if _is_hidden(name) or name in ("Thumbs.db", "desktop.ini"):
                continue
            known = path.suffix.lower() in SUFFIXES | NOT_SUPPORTED
            (images if known else others).append(path)
    notes = (
        [f"ignored {len(others)} files of {folder} without an image's extension, e.g. {others[0].name}"]
        if others
        else []
    )
    return images, notes


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _empty_class(root: Path, name: str, problems: list[str]) -> str:
    sentence = f"the class folder {name!r} in {root} has no readable image: add photos or remove the folder"
    reasons = [problem for problem in problems if problem.startswith("skipped") and os.sep + name + os.sep in problem]
    return f"{sentence} ({len(reasons)} skipped, e.g. {reasons[0][len('skipped ') :]})." if reasons else f"{sentence}."
