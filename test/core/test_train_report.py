# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page about a training shows what happened, needs nothing else, and takes names for text."""

import base64
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from cac_core import equations
from cac_core.data import find_duplicates, load_image_folder
from cac_core.inference_equations import UNKNOWN
from cac_core.model import build_model
from cac_core.reports.plots.logit_plane import principal_plane
from cac_core.reports.thumbnail import thumbnail
from cac_core.training import DataConfig, ScheduleConfig, TrainConfig
from cac_core.training.calibrate import Calibrated, make_bundle
from cac_core.training.finishing import TrainingResult
from cac_core.training.sources import load_training_data
from cac_core.training.training_page import (
    _duplicates,
    confused_pairs,
    nearest_to_rejection,
    projection_figure,
    write_training_page,
)
from test.core.photos import write_folder, write_photo
from test.core.trainings import photo_config, tiny_config, train

Trained = tuple[TrainConfig, TrainingResult, Calibrated]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A training on photos with everything that the page can show, and what it ended with."""
    place = tmp_path_factory.mktemp("shop")
    write_folder(place / "photos", names=("red", "green", "<b>blue</b>"), count=16)
    (place / "photos" / "green" / "copy.png").write_bytes((place / "photos" / "red" / "00.png").read_bytes())
    (place / "photos" / "red" / "cut.png").write_bytes(b"x")
    for i in range(6):
        write_photo(place / "other" / f"{i}.png", (180, 180, 20), seed=i)
    data = DataConfig(root=place / "photos", unknown=place / "other", known_unknown=None, validation_share=0.25)
    config = photo_config(place / "photos", place / "m.cac", data=data, schedule=ScheduleConfig("one_cycle", epochs=4))
    result = train(config)
    model = build_model(result.bundle)
    again = make_bundle(model.backbone, result.bundle.backbone, load_training_data(config), config, torch.device("cpu"))
    return config, result, again


def test_the_page_holds_everything_and_loads_nothing(trained: Trained) -> None:
    config, result, _ = trained
    page = (config.run_folder / "report.html").read_text()
    for text in (result.bundle.model_id, "Curves", "Logit space", "Likely duplicates", "cut.png", "copy.png", "AUROC"):
        assert text in page
    for warning in result.warnings:
        assert warning.split(":")[0].split("<")[0] in page
    outside = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", outside)
    assert "<script src" not in page


def test_a_class_name_is_text_and_no_markup(trained: Trained) -> None:
    config, _, _ = trained
    page = (config.run_folder / "report.html").read_text()
    assert "<b>blue</b>" not in page
    assert "&lt;b&gt;blue&lt;/b&gt;" in page


def test_images_nearest_to_the_threshold_come_first_on_their_side(trained: Trained) -> None:
    _, _, calibrated = trained
    theta = float(calibrated.bundle.thresholds.theta()[0])
    smallest = calibrated.gamma.min(dim=1).values
    paths = calibrated.data.validation.paths
    scores = dict(zip(paths, smallest.tolist(), strict=True))
    shown = {side: [scores[p.path] for p in pictures] for side, pictures in nearest_to_rejection(calibrated).items()}
    assert shown["just kept"] == sorted((s for s in scores.values() if s <= theta), reverse=True)[:12]
    assert shown["rejected"] == sorted(s for s in scores.values() if s > theta)[:12]


def test_confused_pairs_are_counted_and_shown(trained: Trained) -> None:
    _, _, calibrated = trained
    labels = calibrated.data.validation.labels
    gamma = torch.full((len(labels), 3), 5.0)
    gamma[torch.arange(len(labels)), labels] = 1.0
    assert confused_pairs(replace(calibrated, gamma=gamma)) == []
    first = torch.nonzero(labels == 2).flatten()
    gamma[first[:2], 0] = 0.5
    gamma[torch.nonzero(labels == 1).flatten()[0], 2] = 0.5
    (worst, second) = confused_pairs(replace(calibrated, gamma=gamma))
    names = calibrated.bundle.class_names
    assert worst[:4] == (names[2], names[0], 2, len(first))
    assert second[:3] == (names[1], names[2], 1)
    assert worst[4].path == calibrated.data.validation.paths[int(first[0])]


def test_the_plane_is_that_of_the_largest_variance_and_never_fails() -> None:
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(200, 2)) * (5.0, 2.0)
    turn = np.linalg.qr(rng.normal(size=(6, 6))).Q[:2]
    logits = (flat @ turn + 3.0).astype(np.float32)
    plane = principal_plane(logits)
    assert sum(plane.shares) == pytest.approx(1.0)
    np.testing.assert_allclose(plane.axes.T @ plane.axes, np.eye(2), atol=1e-5)
    back = plane.project(logits) @ plane.axes.T + plane.mean
    np.testing.assert_allclose(back, logits, atol=1e-4)
    for odd in (np.zeros((1, 3)), np.ones((5, 3)), np.array([[np.nan] * 3, [1.0, 2.0, 3.0]])):
        _, axes, share = principal_plane(odd.astype(np.float32))
        assert axes.shape == (3, 2)
        assert all(np.isfinite(share))


def test_the_projection_shows_validation_unknown_and_centres(trained: Trained) -> None:
    _, _, calibrated = trained
    traces = projection_figure(calibrated).data
    points = sum(len(trace.x) for trace in traces)
    assert points == len(calibrated.data.validation) + 6 + 3


def test_thumbnails_keep_colours_and_are_small() -> None:
    image = np.full((224, 224, 3), (20, 100, 200), dtype=np.uint8)
    content = base64.b64decode(thumbnail(image, 112).split(",")[1])
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == (112, 112, 3)
    assert np.abs(pixels[50, 50].astype(int) - (20, 100, 200)).max() < 6
    assert thumbnail(np.zeros((16, 16, 1), dtype=np.uint8), 112).startswith("data:image/jpeg;base64,")


def test_grey_digits_have_a_page_too_and_it_can_be_left_out(tmp_path: Path) -> None:
    schedule = ScheduleConfig("one_cycle", epochs=1)
    config = tiny_config(tmp_path / "d.cac", schedule=schedule)
    with_page = train(config)
    assert "Curves" in (config.run_folder / "report.html").read_text()
    without = train(tiny_config(tmp_path / "other" / "d.cac", schedule=schedule, report=False))
    assert not (without.path.with_name("d.cac.run") / "report.html").exists()
    assert without.bundle.checksum == with_page.bundle.checksum  # the page is no part of the model


def test_everything_rejected_or_everything_kept_is_shown(trained: Trained, tmp_path: Path) -> None:
    _, result, calibrated = trained
    nothing = replace(calibrated, gamma=torch.full_like(calibrated.gamma, 1e9))
    assert (equations.decide(nothing.gamma, calibrated.bundle.thresholds.theta()) == UNKNOWN).all()
    page = write_training_page(nothing, result.bundle, result.history, tmp_path).read_text()
    assert "<h3>just kept</h3>" not in page
    assert "<h3>rejected</h3>" in page


def test_the_page_shows_the_duplicates_found_in_dividing(
    trained: tuple[TrainConfig, TrainingResult, Calibrated],
) -> None:
    config, _, calibrated = trained
    assert config.data.root is not None
    images = load_image_folder(config.data.root, calibrated.data.preprocessing)
    found = [(images.paths[i], images.paths[j]) for i, j in find_duplicates(images.images).tolist()]
    assert len(found) == 1
    assert list(calibrated.data.duplicates) == found
    assert [(one.path, other.path) for one, other in _duplicates(calibrated)] in (found, [found[0][::-1]])
