# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names can be shown and published; files that somebody names are regular ones up to a limit, read without a wait."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cac_core.support.limits import NAME_BYTES
from cac_core.support.names import name_problem, one_line, several_lines
from cac_core.support.regular_files import UnreadableFileError, read_regular_file


@pytest.mark.parametrize("name", ["cup", "a tall box", "größe", "نیم‌فاصله", "👩‍🚒", "x" * NAME_BYTES, "a/b: <c>"])
def test_a_name_in_any_language_is_fine(name: str) -> None:
    assert name_problem(name) == ""
    assert one_line(name) == name


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("\ud800", r"cannot be shown (\ud800)"),
        ("a\n[ERROR] all is lost", r"cannot be shown (a\n[ERROR] all is lost)"),
        ("\x1b[2J", r"cannot be shown (\x1b[2J)"),
        ("cup\u202e", r"cannot be shown (cup\u202e)"),
        ("cup\u2028", r"cannot be shown (cup\u2028)"),
        ("", "is empty"),
        ("  ", "is empty"),
        ("ü" * 200, "is longer than 255 bytes"),
        ("x" * 10_000_000, "is longer than 255 bytes"),
        (["cup"], "is no text but list"),
        (None, "is no text but NoneType"),
    ],
)
def test_what_is_no_name_is_told_why(name: object, sentence: str) -> None:
    assert sentence in name_problem(name)
    assert len(name_problem(name)) < 400


@given(st.text(st.characters(codec=None)))
def test_text_of_any_origin_becomes_lines_that_can_be_written(text: str) -> None:
    assert "\n" not in one_line(text).encode().decode()
    assert all(line.startswith("    ") for line in several_lines(text).encode().decode().split("\n")[1:])


def test_a_regular_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular_file(path, 5) == b"12345"
    with pytest.raises(UnreadableFileError, match="is too large"):
        read_regular_file(path, 4)


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def sparse(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(5 << 30)
    return path


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (pipe, "is a named pipe"),
        (sparse, "is too large: 5,369 MB, and at most 1,000 MB are read"),
        (lambda path: Path("/dev/zero"), "is a device"),
        (lambda path: path.parent, "is a folder"),
        (lambda path: path, "does not exist"),
        (lambda path: path.parent / ("x" * 300), "cannot be read"),
        (lambda path: str(path) + "\0", "cannot be read"),
        (lambda path: str(path) + "\ud800", r"\ud800 cannot be read"),
    ],
)
def test_what_blocks_or_has_no_end_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], Path | str], sentence: str
) -> None:
    with pytest.raises(UnreadableFileError) as error:
        read_regular_file(make(tmp_path / "x"), 10**9)
    assert sentence in str(error.value)


def test_a_file_of_the_kernel_that_never_ends_gives_nothing() -> None:
    assert read_regular_file("/proc/self/status", 10) == b"", "its size is said to be 0"
