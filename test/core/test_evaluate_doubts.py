# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An evaluation says when its photos were trained on, and when known objects lie among the other things."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cac_core.data import load_image_folder, load_unknown_folder
from cac_core.data.contradictions import SEEN, doubts_about_test, looks_as_bytes, looks_in_file
from cac_core.data.labelled import LabelledImages, joined
from cac_core.evaluate import EvaluateConfig, EvaluationData, evaluate_model
from cac_core.preprocessing import Preprocessing
from cac_core.training.run import train
from test.core.trainings import photo_config

SMALL = Preprocessing(32)
NAMES = ("box", "cup")


def scenes(place: Path, first: int, count: int = 6) -> Path:
    """Photos that all differ."""
    for number, name in enumerate(NAMES):
        for k in range(count):
            path = place / name / f"{k}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(first + 100 * number + k).integers(0, 255, (9, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((72, 72), Image.Resampling.BICUBIC).save(path)
    return place


@pytest.fixture
def trained(tmp_path: Path) -> LabelledImages:
    return load_image_folder(scenes(tmp_path / "train", 0), SMALL)


def seen_file(trained: LabelledImages, place: Path) -> Path:
    path = place / SEEN
    path.write_bytes(looks_as_bytes([trained.images[:5], trained.images[5:]]))
    return path


def test_photos_of_another_day_are_beyond_doubt(tmp_path: Path, trained: LabelledImages) -> None:
    test = load_image_folder(scenes(tmp_path / "test", 1000), SMALL, NAMES)
    assert doubts_about_test(test, looks_in_file(seen_file(trained, tmp_path))) == []


@pytest.mark.parametrize("way", ["copy", "jpeg", "smaller", "other name", "other class"])
def test_a_photo_that_was_trained_on_is_told(tmp_path: Path, trained: LabelledImages, way: str) -> None:
    test = scenes(tmp_path / "test", 1000)
    source = tmp_path / "train" / "cup" / "2.png"
    picture = Image.open(source)
    if way == "smaller":
        picture.resize((50, 50)).save(test / "cup" / "2.png")
    elif way == "jpeg":
        picture.save(test / "cup" / "2.jpg", quality=80)
    else:
        name = {"copy": "cup/2.png", "other name": "cup/z.png", "other class": "box/z.png"}[way]
        shutil.copy(source, test / name)
    (note,) = doubts_about_test(load_image_folder(test, SMALL, NAMES), looks_in_file(seen_file(trained, tmp_path)))
    assert note.startswith("1 of 1")
    assert "likely trained on" in note


def test_known_objects_among_the_other_things_are_told(tmp_path: Path) -> None:
    test = scenes(tmp_path / "test", 1000)
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(test / "cup" / "3.png", other / "x.png")
    images = joined(load_image_folder(test, SMALL, NAMES), load_unknown_folder(other, SMALL, NAMES))
    (note,) = doubts_about_test(images, None)
    assert "cup/3.png" in note


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04", "cut", "foreign", None])
def test_a_damaged_file_of_looks_is_as_if_there_were_none(
    tmp_path: Path, trained: LabelledImages, content: bytes | str | None
) -> None:
    path = seen_file(trained, tmp_path)
    if content is None:
        path.unlink()
    elif content == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif content == "foreign":
        np.savez(path, hashes=np.zeros((3, 5), np.uint8), thumbnails=np.zeros((3, 3, 8, 8), np.uint8))
    else:
        path.write_bytes(content)  # type: ignore[arg-type]
    assert looks_in_file(path) is None


@pytest.mark.slow
def test_the_command_tells_after_a_real_training(tmp_path: Path) -> None:
    config = photo_config(scenes(tmp_path / "train", 0, 8), tmp_path / "m.cac")
    train(replace(config, schedule=replace(config.schedule, epochs=1, second_epochs=0)))
    test = scenes(tmp_path / "test", 1000)
    data = EvaluationData(root=test)
    assert evaluate_model(EvaluateConfig(tmp_path / "m.cac", data, device="cpu")).images.problems == ()
    data = EvaluationData(root=tmp_path / "train")
    (problem,) = evaluate_model(EvaluateConfig(tmp_path / "m.cac", data, device="cpu")).images.problems
    assert problem.startswith("16 of 16 test photos were likely trained on")
