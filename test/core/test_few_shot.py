# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ruler for few photos: splits, pairs and their intervals, one JSON per network, and it goes on where it was."""

import json
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cac_core.benchmark.scores.features import FeatureDistance, log_gamma, standardised
from cac_core.benchmark.studies import few_shot_networks, few_shot_run
from cac_core.benchmark.studies.few_shot import main
from cac_core.benchmark.studies.few_shot_splits import choose, photos_of, split_of, without_a_look, write_links
from cac_core.benchmark.studies.paired import Pair, compare, splits_missing
from cac_core.support.errors import DataError
from test.core.photos import write_photo

RECIPE = """\
preprocessing: {image_size: 16}
model: {backbone: paper, options: {width: 0.0625}}
data: {validation_share: 0.25}
optimiser: {lr: 0.02, batch_size: 16}
schedule: {kind: one_cycle, epochs: 1}
"""
COLOURS = {"blue": (20, 20, 250), "green": (20, 250, 20), "red": (250, 20, 20), "grey": (99, 99, 99)}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number, (name, colour) in enumerate(COLOURS.items()):
        for k in range(12):
            write_photo(tmp_path / "photos" / name / f"{name}_{k:03d}.png", colour, seed=100 * number + k)
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    (tmp_path / "slow.yaml").write_text(RECIPE.replace("0.02", "0.001"))
    return tmp_path / "photos"


def pair(split: int, lead: float, photos: int = 60, seed: int = 0) -> Pair:
    """Scores of which ours separates better by about ``lead``."""
    generator = np.random.default_rng(seed + split)
    unknown = np.arange(photos) % 2 == 0
    other = generator.normal(unknown * 1.0)
    return Pair(split, other + lead * unknown, other, unknown)


def test_a_score_beside_itself_differs_by_nothing() -> None:
    found = compare([pair(0, 0.0), pair(1, 0.0)])
    assert (found.mean, found.low, found.high, found.more) == (0.0, 0.0, 0.0, 0)


@pytest.mark.parametrize("splits", [1, 2, 5])
def test_the_interval_holds_the_mean_and_a_clear_lead_is_seen(splits: int) -> None:
    found = compare([pair(k, 2.0) for k in range(splits)])
    assert found.low <= found.mean <= found.high
    assert found.low > 0.05
    assert (found.more is None) == (splits == 1)


def test_seeds_of_one_split_are_no_further_splits() -> None:
    one = [pair(0, 1.0), pair(1, 1.0)]
    twice = compare([*one, *one])
    assert twice == compare(one)
    assert twice.splits == 2


def test_more_splits_are_needed_where_they_differ_more() -> None:
    assert splits_missing([0.01, 0.03], 0.01) == 14  # (2.8 · 0.01414 / 0.01)² = 15.7
    assert splits_missing([0.0, 0.1], 0.01) == 391
    assert splits_missing([0.02, 0.02, 0.02], 0.01) == 0
    assert splits_missing([0.02], 0.01) is None


def test_a_split_is_the_same_for_everybody_and_differs_from_the_next(photos: Path) -> None:
    names = sorted(COLOURS)
    chosen = [choose(number, names, 2) for number in range(8)]
    assert chosen == [choose(number, names[::-1], 2) for number in range(8)]
    assert len(set(chosen)) > 2
    for wrong in (1, 4, 0):
        with pytest.raises(DataError, match="--known must be 2 to 3"):
            choose(0, names, wrong)


def test_no_photo_is_trained_on_and_tested_on(photos: Path, tmp_path: Path) -> None:
    found = photos_of(photos)
    generator = np.random.default_rng(0)
    features = {file: generator.normal(size=4).astype(np.float32) for files in found.values() for file in files}
    train, test = without_a_look(found, features)
    for name, files in found.items():
        assert sorted([*train[name], *test[name]]) == files
        assert 1 <= len(test[name]) <= len(files) // 2
    split = split_of(0, ("blue", "red"), train, test, 5, found)
    assert split.unknown == {name: found[name] for name in ("green", "grey")}
    assert {name: len(files) for name, files in split.train.items()} == {"blue": 5, "red": 5}
    write_links(split, tmp_path / "links")
    assert {path.name for path in (tmp_path / "links" / "train").rglob("blue_*.png")} == {
        file.name for file in split.train["blue"]
    }


def test_the_look_that_differs_most_is_held_out(photos: Path) -> None:
    found = {"blue": photos_of(photos)["blue"]}
    look = [0] * 5 + [1] * 4 + [9] * 2 + [99]  # one photo alone is no look
    features = {
        file: np.array([x, 0.01 * i], np.float32) for i, (file, x) in enumerate(zip(found["blue"], look, strict=True))
    }
    _, held_out = without_a_look(found, features)
    assert held_out["blue"] in (found["blue"][9:], found["blue"][9:11])


def test_the_feature_distance_is_literally_that_of_mahalanobis() -> None:
    generator = np.random.default_rng(0)
    x, labels = generator.normal(size=(60, 5)).astype(np.float32), np.arange(60) % 3
    distance = FeatureDistance()
    distance.fit(x, labels)
    new = generator.normal(size=(7, 5)).astype(np.float32)
    covariance = np.linalg.inv(distance.precision)
    means = [x[labels == k].mean(0, dtype=np.float64) for k in range(3)]

    def literal(v: NDArray[np.float32]) -> float:
        return float(min(np.sqrt((v - m) @ np.linalg.solve(covariance, v - m)) for m in means))

    np.testing.assert_allclose(distance.score(new), [literal(v.astype(np.float64)) for v in new], rtol=1e-6)
    np.testing.assert_allclose(distance.score(new)[:1], distance.score(new[:1]))


def test_log_gamma_and_standard_deviations_are_finite_for_odd_values() -> None:
    assert np.isfinite(log_gamma(np.array([0.0, 1e-30, 10.0]))).all()
    assert standardised(np.array([1.0, 3.0]), np.array([1.0, 1.0])).tolist() == [0.0, 2.0]


@pytest.mark.slow
def test_the_command_compares_resumes_and_refuses_other_settings(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = [str(tmp_path / "tiny.yaml"), str(tmp_path / "slow.yaml")]
    words = ["--root", str(photos), "--splits", "2", "--known", "2", "--per-class", "6", "--out", str(tmp_path / "out")]
    assert main([*words, "--recipes", *recipes]) == 0
    networks = sorted((tmp_path / "out" / "networks").iterdir())
    assert [file.name for file in networks] == [
        f"{recipe}_6_split{split}_seed0.json" for recipe in ("slow", "tiny") for split in (0, 1)
    ]
    record = json.loads(networks[0].read_text())
    assert {len(scores) for scores in record["scores"].values()} == {len(record["labels"])}
    assert set(record["labels"]) == {-1, 0, 1}
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    pairs = {(row["ours"].rpartition(": ")[2], row["other"].rpartition(": ")[2]) for row in results["comparisons"]}
    assert {("log_gamma_and_tuned", "gamma"), ("log_gamma_and_frozen", "gamma"), ("gamma", "gamma")} <= pairs
    assert all(row["splits"] == 2 and row["more"] >= 0 for row in results["comparisons"])
    assert "more to see 0.01" in " ".join(capsys.readouterr().out.split())

    networks[0].unlink()
    trained = Mock(wraps=few_shot_networks.train_and_score)
    monkeypatch.setattr(few_shot_run, "train_and_score", trained)
    assert main([*words, "--recipes", *recipes]) == 0
    assert trained.call_count == 1
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == results

    with pytest.raises(DataError, match="another configuration"):
        main([*words, "--known", "3", "--recipes", *recipes])


def test_images_of_a_dataset_become_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    monkeypatch.setattr(few_shot_run, "CLASSES", {"CIFAR10": 2})
    monkeypatch.setattr(few_shot_run, "IMAGES", 5)
    monkeypatch.setattr(few_shot_run, "read_dataset", lambda *_: (pixels, np.arange(60) % 2))
    few_shot_run._write_images("CIFAR10", tmp_path, tmp_path / "train")
    assert {name: len(files) for name, files in photos_of(tmp_path / "train").items()} == {
        "class 000": 5,
        "class 001": 5,
    }
    with Image.open(tmp_path / "train" / "class 001" / "000.png") as image:
        assert np.array_equal(np.array(image), pixels[1])


@pytest.mark.parametrize(
    "words",
    ["", "--dataset CIFAR10", "--root a --dataset CIFAR10", "--dataset CIFAR10 --test b --data-root c"],
)
def test_options_that_contradict_each_other_are_said(words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"give --root|--dataset needs"):
        main([*words.split(), "--out", str(tmp_path)])
