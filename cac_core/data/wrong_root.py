# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A folder that is one level off: ``photos`` instead of ``photos/train``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cac_core.data.decode import SUFFIXES
from cac_core.data.folder_contents import LeftOut
from cac_core.support.names import listed, one_line, same_form

PARTS = ("train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval")
"""Names of the parts of a data set, in lower case."""


def wrong_root(root: Path, folders: Mapping[str, Sequence[Path]], class_names: Sequence[str] | None) -> str:
    """A sentence when the class folders are not classes but hold them; empty when nothing looks wrong.

    Args:
        root: the folder that was given.
        folders: its class folders by name.
        class_names: of a trained model; None for a training, which takes every folder for a class.
    """
    below = {name: _folders_only(paths) for name, paths in folders.items()}
    if class_names is None:
        meant = _parts(below)
    else:
        known = set(map(same_form, class_names))
        meant = [] if known & set(folders) else [name for name, inner in below.items() if inner & known]
    if not meant:
        return ""
    first = sorted(meant, key=lambda name: _preference(name, class_names is None))[0]
    return (
        f"{one_line(str(root))} holds {listed(list(folders), 5)}, and the classes seem to lie one level deeper "
        f"({listed(sorted(below[first]), 3)}): did you mean {one_line(str(folders[first][0]))}?"
    )


def same_below(folders: Mapping[str, Sequence[Path]]) -> str:
    """A note when every class folder holds folders of the same names and no photo: perhaps those are the classes."""
    below = [_folders_only(paths) for paths in folders.values()]
    shared = set.intersection(*below) if len(below) > 1 else set()
    if len(shared) < 2 or any(inner != shared for inner in below):
        return ""
    return (
        f"{listed(list(folders), 5)} are the classes, and each of them holds {listed(sorted(shared), 5)}: if those are "
        "the classes, give one folder less deep or put their photos together"
    )


def _parts(below: Mapping[str, set[str]]) -> list[str]:
    """Those folders that are parts of a data set: two with the same folders in them, or nothing but parts."""
    parts = [name for name, inner in below.items() if name.lower() in PARTS and inner]
    shared = [name for name in parts if any(below[name] & below[other] for other in parts if other != name)]
    return shared or (parts if all(name.lower() in PARTS for name in below) else [])


def _folders_only(paths: Sequence[Path]) -> set[str]:
    """Names of the folders in these folders; none when photos lie beside them."""
    ignored = LeftOut()
    entries = [entry for path in paths for entry in path.iterdir() if not ignored.skips(entry.name)]
    if any(entry.suffix.lower() in SUFFIXES and entry.is_file() for entry in entries):
        return set()
    return {same_form(entry.name) for entry in entries if entry.is_dir()}


def _preference(name: str, training: bool) -> tuple[bool, str]:
    return not name.lower().startswith("train" if training else "test"), name
