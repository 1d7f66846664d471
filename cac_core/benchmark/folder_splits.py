# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's protocol on a user's labelled image folder: splits by class name from a JSON file."""

import json
from pathlib import Path
from typing import Any

from cac_core.data import ClassSplit
from cac_core.support.errors import DataError
from cac_core.support.names import same_form


def folder_classes(folder: Path) -> tuple[str, ...]:
    """Class names of a folder, sorted: those below ``train`` and ``test`` if it has both, else its own.

    An unknown class needs images in ``test`` only.

    Raises:
        DataError: when there are none.
    """
    parts = [folder / "train", folder / "test"]
    tops = parts if all(part.is_dir() for part in parts) else [folder]
    if not folder.is_dir():
        raise DataError(
            f"the dataset folder {folder} does not exist: give one that holds a folder of images per class."
        )
    names = {same_form(path.name) for top in tops for path in top.iterdir() if path.is_dir()}
    found = tuple(sorted(name for name in names if not name.startswith(".") and name != "__MACOSX"))
    if not found:
        raise DataError(f"{folder} has no class folders: make one folder per class and put its images there.")
    return found


def read_folder_splits(folder: Path, splits: Path | None, family: str, trial: int) -> ClassSplit:
    """One split of a user's folder.

    Args:
        folder: the images.
        splits: JSON ``{family: {NAME: [{"known": [names], "unknown": [names]}, …]}}``, NAME being the folder's; or one
            level less, ``{family: […]}``.
        family: which family.
        trial: position in its list.

    Raises:
        DataError: when the file is missing or not of that form, or names a class that has no folder.
    """
    if splits is None:
        raise DataError(
            "--dataset-folder needs --splits FILE.json, which says what is known and unknown in each trial."
        )
    try:
        families = json.loads(splits.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"the splits file {splits} does not exist: give a JSON file with --splits.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"the splits file {splits} is not JSON ({error}): correct it.") from error
    trials = _trials(families, splits, family, folder.resolve().name)
    if not 0 <= trial < len(trials):
        raise DataError(f"{family} in {splits} has no trial {trial}; choose 0 to {len(trials) - 1}.")
    chosen = trials[trial]
    classes = folder_classes(folder)
    parts = []
    for kind in ("known", "unknown"):
        names = chosen.get(kind) if isinstance(chosen, dict) else None
        if not isinstance(names, list) or not names:
            raise DataError(f"trial {trial} of {family} in {splits} needs a list of class names under {kind!r}.")
        for name in names:
            if name not in classes:
                raise DataError(
                    f"{splits} names the class {name!r}, but {folder} has no such folder: correct one of them."
                )
        parts.append(tuple(sorted({classes.index(name) for name in names})))
    known, unknown = parts
    both = set(known) & set(unknown)
    if both:
        raise DataError(f"trial {trial} of {family} in {splits} has {classes[min(both)]!r} as known and as unknown.")
    if len(known) < 2:
        raise DataError(f"trial {trial} of {family} in {splits} has one known class: at least two are needed.")
    return ClassSplit(family, folder.resolve().name, trial, known, unknown)


def _trials(families: Any, splits: Path, family: str, name: str) -> list[Any]:
    if not isinstance(families, dict) or family not in families:
        found = f"; it has {', '.join(families)}" if isinstance(families, dict) and families else ""
        raise DataError(f"{splits} has no split family {family!r}{found}: choose one with --family.")
    trials = families[family]
    if isinstance(trials, dict):
        if name not in trials:
            raise DataError(f"{family} in {splits} has no dataset {name!r}; it has {', '.join(trials)}.")
        trials = trials[name]
    if not isinstance(trials, list) or not trials:
        raise DataError(f"{family} in {splits} must be a list of trials with known and unknown class names.")
    return trials
