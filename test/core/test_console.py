# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Any console: other encodings, readers that went away, no streams, forty columns; and long work that speaks."""

import io
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import pytest
from rich.console import Console

from cac_core.support import console, pulse
from cac_core.support.names import listed
from cac_core.support.streams import Stream
from cac_core.training.summary_table import next_commands
from cac_core.training.validation_split import hygiene
from test.core.commands import check_any_console, check_nobody_reads, commands
from test.repo.sources import ROOT

COMMANDS = commands("cac_core")
STDOUT = cast("IO[str]", Stream("stdout"))


@pytest.mark.parametrize("module", COMMANDS)
def test_help_on_a_poor_console(module: str, tmp_path: Path) -> None:
    check_any_console(module, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("module", COMMANDS)
def test_help_that_nobody_reads(module: str) -> None:
    check_nobody_reads(module)


class Standard(io.TextIOWrapper):
    """Standard output with an encoding of its own."""

    def __init__(self, encoding: str) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding=encoding)

    def text(self) -> str:
        self.flush()
        return self.bytes.getvalue().decode(self.encoding)


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("utf-8", "θ … 牛奶", "θ … 牛奶"),
        ("ascii", "θ = 1 … 2 ± 3", "theta = 1 ... 2 +- 3"),
        ("ascii", "牛奶 豆奶", r"\u725b\u5976 \u8c46\u5976"),
        ("latin-1", "Käse → ü", "Käse -> ü"),
        ("cp1252", "γ – 牛", "gamma – \\u725b"),
        ("utf-8", "a\udcffb", r"a\udcffb"),
        ("ascii", "a\udcffb😀", r"a\udcffb\U0001f600"),
    ],
)
def test_what_an_encoding_lacks_is_spelt_otherwise(
    encoding: str, text: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    standard = Standard(encoding)
    monkeypatch.setattr(sys, "stdout", standard)
    Console(file=STDOUT, soft_wrap=True).print(text, markup=False, highlight=False)
    assert standard.text() == f"{shown}\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_table_of_any_names_in_any_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    standard = Standard(encoding)
    monkeypatch.setattr(sys, "stdout", standard)
    names = ["[red] mug", "[blue] mug", "a[/b]", "[x]", "😀", "牛奶"]
    table = console.table("Images of [x]", ("class", "θ"), [(name, "1") for name in names])
    Console(file=STDOUT, soft_wrap=True, width=60).print(table)
    printed = standard.text()
    for name in ("Images of [x]", *names[:4]):
        assert name in printed
    assert ("牛奶" in printed) == (encoding == "utf-8")


@pytest.mark.parametrize("width", [26, 30, 40, 80, 200])
def test_a_narrow_terminal_cuts_no_figure(width: int) -> None:
    target = io.StringIO()
    table = console.table("T", ("wanted", "θ", "known kept"), [("0.95 (chosen)", "1.234e+04", "0.951")])
    Console(file=target, width=width, soft_wrap=True).print(table)
    printed = target.getvalue()
    assert "…" not in printed
    assert max(map(len, printed.splitlines())) <= width
    columns = [[cells[i].strip() for cells in rows(printed)] for i in range(3)]
    assert ["".join(column).replace(" ", "") for column in columns] == ["0.95(chosen)", "1.234e+04", "0.951"]


def rows(printed: str) -> list[list[str]]:
    return [line.strip("│").split("│") for line in printed.splitlines() if line.startswith("│")]


@pytest.mark.parametrize("missing", ["stdin", "stdout", "stderr"])
def test_a_process_without_streams_writes_into_no_file(missing: str, tmp_path: Path) -> None:
    code = """if True:
        import os, sys
        from cac_core.support import console
        from cac_core.support.command import run
        def main():
            with open("result", "w") as file:
                os.write(1, b"a library")
                os.write(2, b"a library")
                print("printed")
                console.out.print("result")
                console.warn("careful")
                file.write("kept")
        run(main)"""
    number = ("stdin", "stdout", "stderr").index(missing)
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {number}>&-', sys.executable, code], cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "result").read_text() == "kept"


@pytest.mark.parametrize("action", ["console.out.print('x')", "console.warn('x')", "console.say('x')"])
def test_work_goes_on_when_nobody_reads(action: str, tmp_path: Path) -> None:
    code = f"""if True:
        import time
        from pathlib import Path
        from cac_core.support import console
        from cac_core.support.command import run
        def main():
            time.sleep(0.3)
            for _ in range(2000):
                {action}
            Path("finished").touch()
        run(main)"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(30) == 0
    assert (tmp_path / "finished").exists()


def test_a_full_disk_is_still_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(full, encoding="utf-8", write_through=True))
        with pytest.raises(OSError, match="space"):
            Console(file=STDOUT).print("x")
        monkeypatch.undo()


@pytest.mark.parametrize(
    "path", ["m.cac", "my models/m.cac", "it's.cac", 'say "cup".cac', "$HOME/m.cac", "a;b&c.cac", "牛奶 (1).cac"]
)
def test_a_command_to_run_next_can_be_pasted(path: str) -> None:
    for words in next_commands(Path(path)):
        printed = shlex.join(words)
        shown = subprocess.run(["sh", "-c", f"printf '%s\\n' {printed}"], capture_output=True, text=True, check=True)
        assert shown.stdout.splitlines() == list(words)


@pytest.mark.parametrize(
    ("count", "end"), [(1, "class 0"), (2, "class 1"), (10, "class 9"), (11, "class 9 and 1 more"), (300, "290 more")]
)
def test_of_many_names_ten_are_listed(count: int, end: str) -> None:
    text = listed([f"class {i}" for i in range(count)])
    assert text.endswith(end)
    assert text.count("class") == min(count, 10)


def test_a_warning_about_three_hundred_classes_stays_short() -> None:
    (note,) = hygiene({"few_photos": [f"class {i} (3)" for i in range(300)]})
    assert "and 290 more" in note
    assert len(note) < 300


# -- long work ----------------------------------------------------------------------------------------------------


def an_activity(seconds: float) -> None:
    with console.activity("calibrating"):
        time.sleep(seconds)


def an_activity_in_another(seconds: float) -> None:
    with console.activity("training"), console.activity("calibrating"):
        time.sleep(seconds)


def a_bar(seconds: float) -> None:
    with console.progress_bar() as bar:
        bar.add_task("calibrating", total=7)
        time.sleep(seconds)


def a_bar_without_end(seconds: float) -> None:
    with console.progress_bar() as bar:
        bar.add_task("calibrating", total=None)
        time.sleep(seconds)


def steps(seconds: float) -> None:
    for _ in console.track(range(10), "calibrating", total=10):
        time.sleep(seconds / 10)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "FIRST", 0.2)
    monkeypatch.setattr(pulse, "NEXT", 0.2)


@pytest.mark.parametrize("work", [an_activity, an_activity_in_another, a_bar, a_bar_without_end, steps])
def test_long_work_speaks_soon_and_again(
    work: Callable[[float], None], impatient: None, capsys: pytest.CaptureFixture[str]
) -> None:
    work(1.0)
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert printed.out == ""
    assert len(lines) >= 2
    assert all(re.fullmatch(r"calibrating(: \d+( of \d+)?)?, \d+ s", line) for line in lines), lines


def test_a_line_about_steps_says_how_many_are_done(impatient: None, capsys: pytest.CaptureFixture[str]) -> None:
    steps(1.0)
    done = [int(line.split()[1]) for line in capsys.readouterr().err.splitlines()]
    assert done == sorted(done)
    assert done[-1] > 0


def test_a_promise_of_five_and_thirty_seconds() -> None:
    assert pulse.FIRST * (1 + 1 / 8) < 5.0
    assert pulse.NEXT + pulse.FIRST / 8 < 30.0


def test_short_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    an_activity(0.01)
    steps(0.05)
    assert capsys.readouterr().err == ""


def test_who_speaks_by_itself_is_not_interrupted(impatient: None, capsys: pytest.CaptureFixture[str]) -> None:
    with console.activity("calibrating"):
        for _ in range(20):
            console.say("an epoch")
            time.sleep(0.05)
    assert set(capsys.readouterr().err.splitlines()) == {"an epoch"}


def test_every_command_speaks_although_it_names_nothing(tmp_path: Path) -> None:
    code = """if True:
        import time
        from cac_core.support import pulse
        from cac_core.support.command import run
        pulse.FIRST = 0.2
        run(lambda: time.sleep(1.0))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert re.match(r"working, \d s\n", done.stderr)
