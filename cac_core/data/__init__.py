# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Labelled images in memory: image folders, digits, and the class splits of the paper."""

from cac_core.data.class_splits import ClassSplit, class_split, relabel
from cac_core.data.digits import DigitsTrial, digit_picture, load_digits_trial
from cac_core.data.duplicates import duplicate_groups, find_duplicates
from cac_core.data.folders import class_folder_names, load_image_folder, load_unknown_folder
from cac_core.data.held_out import last_split, stratified_split
from cac_core.data.labelled import LabelledImages, joined

__all__ = [
    "ClassSplit",
    "DigitsTrial",
    "LabelledImages",
    "class_folder_names",
    "class_split",
    "digit_picture",
    "duplicate_groups",
    "find_duplicates",
    "joined",
    "last_split",
    "load_digits_trial",
    "load_image_folder",
    "load_unknown_folder",
    "relabel",
    "stratified_split",
]
