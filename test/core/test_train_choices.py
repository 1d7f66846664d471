# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A threshold for a wanted false-accept rate, and what each choice costs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from cac_core import equations as F
from cac_core.data import load_unknown_folder
from cac_core.model import build_model
from cac_core.support.errors import DataError, TrainingError
from cac_core.thresholds import fit_thresholds
from cac_core.train import main
from cac_core.training import ScheduleConfig, TrainConfig
from cac_core.training.checks import check
from cac_core.training.choices import share_for_rate, table_of_choices
from cac_core.training.logits import compute_logits
from test.core.photos import write_folder, write_photo
from test.core.trainings import photo_config, train

Shop = tuple[Path, TrainConfig]

LABELS = torch.arange(200) % 2


def known(seed: int = 0) -> Tensor:
    """Rejection scores of 200 images of two classes; the smallest is that of the true class."""
    own = torch.rand(200, generator=torch.Generator().manual_seed(seed))
    gamma = torch.stack([own, own + 5], dim=1)
    gamma[LABELS == 1] = gamma[LABELS == 1].flip(1)
    return gamma


@given(st.lists(st.floats(0, 2, width=32), min_size=1, max_size=50), st.floats(0, 0.99))
def test_the_wanted_rate_is_never_passed_and_most_known_are_kept(scores: list[float], rate: float) -> None:
    thresholds = fit_thresholds(known(), LABELS)
    others = torch.tensor(scores)
    share = share_for_rate(thresholds, others, rate)

    def accepted(s: float) -> float:
        return float((others <= float(thresholds.theta(s)[0])).double().mean())

    if share is None:
        assert accepted(0.001) > rate
    else:
        assert accepted(share) <= rate + 1e-9
        assert share == 1.0 or accepted(share + 0.001) > rate


def test_a_score_that_is_not_a_number_counts_as_rejected() -> None:
    thresholds = fit_thresholds(known(), LABELS)
    assert share_for_rate(thresholds, torch.tensor([float("nan"), float("inf")]), 0.0) == 1.0


def test_the_table_counts_what_the_threshold_really_does() -> None:
    gamma, others = known(), torch.linspace(0, 2, 80).reshape(40, 2)
    wrong = LABELS.clone()
    wrong[:20] = 1 - wrong[:20]
    thresholds = fit_thresholds(gamma, LABELS, 0.9)
    rows = table_of_choices(thresholds, gamma, wrong, others)
    assert [row.wanted for row in rows if row.chosen] == ["known kept 0.9"]
    for row in rows:
        theta = torch.from_numpy(thresholds.theta(row.known_kept, row.per_class))
        kept = gamma.min(dim=1).values <= theta[gamma.argmin(dim=1)]
        assert (row.theta, row.theta_largest) == (float(theta.min()), float(theta.max()))
        assert row.kept == pytest.approx(float(kept.double().mean()))
        assert row.kept_and_right == pytest.approx(float(kept[20:].double().sum()) / 200)
        assert row.least_kept == pytest.approx(min(float(kept[wrong == i].double().mean()) for i in (0, 1)))
        accepted = others.min(dim=1).values <= theta[others.argmin(dim=1)]
        assert row.false_accept == pytest.approx(float(accepted.double().mean()))
    for row in rows:
        kind, value = row.wanted.removesuffix(", per class").rsplit(" ", 1)
        if kind == "known kept":
            assert row.kept >= float(value)
        else:
            assert row.false_accept is not None
            assert row.false_accept <= float(value)
    without = table_of_choices(fit_thresholds(gamma, LABELS), gamma, LABELS, None)
    assert all(row.false_accept is None for row in without)
    assert not any("false" in row.wanted for row in without)


def test_thresholds_per_class_keep_the_share_of_every_class() -> None:
    """A class that is harder than the others loses most of what a common threshold loses."""
    gamma = known()
    gamma[LABELS == 1] *= 3.0
    rows = {row.wanted: row for row in table_of_choices(fit_thresholds(gamma, LABELS, 0.9), gamma, LABELS, None)}
    assert rows["known kept 0.9"].least_kept < 0.85
    assert rows["known kept 0.9, per class"].least_kept >= 0.9
    assert rows["known kept 0.9, per class"].theta < rows["known kept 0.9"].theta


def test_thresholds_per_class_are_not_listed_where_there_are_none() -> None:
    gamma, labels = known()[:8], LABELS[:8]
    rows = table_of_choices(fit_thresholds(gamma, labels), gamma, labels, None)
    assert rows
    assert not any(row.per_class for row in rows)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Three colours, and other things in two folders."""
    write_folder(tmp_path / "photos")
    for i in range(20):
        write_photo(tmp_path / "other" / f"{i}.png", (180, 180, 20 + 5 * i), seed=i)
        write_photo(tmp_path / "test" / f"{i}.png", (90, 180, 180), seed=50 + i)
    config = photo_config(tmp_path / "photos", tmp_path / "m.cac", schedule=ScheduleConfig("one_cycle", epochs=3))
    return tmp_path, config


def test_known_unknowns_choose_the_threshold_and_nothing_else(shop: Shop) -> None:
    place, config = shop
    plain = train(config)
    data = replace(config.data, known_unknown=place / "other")
    listed = train(replace(config, out=place / "listed.cac", data=data))
    chosen = train(replace(config, out=place / "chosen.cac", data=data, false_accept=0.25))
    assert listed.bundle.thresholds.known_kept == plain.bundle.thresholds.known_kept == 0.95
    for result in (listed, chosen):
        assert np.array_equal(result.bundle.thresholds.quantiles, plain.bundle.thresholds.quantiles)
        assert np.array_equal(result.bundle.centres, plain.bundle.centres)
        assert result.metrics.unknown_images == 0  # they are no test
        assert result.bundle.training["data"]["known_unknown"] == 20
    (row,) = {row["theta"]: row for row in chosen.bundle.training["thresholds"] if row["chosen"]}.values()
    assert row["false_accept"] <= 0.25
    assert float(chosen.bundle.thresholds.theta()[0]) == row["theta"]


@pytest.mark.slow
def test_some_known_unknowns_teach_and_others_judge_the_threshold(shop: Shop) -> None:
    """Yellow things are farther from being known once the network was told of yellow things."""
    place, config = shop
    for i in range(20):
        write_photo(place / "fresh" / f"{i}.png", (180, 180, 20 + 5 * i), seed=100 + i)
    data = replace(config.data, known_unknown=place / "other", unknown=place / "fresh")
    told_loss = replace(config.loss, known_unknown_weight=1.0)
    certainty = {"plain": 0.0, "told": 0.0}
    for seed in range(3):  # with so few photos and epochs one training says little
        config = replace(config, schedule=ScheduleConfig("one_cycle", epochs=30), seed=seed, report=False)
        plain = train(replace(config, data=data))
        told = train(replace(config, out=place / "told.cac", data=data, loss=told_loss))
        assert plain.bundle.training["data"]["train_unknown"] == 0
        counts = told.bundle.training["data"]
        assert counts["train_unknown"] + counts["known_unknown"] == 20
        assert counts["known_unknown"] == round(20 * config.data.validation_share)
        assert counts["train"] == plain.bundle.training["data"]["train"]
        assert told.bundle.centre_counts.sum() <= sum(counts["train"].values())  # centres know nothing of them
        assert told.metrics.accuracy >= 0.9
        for name, result in (("plain", plain), ("told", told)):
            bundle = result.bundle
            yellow = load_unknown_folder(place / "fresh", bundle.preprocessing, bundle.class_names)
            logits = compute_logits(build_model(bundle).backbone, yellow, bundle.preprocessing, torch.device("cpu"))
            d = F.distances(logits, torch.from_numpy(bundle.centres))
            certainty[name] += float(F.softmin(d).max(dim=-1).values.mean()) / 3
    assert certainty["told"] < certainty["plain"] - 0.1


def test_one_known_unknown_cannot_teach_and_judge(shop: Shop) -> None:
    place, config = shop
    write_photo(place / "one" / "1.png", (180, 180, 30))
    data = replace(config.data, known_unknown=place / "one")
    with pytest.raises(DataError, match="too few different photos"):
        train(replace(config, data=data, loss=replace(config.loss, known_unknown_weight=1.0)))


def test_photos_to_report_on_change_no_threshold(shop: Shop) -> None:
    place, config = shop
    data = replace(config.data, known_unknown=place / "other")
    without = train(replace(config, data=data, false_accept=0.2))
    given_test = replace(config, out=place / "n.cac", data=replace(data, unknown=place / "test"), false_accept=0.2)
    with_test = train(given_test)
    assert with_test.bundle.thresholds.known_kept == without.bundle.thresholds.known_kept
    assert with_test.metrics.unknown_images == 20


def test_known_unknowns_that_are_the_known_classes_are_doubted(shop: Shop) -> None:
    place, config = shop
    write_folder(place / "same")
    data = replace(config.data, known_unknown=place / "same")
    result = train(replace(config, data=data, false_accept=0.01))
    warnings = " ".join(result.warnings)
    assert "cannot be seen on 36 photos" in warnings
    assert "of the known images are kept" in warnings or "no threshold accepts" in warnings


def test_known_unknowns_and_test_unknowns_are_never_the_same(shop: Shop) -> None:
    place, config = shop
    other, deep = place / "other", place / "other" / "deep"
    deep.mkdir()
    for data, rate, sentence in (
        (replace(config.data, unknown=other, known_unknown=other), None, "keep them apart"),
        (
            replace(config.data, unknown=deep, known_unknown=other),
            None,
            "keep them apart",
        ),
        (replace(config.data, known_unknown=place / "photos" / "red"), None, "would be trained on"),
        (replace(config.data, known_unknown=place / "nowhere"), None, "does not exist"),
        (config.data, 0.05, "give --data.known_unknown"),
        (replace(config.data, known_unknown=place / "other"), 1.5, "false_accept must"),
    ):
        with pytest.raises(TrainingError, match=sentence):
            check(replace(config, data=data, false_accept=rate))
    with pytest.raises(TrainingError, match="known_unknown_weight needs photos"):
        check(replace(config, loss=replace(config.loss, known_unknown_weight=0.5)))


@pytest.mark.slow
def test_the_command_line_prints_what_each_choice_costs(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    place, _ = shop
    arguments = ["--data.root", str(place / "photos"), "--data.known_unknown", str(place / "other")]
    arguments += ["--recipe", "paper", "--model.options", "{width: 0.0625}", "--preprocessing.image_size", "16"]
    arguments += ["--schedule.kind", "one_cycle", "--schedule.epochs", "1", "--device", "cpu"]
    assert main([*arguments, "--out", str(place / "shop.cac")]) == 0
    printed = capsys.readouterr().out
    for text in ("known unknowns accepted", "known kept 0.95 (chosen)", "known kept 0.99", "known_kept"):
        assert text in printed
