# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every command speaks one idiom: help, spellings, mistakes and exit codes."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from cac_core.support.command import Command, run
from cac_core.support.command_words import UsageError
from cac_core.support.errors import CacError
from cac_core.support.option_types import PositiveInt, Share
from test.core.commands import (
    check_file_of_options,
    check_help,
    check_help_loads_no_pytorch,
    check_mistakes,
    check_spellings,
    command,
    commands,
)
from test.repo.sources import ROOT

COMMANDS = commands("cac_core")


@dataclass
class Place:
    """Where.

    Attributes:
        root: the folder.
        known_only: nothing else.
    """

    root: Path | None = None
    known_only: bool = False


@dataclass
class Play:
    """Play a record.

    Attributes:
        record: the record.
        place: where.
        speed: times its own pace.
        share: of it.
        repeats: how often.
        mode: how.
        tracks: which.
        names: of the tracks.
        extras: further settings.
        elsewhere: another place.
        loud: wake everybody.
    """

    record: Path
    place: Place = field(default_factory=Place)
    speed: float = 1.0
    share: Share = 0.5
    repeats: PositiveInt = 1
    mode: Literal["once", "twice"] = "once"
    tracks: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    extras: dict[str, float] = field(default_factory=dict)
    elsewhere: Place | None = None
    loud: bool = False


PLAY = Command(Play, "python -m play record", positional=("record",), aliases={"pace": "speed", "where": "place.root"})


def test_there_are_the_commands_that_people_know() -> None:
    names = {name.removesuffix(".__main__").removeprefix("cac_core.") for name in COMMANDS}
    assert {"train", "evaluate", "extend", "export", "benchmark", "import_authors_checkpoint"} <= names


@pytest.mark.parametrize("module", COMMANDS)
def test_the_help_begins_with_an_example_that_works(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    check_help(module, capsys)


@pytest.mark.parametrize("module", COMMANDS)
def test_dashes_underscores_and_dots_are_the_same(module: str) -> None:
    check_spellings(module)


@pytest.mark.parametrize("module", COMMANDS)
def test_a_mistake_is_one_line_and_status_2(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    check_mistakes(module, capsys)


@pytest.mark.parametrize("module", COMMANDS)
def test_a_file_of_options_names_only_what_exists(module: str, tmp_path: Path) -> None:
    check_file_of_options(module, tmp_path)


@pytest.mark.parametrize("module", COMMANDS)
def test_help_loads_no_pytorch(module: str) -> None:
    check_help_loads_no_pytorch(module)


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("cac_core.train", ["--data.known_unknown", "x"], ["--data.known-unknown", "x"]),
        ("cac_core.train", ["--data-root", "x", "--known_kept=0.9"], ["--data.root", "x", "--known-kept=0.9"]),
        ("cac_core.train", ["--preprocessing.mean", "[0.1, 0.2]"], ["--preprocessing.mean", "0.1", "0.2"]),
        ("cac_core.evaluate", ["m.cac", "--per_class", "true"], ["m.cac", "--per-class"]),
        ("cac_core.evaluate", ["m.cac", "--data.root", "x"], ["--model", "m.cac", "--data-root", "x"]),
        ("cac_core.extend", ["m.cac", "--data.replay", "x"], ["m.cac", "--data.rehearsal", "x"]),
        (
            "cac_core.extend",
            ["m.cac", "--data.replay_per_class=3", "--fine_tune", "true"],
            ["m.cac", "--data.rehearsal-per-class", "3", "--fine-tune"],
        ),
        (
            "cac_core.benchmark.__main__",
            ["table1", "--trials", "0", "1", "--data-root", "x", "--quick"],
            ["--experiment", "table1", "--trials=[0,1]", "--data_root", "x", "--quick", "true"],
        ),
        (
            "cac_core.benchmark.studies.photos",
            ["--root=a", "--test=b", "--unknown=c", "--config=r.yaml", "--seeds=[0,1]", "--losses=[cac]"],
            ["--root=a", "--test=b", "--unknown=c", "--recipe=r.yaml", "--seeds", "0", "1", "--losses", "cac"],
        ),
        ("cac_core.benchmark.studies.digits", ["--trials=[1]", "--config=r"], ["--trials", "1", "--recipe=r"]),
        (
            "cac_core.import_authors_checkpoint",
            ["net.pth", "--dataset", "MNIST", "--out", "m.cac", "--mean", "0.1", "--data-root", "x"],
            ["--path=net.pth", "--dataset=MNIST", "--out=m.cac", "--mean=[0.1]", "--data_root=x"],
        ),
    ],
)
def test_old_spellings_mean_the_same(module: str, old: list[str], new: list[str]) -> None:
    assert command(module).parse(old) == command(module).parse(new)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "RECORD is missing: the record. Example: python -m play record"),
        (["r", "--speeed", "2"], "there is no option --speeed; did you mean --speed?"),
        (["r", "--place.rot", "2"], "there is no option --place.rot; did you mean --place.root?"),
        (["r", "-x"], "there is no option -x."),
        (["r", "s"], "there is one word too many: s."),
        (["r", "--speed"], "--speed needs a value."),
        (["r", "--speed", "fast"], "--speed must be a number, not fast."),
        (["r", "--share", "2"], "--share must be a number above 0 and at most 1, not 2."),
        (["r", "--repeats", "0"], "--repeats must be a whole number above 0, not 0."),
        (["r", "--mode", "thrice"], "--mode must be one of once, twice, not thrice."),
        (["r", "--tracks", "1", "b"], "--tracks must be whole numbers with spaces between, not [1, b]."),
        (["r", "--loud=maybe"], "--loud must be true or false, not maybe."),
        (["r", "--elsewhere.known-only=perhaps"], "--elsewhere.known-only must be true or false, not perhaps."),
        (["r", "--config", "nowhere.yaml"], "--config nowhere.yaml cannot be read: No such file or directory."),
    ],
)
def test_what_cannot_be_understood_is_one_sentence(given: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        PLAY.parse(given)
    assert str(error.value) == sentence


def test_values_of_every_kind() -> None:
    words = ["--loud", "r", "--place.known-only", "--tracks", "1", "2", "--names", "a", "b+c", "--extras.bass", "3"]
    played = PLAY.parse([*words, "--elsewhere.root", "x", "--speed", "-1"])
    assert played.record == Path("r")
    assert (played.loud, played.place.known_only, played.speed) == (True, True, -1.0)
    assert (played.tracks, played.names, played.extras) == ((1, 2), ("a", "b+c"), {"bass": 3.0})
    assert played.elsewhere == Place(Path("x"))
    assert PLAY.parse(["r"]).elsewhere is None


def test_numbers_with_limits_arrive_as_plain_numbers() -> None:
    played = PLAY.parse(["r", "--share", "0.25", "--repeats", "3"])
    assert (type(played.share), type(played.repeats)) == (float, int)


def test_aliases_work_on_the_line_and_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("pace: 3\nwhere: home\nextras: {bass: 1}\n")
    played = PLAY.parse(["r", "--config", str(tmp_path / "a.yaml")])
    assert (played.speed, played.place.root, played.extras) == (3.0, Path("home"), {"bass": 1.0})
    assert PLAY.parse(["r", "--pace", "3"]).speed == 3.0


def test_what_comes_later_wins(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("record: r\nspeed: 3\n")
    assert PLAY.parse(["--config", str(tmp_path / "a.yaml"), "--speed", "4"]).speed == 4.0
    assert PLAY.parse(["--speed", "4", "--config", str(tmp_path / "a.yaml")]).speed == 3.0


@pytest.mark.parametrize(
    "content",
    ["place:", "speed:", "tracks:", "extras:", "mode:", "loud: null", "elsewhere: ~", "place:\n  root:", "place: {}"],
)
def test_what_has_no_value_in_a_file_means_its_default(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.yaml").write_text(content)
    assert PLAY.parse(["r", "--config", str(tmp_path / "a.yaml")]) == PLAY.parse(["r"])


def test_no_value_is_a_value_where_it_can_be_one(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("place: {root: null}")
    assert PLAY.parse(["r", "--place.root", "x", "--config", str(tmp_path / "a.yaml")]).place.root is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("speeed: 3", "there is no option speeed; did you mean speed?"),
        ("place: {rot: x}", "there is no option place.rot; did you mean place.root?"),
        ("speed: fast", "--speed must be a number, not fast."),
        ("speed: [", "is not a YAML file"),
        ("3", "holds no options"),
    ],
)
def test_a_wrong_file_of_options_is_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(UsageError) as error:
        PLAY.parse(["r", "--config", str(tmp_path / "a.yaml")])
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_printed_file_of_options_gives_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["r", "--tracks", "1", "2", "--extras.bass", "3", "--place.root", "my home", "--names", "x"]
    with pytest.raises(SystemExit) as end:
        PLAY.parse([*words, "--print-config"])
    assert end.value.code in (0, None)
    (tmp_path / "a.yaml").write_text(capsys.readouterr().out)
    assert PLAY.parse(["--config", str(tmp_path / "a.yaml")]) == PLAY.parse(words)


def interrupted() -> int:
    raise KeyboardInterrupt


def failing() -> int:
    raise CacError("the sentence")


@pytest.mark.parametrize(
    ("main", "code", "text"),
    [
        (lambda: 0, 0, ""),
        (lambda: None, 0, ""),
        (lambda: 3, 3, ""),
        (failing, 2, "error: the sentence"),
        (interrupted, 130, "interrupted"),
    ],
)
def test_exit_codes(main: object, code: int, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run(main)  # type: ignore[arg-type]
    assert end.value.code == code
    assert capsys.readouterr().err.strip() == text


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 // 0)


@pytest.mark.skipif(os.getloadavg()[0] > 1.5, reason="the machine is busy")
def test_the_help_of_evaluate_answers_within_two_seconds() -> None:
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", "cac_core.evaluate", "--help"], cwd=ROOT, capture_output=True, check=True)
    assert time.monotonic() - start < 2.0
