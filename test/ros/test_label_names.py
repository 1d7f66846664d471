# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A label means a class however it was typed: on a Mac, with blanks, in quotes."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from cac_ros.replay.labels import Interval, LabelError, Labels, read_label_file
from cac_ros.replay.results import UNKNOWN, no_answer, with_labels

KNOWN = ("Käse", "cup", "[red] mug", "우유", "a, b")


def mac(name: str) -> str:
    return unicodedata.normalize("NFD", name)


TYPED = [
    (mac("Käse"), "Käse"), ("Käse", "Käse"), ("  cup ", "cup"), ('"cup "', "cup"), ("\u00a0cup", "cup"),
    ("[red] mug", "[red] mug"), (mac("우유"), "우유"), ('"a, b"', "a, b"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "meant"), TYPED)
@pytest.mark.parametrize("form", [str, mac])
def test_a_label_is_the_class_that_is_meant(tmp_path: Path, typed: str, meant: str, form: type[str]) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f"start,end,label\n0,1,{typed}\n", encoding="utf-8")
    names = [form(name) for name in KNOWN]
    (row,) = with_labels([no_answer(0, 500_000_000, 0)], read_label_file(path, 0), names)
    assert row.truth == KNOWN.index(meant)
    assert row.label == names[KNOWN.index(meant)], "as the model spells it, so that notes and tables agree"


@pytest.mark.parametrize("typed", ["Cup", "cup 2", "Kase", "unknown", "red mug", "c up"])
def test_another_name_stays_unknown(typed: str) -> None:
    labels = Labels([Interval(0, 10**9, typed, "line 2")], "labels.csv")
    (row,) = with_labels([no_answer(0, 5, 0)], labels, KNOWN)
    assert (row.truth, row.label) == (UNKNOWN, typed)


@pytest.mark.parametrize("typed", ["\u202ecup", "a\x1b[31m", "x" * 256, '""', "\u200e"])
def test_a_label_that_no_class_can_have_is_refused(tmp_path: Path, typed: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f"start,end,label\n0,1,{typed}\n", encoding="utf-8")
    with pytest.raises(LabelError, match="line 2: the label"):
        read_label_file(path, 0)


def test_a_frame_without_a_label_stays_without() -> None:
    labels = Labels([Interval(0, 10, "cup", "line 2")], "labels.csv")
    (row,) = with_labels([replace(no_answer(0, 10**9, 0))], labels, KNOWN)
    assert row.truth is None
