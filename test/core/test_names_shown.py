# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names are text: what people call things neither colours, breaks nor stops what a command prints."""

import ast
import io
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from rich.console import Console

from cac_core.support import console
from cac_core.support.names import one_line, same_form
from test.repo.sources import ROOT

HOSTILE = [
    "[x]", "[red] mug", "[blue] mug", "a[/b]", "[/]", "[bold", ":smile:", "\\[x]", "a\nb", "\x1b[31mred", "\udce4",
    "牛奶", "👩‍🚒 cup", "'quoted'", '"twice"', "x" * 255, "ü" * 127, "$HOME", "%s {0}", "<b>",
]  # fmt: skip


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What both consoles write."""
    text = io.StringIO()
    for each in (console.out, console.err):
        monkeypatch.setattr(each, "_file", text)
        monkeypatch.setattr(each, "_width", 2000)
    return text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_table_shows_the_name_in_every_cell(name: str, printed: io.StringIO) -> None:
    console.out.print(console.table(f"about {name}", ("class", name), [(name, "1"), ("other", name)]))
    text = printed.getvalue()
    assert text.count(one_line(name)) == 4
    assert "\x1b" not in text
    text.encode()


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("say", ["warn", "fail", "print"])
def test_a_sentence_shows_the_name(name: str, say: str, printed: io.StringIO) -> None:
    if say == "print":
        console.out.print(f"about {name}")
        assert f"about {name}" in printed.getvalue()
        return
    with pytest.raises(SystemExit) if say == "fail" else pytest.MonkeyPatch.context():
        getattr(console, say)(f"about {name}")
    shown = printed.getvalue()
    assert shown.splitlines()[0].endswith(one_line(name.splitlines()[0]))
    assert "\x1b" not in shown
    assert all(line.startswith("    ") for line in shown.splitlines()[1:]), "no second line looks like one of ours"


def test_a_progress_bar_shows_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=text, force_terminal=True, width=200, markup=False, emoji=False))
    assert list(console.track([1], "reading [x] a[/b]")) == [1]
    assert "reading [x] a[/b]" in text.getvalue()


def test_every_console_is_one_that_prints_text_as_text() -> None:
    assert not any(each._markup or each._emoji for each in (console.out, console.err))
    for package in ("cac_core", "cac_ros", "performance"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            made = {
                call.func.id
                for call in ast.walk(tree)
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
            }
            assert path.name == "console.py" or not made & {"Console", "Table"}, path
            markup = [word.value for word in ast.walk(tree) if isinstance(word, ast.keyword) and word.arg == "markup"]
            assert not any(isinstance(value, ast.Constant) and value.value for value in markup), path


def test_a_path_that_no_console_can_write_is_escaped(tmp_path: Path) -> None:
    code = "from cac_core.support import console, command; command.run(lambda: console.out.print('caf\\udce9 牛奶'))"
    for encoding, shown in (("utf-8", "caf\\udce9 牛奶"), ("ascii", "caf\\udce9 \\u725b\\u5976")):
        env = {"PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, timeout=60, check=True)
        assert done.stdout.decode().strip() == shown


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (unicodedata.normalize("NFD", "Käse"), "Käse"), ("Käse", "Käse"), ("cup ", "cup"), ("\tcup\n", "cup"),
        ("\u00a0cup\u3000", "cup"), (unicodedata.normalize("NFD", "우유"), "우유"), ("\u212bl", "Ål"), ("a b", "a b"),
        ("Cup", "Cup"), ("[x]", "[x]"), ("\udce4", "\udce4"), (" ", ""),
    ],
)  # fmt: skip
def test_names_have_one_form(typed: str, kept: str) -> None:
    assert same_form(typed) == kept
    assert same_form(kept) == kept


def test_only_one_function_brings_names_to_their_form() -> None:
    for package in ("cac_core", "cac_ros"):
        for path in (ROOT / package).rglob("*.py"):
            found = re.findall(r"normalize\(\"NF\w+\"", path.read_text(encoding="utf-8"))
            assert not found or path.name in ("names.py", "overlay.py", "lettering.py"), path
