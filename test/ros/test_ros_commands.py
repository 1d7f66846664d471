# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The commands of cac_ros and of the measurements speak the same idiom as those of cac_core."""

from pathlib import Path

import pytest

from test.core.commands import (
    check_any_console,
    check_file_of_options,
    check_help,
    check_help_loads_no_pytorch,
    check_mistakes,
    check_nobody_reads,
    check_spellings,
    command,
    commands,
)

COMMANDS = commands("cac_ros", "performance")


def test_there_are_the_commands_that_people_know() -> None:
    assert {"cac_ros.replay.__main__", "cac_ros.demo", "cac_ros.parameters.__main__"} <= set(COMMANDS)
    assert {"performance.__main__", "performance.node", "performance.memory"} <= set(COMMANDS)


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
def test_help_on_a_poor_console(module: str, tmp_path: Path) -> None:
    check_any_console(module, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("module", COMMANDS)
def test_help_that_nobody_reads(module: str) -> None:
    check_nobody_reads(module)


@pytest.mark.parametrize("module", COMMANDS)
def test_help_loads_no_pytorch(module: str) -> None:
    check_help_loads_no_pytorch(module)


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        (
            "cac_ros.replay.__main__",
            ["bag", "--model", "m.cac", "--out", "o", "--labels-topic", "/label", "--per-class", "--known-kept=0.9"],
            ["--bag=bag", "--model=m.cac", "--out=o", "--labels_topic=/label", "--per_class=true", "--known_kept=0.9"],
        ),
        ("cac_ros.demo", ["--trial", "3", "--out", "d"], ["--trial=3", "--out=d"]),
        ("performance.batches", ["--image-size", "32", "--sizes", "1", "2"], ["--image_size=32", "--sizes=[1,2]"]),
        ("performance.node", ["--part", "--frames", "5"], ["--part=true", "--frames=5"]),
    ],
)
def test_old_spellings_mean_the_same(module: str, old: list[str], new: list[str]) -> None:
    assert command(module).parse(old) == command(module).parse(new)


def test_what_follows_the_name_of_a_measurement_is_its_own() -> None:
    words = ["--device", "cpu", "memory", "--frames", "20", "--help"]
    options = command("performance.__main__").parse(words)
    assert (options.name, options.options, options.device) == ("memory", ("--frames", "20", "--help"), "cpu")  # type: ignore[attr-defined]
