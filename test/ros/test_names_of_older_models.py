# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An older model can know `cup` and `cup `: it answers as before, and no folder or label is taken for either."""

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cac_core.bundle import load_bundle, save_bundle
from cac_core.data import load_image_folder
from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame
from cac_core.support.errors import DataError
from cac_core.training.extension_data import _new_class_names
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.run import replay
from test.core.bundles import tiny_bundle
from test.core.photos import write_folder
from test.ros.recordings import write_labels, write_rosbag2

TWINS = [("cup", "cup "), (" cup", "cup"), ("cup", "cup\u00a0"), ("cup", "cup\u3000"),
         ("Käse", unicodedata.normalize("NFD", "Käse")), ("우유", unicodedata.normalize("NFD", "우유"))]  # fmt: skip
twins = pytest.mark.parametrize("names", TWINS)


@twins
def test_it_answers_with_both_names(tmp_path: Path, names: tuple[str, str]) -> None:
    save_bundle(tiny_bundle(("box", *names)), tmp_path / "m.cac")
    bundle = load_bundle(tmp_path / "m.cac")
    assert bundle.class_names == ("box", *names)
    (decision,) = Predictor(bundle, "torch").predict([Frame(np.zeros((32, 32, 3), np.uint8), "rgb")])
    assert decision.rejection_scores.shape == (3,)


@twins
def test_photos_in_folders_cannot_say_which(tmp_path: Path, names: tuple[str, str]) -> None:
    bundle = tiny_bundle(("box", *names))
    write_folder(tmp_path / "photos", ("box", names[0].strip()), count=1)
    with pytest.raises(DataError, match="differ only in blanks or in Unicode form"):
        load_image_folder(tmp_path / "photos", bundle.preprocessing, bundle.class_names)
    write_folder(tmp_path / "new", ("jug", "can"), count=1)
    with pytest.raises(DataError, match="differ only in blanks or in Unicode form"):
        _new_class_names(tmp_path / "new", tmp_path / "photos", bundle)


@twins
def test_labels_of_a_bag_cannot_say_which(tmp_path: Path, names: tuple[str, str]) -> None:
    save_bundle(tiny_bundle(("red", *names)), tmp_path / "m.cac")
    write_rosbag2(tmp_path / "bag", ["red"] * 2)
    options: dict[str, Any] = {
        "model": tmp_path / "m.cac",
        "bag": tmp_path / "bag",
        "out": tmp_path / "out",
        "engine": "torch",
    }
    labels = write_labels(tmp_path / "labels.csv", ["red"] * 2)
    with pytest.raises(DataError, match="differ only in blanks or in Unicode form"):
        replay(ReplayConfig(**options, labels=labels))
    if names == TWINS[0]:
        assert len(replay(ReplayConfig(**options)).rows) == 2
