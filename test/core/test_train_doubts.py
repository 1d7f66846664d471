# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photos that make every figure wrong are warned about: known objects among others, one class that drowns the rest."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cac_core.training.config import DataConfig, TrainConfig
from cac_core.training.sources import load_training_data
from cac_core.training.validation_split import hygiene
from test.core.trainings import photo_config


def photos(place: Path, counts: dict[str, int]) -> Path:
    """Photos that differ from each other: coarse noise of 24 pixels."""
    for number, (name, count) in enumerate(counts.items()):
        for k in range(count):
            write_scene(place / name / f"{k}.png", 1000 * number + k)
    return place


def write_scene(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (9, 9, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((72, 72), Image.Resampling.BICUBIC).save(path)


def config(place: Path, **data: Any) -> TrainConfig:
    return photo_config(place / "photos", place / "m.cac", data=replace(DataConfig(root=place / "photos"), **data))


@pytest.mark.parametrize("option", ["unknown", "known_unknown"])
@pytest.mark.parametrize("as_what", ["copy", "jpeg", "smaller", "link", "deeper"])
def test_known_objects_among_other_things_are_told(tmp_path: Path, option: str, as_what: str) -> None:
    known = photos(tmp_path / "photos", {"cup": 8, "box": 8}) / "cup" / "3.png"
    other = photos(tmp_path / "other", {"": 6})
    if as_what == "link":
        (other / "x.png").symlink_to(known)
    elif as_what == "deeper":
        (other / "a" / "b").mkdir(parents=True)
        shutil.copy(known, other / "a" / "b" / "x.png")
    else:
        picture = Image.open(known)
        smaller = picture.resize((48, 48)) if as_what == "smaller" else picture
        smaller.save(other / ("x.jpg" if as_what == "jpeg" else "x.png"))
    # The other things of this folder are scenes of their own; seeds of the first class are those of the cups.
    for path in other.glob("[0-9].png"):
        path.unlink()
    write_scene(other / "other.png", 99_999)
    data = load_training_data(config(tmp_path, **{option: other}))
    assert data.summary["known_among_unknown"]["pairs"] == 1
    (note,) = [note for note in hygiene(data.summary) if "other things" in note]
    assert "cup/3.png" in note
    json.dumps(data.summary)


def test_other_things_that_are_other_things_leave_no_trace(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cup": 8, "box": 8})
    write_scene(tmp_path / "other" / "1.png", 99_999)
    data = load_training_data(config(tmp_path, unknown=tmp_path / "other"))
    assert "known_among_unknown" not in data.summary
    assert "lopsided" not in data.summary


@pytest.mark.parametrize(
    ("counts", "warned"),
    [
        ({"cup": 18, "box": 2}, True), ({"cup": 2, "box": 30}, True), ({"a": 45, "b": 2, "c": 3}, True),
        ({"cup": 17, "box": 3}, False), ({"a": 8, "b": 8, "c": 8}, False),
    ],
)  # fmt: skip
def test_one_class_with_nine_tenths_of_all_photos_is_told(tmp_path: Path, counts: dict[str, int], warned: bool) -> None:
    photos(tmp_path / "photos", counts)
    notes = hygiene(load_training_data(config(tmp_path)).summary)
    assert bool([note for note in notes if note.startswith(max(counts, key=counts.__getitem__) + " has 90%")]) == warned
