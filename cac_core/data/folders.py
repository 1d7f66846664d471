# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Image folders: one folder per class, or a folder of things that belong to no class. No PyTorch in this file."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from cac_core.bundle.checks import class_names_problem
from cac_core.data.decode import read_image
from cac_core.data.folder_contents import LeftOut, class_folders, existing_folder, image_files
from cac_core.data.labelled_arrays import LabelledArrays
from cac_core.data.resizing import frames_to_images
from cac_core.data.wrong_root import same_below, wrong_root
from cac_core.inference_equations import UNKNOWN
from cac_core.pictures.faint import FaintFrame
from cac_core.preprocessing import Frame, Preprocessing
from cac_core.support.errors import DataError
from cac_core.support.names import by_form, one_line

TINY = 16
"""Images with a side shorter than this many pixels are kept but reported."""


def read_image_folder(
    root: str | Path, preprocessing: Preprocessing, class_names: Sequence[str] | None = None
) -> LabelledArrays:
    """Read a folder that holds one folder per class.

    Class names are the folder names in sorted order and in one form, so that folders copied from a Mac match. Hidden
    files are ignored; unreadable images and what systems put there are skipped and listed. Names that a model cannot
    have are refused before any image is read.

    Args:
        root: the folder.
        preprocessing: every image goes through its resize once.
        class_names: the known classes of a trained model; a folder with another name is then unknown (-1), and missing
            or empty classes are only reported.

    Raises:
        DataError: when there is nothing to train on: no such folder, no class folders, fewer than two classes, a
            class without a readable image, a name that no class can have, or classes that lie one level deeper.
    """
    root = existing_folder(root)
    left_out = LeftOut()
    folders = class_folders(root, left_out)
    if problem := wrong_root(root, folders, class_names):
        raise DataError(problem)
    names = tuple(folders) if class_names is None else tuple(class_names)
    if class_names is None:
        _check_names(root, names)
        left_out.notes += filter(None, [same_below(folders)])
    index = by_form(names)
    files: list[Path] = []
    labels: list[int] = []
    for name, same in folders.items():
        own = [file for folder in same for file in image_files(folder, left_out)]
        files += own
        labels += [index.get(name, UNKNOWN)] * len(own)
    loaded = _load(files, labels, names, preprocessing, left_out.all_notes(), f"reading {root.name}")
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
    root = existing_folder(root)
    left_out = LeftOut()
    files = image_files(root, left_out)
    labels = [UNKNOWN] * len(files)
    loaded = _load(files, labels, tuple(class_names), preprocessing, left_out.all_notes(), f"reading {root.name}")
    if len(loaded) == 0:
        raise DataError(f"no image below {root} could be read: put JPEG or PNG files of other things there.")
    return loaded


def class_folder_names(root: str | Path) -> tuple[str, ...]:
    """Names of the class folders below a folder, sorted, in one form.

    Raises:
        DataError: when it does not exist, holds no folder, or holds the classes one level deeper.
    """
    root = existing_folder(root)
    folders = class_folders(root, LeftOut())
    if problem := wrong_root(root, folders, None):
        raise DataError(problem)
    return tuple(folders)


def _check_names(root: Path, names: Sequence[str]) -> None:
    """Refuse what cannot be trained on, before an image is read and long before the model is written."""
    shown = one_line(str(root))
    if len(names) == 1:
        raise DataError(f"{shown} has only one class folder ({names[0]!r}): training needs at least two classes.")
    if problem := class_names_problem(names):
        advice = "Photos of other things go to a folder of their own, --data.unknown" if "is called" in problem else ""
        raise DataError(f"{shown} cannot be trained on: {problem}. {advice or 'Rename its folder'}.")


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
    faint: set[int] = set()

    def reader(i: int, path: Path) -> Callable[[], Frame]:
        def read() -> Frame:
            frame = read_image(path)
            if min(frame.pixels.shape[:2]) < TINY:
                tiny[i] = frame.pixels.shape[:2]
            if isinstance(frame, FaintFrame):
                faint.add(i)
            return frame

        return read

    jobs = [reader(i, path) for i, path in enumerate(files)]
    images, failures = frames_to_images(jobs, preprocessing, one_line(description), len(files))
    paths = [one_line(str(path)) for path in files]  # they are shown and written, and cannot be read from again
    problems += [
        f"skipped {path}: {one_line(str(why))}" for path, why in zip(paths, failures, strict=True) if why is not None
    ]
    problems += [f"{paths[i]} is only {tiny[i][1]}x{tiny[i][0]} pixels" for i in sorted(tiny)]
    if faint:
        problems.append(
            f"{len(faint)} photos of 16 bits use less than 1/16 of their range and become nearly one grey, e.g. "
            f"{paths[min(faint)]}: scale them to 8 bits with fixed limits, and the camera's images in the same way"
        )
    good = [i for i, why in enumerate(failures) if why is None]
    if len(good) < len(files):
        images = images[good]
    return LabelledArrays(
        images,
        np.array([labels[i] for i in good], dtype=np.int64),
        names,
        tuple(paths[i] for i in good),
        tuple(problems),
    )


def _empty_class(root: Path, name: str, problems: list[str]) -> str:
    sentence = f"the class folder {name!r} in {root} has no readable image: add photos or remove the folder"
    reasons = [problem for problem in problems if problem.startswith("skipped") and os.sep + name + os.sep in problem]
    return f"{sentence} ({len(reasons)} skipped, e.g. {reasons[0][len('skipped ') :]})." if reasons else f"{sentence}."
