# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names of all kinds go through training, evaluation, extension and export, and come out as they went in."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cac_core.bundle import load_bundle
from cac_core.support.errors import TrainingError
from cac_core.train import COMMAND
from cac_core.training.checks import check
from test.core.photos import write_photo
from test.core.trainings import photo_config
from test.repo.sources import ROOT

CLASSES = ["[red] mug", "[blue] mug", "a[b]", "牛奶", 'it\'s "it"', ":smile:", "<b>bold", "x" * 255]
FILES = ["caf\udce9.png", "a\nb.png", "[x].png", "\x1b[31m.png", "y" * 251 + ".png"]
COLOURS = [(250, 20, 20), (20, 20, 250), (20, 250, 20), (250, 250, 250), (5, 5, 5), (250, 250, 20), (20, 250, 250)]


def photos(place: Path, names: list[str]) -> Path:
    for number, name in enumerate(names):
        for k in range(5):
            write_photo(place / name / f"{k}.png", COLOURS[number % len(COLOURS)], seed=10 * number + k)
    return place


def run(*words: object, encoding: str = "utf-8") -> str:
    env = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "2000", "CUDA_VISIBLE_DEVICES": ""}
    command: list[str | bytes] = [sys.executable, "-m", *(os.fsencode(str(word)) for word in words)]
    done = subprocess.run(command, capture_output=True, env=env, cwd=ROOT, timeout=170, check=False)
    text = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, text
    assert "Traceback" not in text
    assert "\x1b" not in text
    return text


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose own name is hostile, with photos and a trained model."""
    place = tmp_path_factory.mktemp("names") / "caf\udce9 [x]"
    photos(place / "photos", CLASSES)
    for number, name in enumerate(FILES):
        write_photo(place / "photos" / CLASSES[0] / name, COLOURS[0], seed=100 + number)
        (place / "photos" / CLASSES[1] / name).write_text("no picture")
    options = place / "options.json"
    settings = photo_config(place / "photos", place / "m.cac").to_dict()
    settings["data"]["root"], settings["out"] = None, "x.cac"
    settings["schedule"] |= {"epochs": 1, "second_epochs": 0}
    options.write_text(json.dumps(settings))
    words = ["--config", options, "--data.root", place / "photos", "--out", place.parent / "[m] 牛.cac"]
    (place / "said.txt").write_text(run("cac_core.train", *words), encoding="utf-8")
    shutil.copy(place.parent / "[m] 牛.cac", place)
    return place


@pytest.mark.parametrize("out", ["caf\udce9/m.cac", "caf\udce9.cac", "a\nb.cac", "unknown\x1b.cac", "x" * 256 + ".cac"])
def test_an_out_that_cannot_be_written_is_refused_before_photos_are_read(tmp_path: Path, out: str) -> None:
    write_photo(tmp_path / "photos" / "a" / "1.png")
    with pytest.raises(TrainingError):
        check(photo_config(tmp_path / "photos", tmp_path / out))


@pytest.mark.parametrize(
    "path",
    [
        "[m].cac",
        "#1",
        "~",
        "&x",
        "a: b",
        "a #b",
        "{a}",
        "'q",
        '"',
        "12",
        "1e3",
        "true",
        "-",
        "caf\udce9",
        "a\nb",
        "牛 奶",
    ],
)
def test_a_path_on_the_command_line_is_what_was_typed(path: str) -> None:
    config = COMMAND.parse([f"--data.root={path}", "--out", f"x/{path}"])
    assert (config.data.root, config.out) == (Path(path), Path("x") / path)


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSES)
def test_training_shows_and_keeps_each_name(place: Path, name: str) -> None:
    assert name in (place / "said.txt").read_text(encoding="utf-8")
    assert name in load_bundle(place / "[m] 牛.cac").class_names


@pytest.mark.slow
def test_evaluation_shows_and_keeps_names(place: Path) -> None:
    said = run("cac_core.evaluate", place / "[m] 牛.cac", "--data.root", place / "photos", "--out", place / "e")
    assert "[m] 牛.cac" in said
    for shown in ("caf\\udce9.png", "a\\nb.png", "[x].png", "\\x1b[31m.png"):
        assert shown in said
    with (place / "e" / "scores.csv").open(encoding="utf-8", newline="") as file:
        labels = {row["label"] for row in csv.DictReader(file)}
    assert labels == set(CLASSES)
    json.loads((place / "e" / "metrics.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_console_without_the_letters_stops_nothing(place: Path) -> None:
    words = ["cac_core.evaluate", place / "[m] 牛.cac", "--data.root", place / "photos", "--out", place / "e"]
    assert "\\u725b" in run(*words, encoding="ascii")


@pytest.mark.slow
def test_extension_shows_and_keeps_names(place: Path) -> None:
    new = ["[green] mug", "Käse"]
    photos(place / "new", new)
    words = ["--data.add", place / "new", "--data.rehearsal", place / "photos", "--out", place.parent / "m2.cac"]
    said = run("cac_core.extend", place / "[m] 牛.cac", *words, "--graph", "false")
    for name in (*CLASSES, *new):
        assert name in said
    assert set(load_bundle(place.parent / "m2.cac").class_names) == {*CLASSES, *new}
