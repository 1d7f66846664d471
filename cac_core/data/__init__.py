# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Labelled images in memory: image folders, digits, and the class splits of the paper."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cac_core.data.folders import class_folder_names, read_image_folder, read_unknown_folder
from cac_core.data.labelled_arrays import LabelledArrays, joined_arrays

if TYPE_CHECKING:
    from cac_core.data.class_splits import ClassSplit, class_split, relabel
    from cac_core.data.digits import DigitsTrial, digit_picture, load_digits_trial
    from cac_core.data.duplicates import duplicate_groups, find_duplicates, find_shared, looks
    from cac_core.data.held_out import last_split, stratified_split
    from cac_core.data.labelled import LabelledImages, joined, load_image_folder, load_unknown_folder

__all__ = [
    "ClassSplit",
    "DigitsTrial",
    "LabelledArrays",
    "LabelledImages",
    "class_folder_names",
    "class_split",
    "digit_picture",
    "duplicate_groups",
    "find_duplicates",
    "find_shared",
    "joined",
    "joined_arrays",
    "last_split",
    "load_digits_trial",
    "load_image_folder",
    "load_unknown_folder",
    "looks",
    "read_image_folder",
    "read_unknown_folder",
    "relabel",
    "stratified_split",
]

_WITH_TORCH = {
    "class_splits": ("ClassSplit", "class_split", "relabel"),
    "digits": ("DigitsTrial", "digit_picture", "load_digits_trial"),
    "duplicates": ("duplicate_groups", "find_duplicates", "find_shared", "looks"),
    "held_out": ("last_split", "stratified_split"),
    "labelled": ("LabelledImages", "joined", "load_image_folder", "load_unknown_folder"),
}
_PLACES = {name: module for module, names in _WITH_TORCH.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what needs PyTorch when it is first used: evaluating on a robot needs none of it."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
