# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Promises that every command keeps; the tests of cac_core and of cac_ros hold their commands to them."""

import importlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cac_core.support.command import Command, run
from cac_core.support.command_words import UsageError
from test.repo.sources import ROOT

POOR = {
    "PYTHONIOENCODING": "ascii", "LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0",
    "COLUMNS": "40", "HOME": "/nonexistent", "XDG_CACHE_HOME": "/proc/cache",
}  # fmt: skip
"""What the environment of the poorest console says."""


def commands(*folders: str) -> list[str]:
    """Names of the modules in these folders that end with ``run(main)``, as they are started."""
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.read_text(encoding="utf-8").endswith('\nif __name__ == "__main__":\n    run(main)\n'):
                found.append(path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."))
    return found


def started_as(module: str) -> str:
    """What comes before the options of a command."""
    name = module.removesuffix(".__main__")
    package, _, measurement = name.partition(".")
    return f"python -m performance {measurement}" if package == "performance" and measurement else f"python -m {name}"


def command(module: str) -> "Command[object]":
    found: Command[object] = importlib.import_module(module).COMMAND
    return found


def words(module: str) -> list[str]:
    """The example of a command without what starts it."""
    start = started_as(module)
    example = command(module).example
    assert example.startswith(f"{start} ") or example == start
    return shlex.split(example.removeprefix(start))


def check_help(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The help begins with an example that can be parsed, and lists every option with a text."""
    with pytest.raises(SystemExit) as end:
        importlib.import_module(module).main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"example: {started_as(module)}")
    assert text.splitlines()[0] == f"example: {command(module).example}"
    command(module).parse(words(module))
    for option in command(module).names.listed():
        shown = option.name.upper() if option.name in command(module).positional else option.spelling
        assert not option.text or f"  {shown}" in text, option.name
        assert option.text or option.name == "part", f"{option.name} has no text: describe it in its dataclass"


def check_help_loads_no_pytorch(module: str) -> None:
    """The help answers without the training stack."""
    code = f"import sys, {module} as m\ntry: m.main(['--help'])\nexcept SystemExit: sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0


def check_spellings(module: str) -> None:
    """Dashes, underscores and dots are one."""
    names = command(module).names
    for name, option in names.options.items():
        for given in {name, name.replace("_", "-"), name.replace(".", "-"), name.replace(".", "_")}:
            assert names.find(given) == (name, option)


def check_mistakes(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option and a missing value are one line with what may have been meant, and status 2."""
    main = importlib.import_module(module).main
    for given, sentence in ((["--hepl"], "there is no option --hepl; did you mean --help?"), (["--config"], "")):
        with pytest.raises(SystemExit) as end:
            run(lambda given=given: main([*words(module), *given]) if module != "performance.__main__" else main(given))  # type: ignore[misc]
        assert end.value.code == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("error: ")
        assert len(printed.err.splitlines()) == 1
        assert sentence in printed.err


def check_file_of_options(module: str, tmp_path: Path) -> None:
    """A printed file of options gives the same again."""
    file = tmp_path / "options.yaml"
    file.write_text("colour: red\n")
    if "config" in command(module).aliases:  # there, it is an old name of --recipe
        return
    with pytest.raises(UsageError, match="there is no option colour"):
        command(module).parse(["--config", str(file)])


def check_any_console(module: str, folder: Path) -> None:
    """The help comes with ASCII, no language, 40 columns, no terminal, no home, no cache, elsewhere."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    start = [sys.executable, "-m", module.removesuffix(".__main__"), "--help"]
    done = subprocess.run(
        start, cwd=folder, env=kept | POOR | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode("ascii")
    assert text.startswith(f"example: {started_as(module)}")
    notes = command(module).notes.splitlines()
    texts = [line for line in text.splitlines() if line.startswith(" " * 6) and line not in notes]
    assert all(len(line.replace("theta", "θ").replace("...", "…")) <= 40 for line in texts)


def started_poorly(words: str, folder: Path, output: str = "kept") -> "subprocess.CompletedProcess[bytes]":
    """One command on the poorest console with its output kept, closed, or given to a reader that goes away."""
    start = [sys.executable, "-m", *words.split()]
    shell = {"kept": 'exec "$@"', "closed": 'exec "$@" >&-', "unread": '"$@" | true'}[output]
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return subprocess.run(
        ["sh", "-c", shell, "sh", *start], cwd=folder, env=kept | POOR | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False,
    )  # fmt: skip


def check_poor_run(words: str, folder: Path, output: str = "kept") -> str:
    """The command works, prints nothing but ASCII, and no traceback; gives what it printed."""
    done = started_poorly(words, folder, output)
    said = done.stderr.decode("ascii")
    assert done.returncode == 0, said
    assert "Traceback" not in said
    return done.stdout.decode("ascii") + said


def check_nobody_reads(module: str) -> None:
    """A help whose reader is gone, or that has no standard output, ends without an error."""
    start = [sys.executable, "-m", module.removesuffix(".__main__"), "--help"]
    with subprocess.Popen(start, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (0, b"")
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *start]
    done = subprocess.run(closed, cwd=ROOT, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
