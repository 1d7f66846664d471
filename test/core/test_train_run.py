# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A training ends in a complete bundle, or in one sentence with everything as it was."""

import csv
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning import Callback
from torch import Tensor

from cac_core import equations
from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneError
from cac_core.bundle import load_bundle
from cac_core.data import load_digits_trial
from cac_core.model import build_model, normalise
from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame
from cac_core.support import pulse
from cac_core.support.errors import DataError, TrainingError
from cac_core.train import main
from cac_core.training import (
    AugmentConfig,
    DataConfig,
    LossConfig,
    ModelConfig,
    OptimiserConfig,
    PreprocessingConfig,
    ScheduleConfig,
    TrainConfig,
    calibrate,
)
from cac_core.training.checkpoint_file import read_checkpoint
from cac_core.training.finishing import TrainingResult
from cac_core.training.learning_rates import layer_rates
from cac_core.training.logits import compute_logits
from cac_core.training.module import CACModule
from test.core.photos import write_folder, write_photo
from test.core.trainings import photo_config, tiny_config, train

Digits = tuple[TrainConfig, TrainingResult]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Digits:
    """One finished training."""
    config = tiny_config(tmp_path_factory.mktemp("digits") / "digits.cac")
    return config, train(config)


def test_the_bundle_file_is_what_the_training_returned(digits: Digits) -> None:
    config, result = digits
    bundle = load_bundle(config.out)
    assert bundle.model_id == result.bundle.model_id
    assert bundle.name == "digits"
    assert bundle.class_names == ("0", "1", "2", "4", "5", "9")


def test_a_predictor_runs_the_bundle_at_once(digits: Digits) -> None:
    config, result = digits
    trial = load_digits_trial(preprocessing=result.bundle.preprocessing)
    frames = [Frame(image.numpy()[..., 0], "grey") for image in trial.validation.images]
    decisions = Predictor.load(config.out, device="cpu").predict(frames)
    kept = np.mean([not decision.unknown for decision in decisions])
    right = np.mean([d.nearest_index == int(y) for d, y in zip(decisions, trial.validation.labels, strict=True)])
    # θ is the score of one of these images, which the rounding of another engine may move to either side of it.
    assert kept == pytest.approx(result.metrics.known_kept, abs=0.02)
    assert right == pytest.approx(result.metrics.accuracy, abs=0.02)
    assert result.metrics.known_kept >= 0.95


def test_it_learns(digits: Digits) -> None:
    _, result = digits
    assert result.history[-1]["val_loss"] < result.history[0]["val_loss"]
    assert result.metrics.accuracy > 0.5  # six classes, a handful of epochs


def test_centres_are_means_of_correct_images_without_augmentation(digits: Digits) -> None:
    _, result = digits
    bundle = result.bundle
    data = load_digits_trial(preprocessing=bundle.preprocessing).train
    with torch.inference_mode():
        logits = build_model(bundle).logits(normalise(data.images, bundle.preprocessing))
    right = equations.distances(logits, equations.anchored_centres(6)).argmin(dim=1) == data.labels
    for i in range(6):
        own = logits[right & (data.labels == i)]
        assert len(own) == int(bundle.centre_counts[i])
        np.testing.assert_allclose(bundle.centres[i], own.mean(dim=0), atol=1e-4, rtol=1e-4)


def test_mean_and_std_are_those_of_the_training_images(digits: Digits) -> None:
    _, result = digits
    preprocessing = result.bundle.preprocessing
    pixels = load_digits_trial(preprocessing=preprocessing).train.images.double() / 255
    assert preprocessing.mean == pytest.approx((float(pixels.mean()),))
    assert preprocessing.std == pytest.approx((float(pixels.std(correction=0)),))


def test_the_summary_says_how_it_was_trained(digits: Digits) -> None:
    config, result = digits
    summary = result.bundle.training
    assert summary["data"]["family"] == "neal2018"
    assert summary["data"]["trial"] == 0
    assert summary["data"]["train"] == {"0": 107, "1": 109, "2": 106, "4": 109, "5": 109, "9": 108}
    assert sum(summary["epochs"]) == len(result.history)
    assert summary["config"]["seed"] == config.seed
    assert summary["validation"]["accuracy"] == result.metrics.accuracy
    assert "torch" in summary["versions"]


def test_the_logs_lie_beside_the_bundle(digits: Digits) -> None:
    config, result = digits
    with (config.run_folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, len(result.history) + 1))
    assert float(rows[-1]["val_anchor"]) == result.history[-1]["val_anchor"]
    assert list((config.run_folder / "tensorboard").glob("events.out.tfevents.*"))
    assert not (config.run_folder / "last.ckpt").exists()  # finished: nothing to resume


def test_two_stages_and_the_weights_of_the_lowest_validation_anchor_loss(digits: Digits) -> None:
    _, result = digits
    assert [row["stage"] for row in result.history] == [1, 1, 1, 2, 2]
    assert [row["lr"] for row in result.history] == pytest.approx([0.05, 0.05, 0.05, 0.005, 0.005])
    best = min(row["val_anchor"] for row in result.history)
    assert result.bundle.training["best_validation_anchor_loss"] == best
    data = load_digits_trial(preprocessing=result.bundle.preprocessing).validation
    with torch.inference_mode():
        logits = build_model(result.bundle).logits(normalise(data.images, result.bundle.preprocessing))
    own = equations.anchor_loss(equations.distances(logits, equations.anchored_centres(6)), data.labels)
    assert float(own) == pytest.approx(best, rel=0.02)  # validation during training may run in bf16


def test_the_same_seed_gives_the_same_file_and_another_seed_another(digits: Digits, tmp_path: Path) -> None:
    config, result = digits
    again = train(replace(config, out=tmp_path / "digits.cac"))
    assert again.bundle.checksum == result.bundle.checksum
    other = train(replace(config, out=tmp_path / "digits.cac", seed=1))
    assert other.bundle.checksum != result.bundle.checksum


@pytest.mark.slow
def test_training_leaves_the_callers_random_numbers_and_threads_alone(tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    train(tiny_config(tmp_path / "m.cac", schedule=ScheduleConfig(kind="one_cycle", epochs=1), threads=2))
    assert torch.equal(torch.rand(4), expected)
    assert torch.get_num_threads() == 1


def test_photos_of_other_things_are_reported_but_change_nothing(tmp_path: Path) -> None:
    write_folder(tmp_path / "photos")
    for i in range(5):
        write_photo(tmp_path / "other" / f"{i}.png", (180, 180, 20), seed=i)
    write_photo(tmp_path / "other" / "cut.png").write_bytes(b"x")
    config = photo_config(tmp_path / "photos", tmp_path / "m.cac")
    without = train(config)
    data = replace(config.data, unknown=tmp_path / "other")
    given = train(replace(config, out=tmp_path / "o.cac", data=data))
    assert (without.metrics.unknown_images, given.metrics.unknown_images) == (0, 5)
    assert 0.0 <= given.metrics.auroc <= 1.0
    assert any("cut.png" in warning for warning in given.warnings)
    for name, value in without.bundle.state.items():
        assert np.array_equal(value, given.bundle.state[name])
    assert np.array_equal(without.bundle.centres, given.bundle.centres)
    assert np.array_equal(without.bundle.thresholds.quantiles, given.bundle.thresholds.quantiles)


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_one_cycle_rises_and_falls_to_nothing(tmp_path: Path, optimiser: Literal["sgd", "adamw"]) -> None:
    write_folder(tmp_path / "photos")
    settings = OptimiserConfig(name=optimiser, lr=0.01, batch_size=8)
    schedule = ScheduleConfig(kind="one_cycle", epochs=6)
    result = train(photo_config(tmp_path / "photos", tmp_path / "m.cac", optimiser=settings, schedule=schedule))
    rates = [row["lr"] for row in result.history]
    assert len(rates) == 6
    assert max(rates) == pytest.approx(0.01, rel=0.2)
    assert rates[-1] < 1e-3 < rates[1]


def test_layers_learn_at_rates_that_rise_from_the_first_to_the_last() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 4), torch.nn.Linear(4, 2))
    groups = layer_rates(network, 0.1, 0.01)
    assert [group["lr"] for group in groups] == pytest.approx([0.001, 0.01, 0.1])
    assert [p for group in groups for p in group["params"]] == list(network.parameters())
    (same,) = layer_rates(network, 0.1, 1.0)
    assert (len(same["params"]), same["lr"]) == (6, 0.1)
    with pytest.raises(ValueError, match="first layer"):
        layer_rates(network, 0.1, 0.0)


@pytest.mark.parametrize("kind", ["one_cycle", "two_stage"])
def test_a_small_rate_of_the_first_layer_keeps_it_as_it_was(
    tmp_path: Path, kind: Literal["two_stage", "one_cycle"]
) -> None:
    write_folder(tmp_path / "photos")
    schedule = ScheduleConfig(kind=kind, epochs=3, second_epochs=0)

    def moved(first_layer_lr: float, name: str) -> float:
        """How far the first layer went from where it began, as a share of how far the last did."""
        settings = OptimiserConfig(lr=0.01, batch_size=8, first_layer_lr=first_layer_lr)
        result = train(photo_config(tmp_path / "photos", tmp_path / name, optimiser=settings, schedule=schedule))
        torch.manual_seed(0)  # as the training did
        begin = build_backbone(result.bundle.backbone).state_dict()
        keys = [key for key in begin if key.endswith("weight") and begin[key].ndim > 1]
        assert max(row["lr"] for row in result.history) == pytest.approx(0.01, rel=0.3)
        first, last = (float((begin[k] - torch.tensor(result.bundle.state[k])).norm()) for k in (keys[0], keys[-1]))
        return first / last

    assert moved(0.001, "a.cac") < 0.05 * moved(1.0, "b.cac")


def test_frozen_parts_keep_weights_and_statistics_and_the_rest_learns(tmp_path: Path) -> None:
    write_folder(tmp_path / "photos")
    plain = photo_config(tmp_path / "photos", tmp_path / "m.cac", schedule=ScheduleConfig("one_cycle", epochs=2))
    model = replace(plain.model, frozen=["features.0", "features.1", "features.3"])
    result = train(replace(plain, model=model))
    torch.manual_seed(0)  # as the training did
    begin = build_backbone(result.bundle.backbone).state_dict()
    for name, value in result.bundle.state.items():
        kept = name.startswith(("features.0.", "features.1.", "features.3."))
        if kept or value.dtype == np.float32:
            assert np.array_equal(value, begin[name]) == kept, name
    for frozen, sentence in (
        (["blocks.0"], "does not have; it has .*features"),
        (["features", "classifier"], "nothing"),
    ):
        with pytest.raises(TrainingError, match=sentence):
            train(replace(plain, model=replace(model, frozen=frozen)))


def test_a_class_with_one_photo_is_trained_and_reported(tmp_path: Path) -> None:
    write_folder(tmp_path / "photos")
    write_photo(tmp_path / "photos" / "single" / "1.png", (128, 128, 128))
    result = train(photo_config(tmp_path / "photos", tmp_path / "m.cac"))
    assert result.bundle.class_names == ("blue", "green", "red", "single")
    assert np.isfinite(result.bundle.centres).all()
    assert any("no validation image of single" in warning for warning in result.warnings)


def test_classes_of_a_single_photo_each_cannot_be_validated(tmp_path: Path) -> None:
    write_folder(tmp_path / "photos", count=1)
    with pytest.raises(DataError, match="single photo"):
        train(photo_config(tmp_path / "photos", tmp_path / "m.cac"))


def test_a_nan_loss_ends_in_a_sentence_and_leaves_what_was_written(tmp_path: Path) -> None:
    out = tmp_path / "m.cac"
    out.write_bytes(b"an older model")
    config = tiny_config(out, optimiser=OptimiserConfig(lr=1e20), precision="float32")
    with pytest.raises(TrainingError, match=r"epoch 1 .*learning rate.*--optimiser\.lr 1e\+19"):
        train(config)
    assert out.read_bytes() == b"an older model"


def test_nan_after_some_epochs_keeps_the_last_good_state(tmp_path: Path) -> None:
    class Poison(Callback):
        def on_train_batch_start(
            self, trainer: pl.Trainer, module: pl.LightningModule, batch: object, batch_idx: int
        ) -> None:
            if trainer.current_epoch == 2:
                assert isinstance(module, CACModule)
                next(module.backbone.parameters()).data.fill_(float("nan"))

    config = tiny_config(tmp_path / "m.cac")
    with pytest.raises(TrainingError, match="epoch 3"):
        train(config, [Poison()])
    assert not config.out.exists()
    state = read_checkpoint(config.run_folder / "last.ckpt")
    assert all(torch.isfinite(v).all() for v in state["state_dict"].values())
    assert len((config.run_folder / "metrics.csv").read_text().splitlines()) == 3


def test_a_wrong_backbone_is_refused_before_the_images_are_read(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()  # reading it would be an error
    config = photo_config(tmp_path / "photos", tmp_path / "m.cac")
    config.model.backbone = "resnet19"
    with pytest.raises(BackboneError, match="resnet19"):
        train(config)
    config.model.backbone, config.model.options = "paper", {"wide": 2}
    with pytest.raises(BackboneError, match="wide"):
        train(config)
    assert not config.run_folder.exists()


def test_a_network_of_one_size_is_not_trained_at_another(tmp_path: Path) -> None:
    config = tiny_config(tmp_path / "m.cac", augment=AugmentConfig(image_size=8))
    with pytest.raises(TrainingError, match=r"augment\.image_size 8: paper takes images of 16 pixels only"):
        train(config)


@pytest.mark.slow
def test_a_network_trains_at_one_size_and_is_calibrated_at_the_other(tmp_path: Path) -> None:
    sizes = set()

    class Watch(Callback):
        def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
            assert isinstance(module, CACModule)
            module.backbone.register_forward_pre_hook(lambda m, i: sizes.add((m.training, i[0].shape[-1])))

    config = tiny_config(tmp_path / "m.cac", augment=AugmentConfig(image_size=32))
    config.preprocessing = PreprocessingConfig(image_size=48)
    config.model = ModelConfig(backbone="resnet18")
    config.schedule = ScheduleConfig(kind="one_cycle", epochs=1)
    bundle = train(config, [Watch()]).bundle
    assert sizes == {(True, 32), (False, 48)}
    assert bundle.preprocessing.image_size == 48


def test_loss_settings_travel_with_the_model(tmp_path: Path) -> None:
    config = tiny_config(tmp_path / "m.cac", loss=LossConfig(anchor_weight=0.2, anchor_magnitude=5.0))
    config.schedule = ScheduleConfig(kind="one_cycle", epochs=1)
    bundle = train(config).bundle
    assert (bundle.anchor_weight, bundle.anchor_magnitude) == (0.2, 5.0)


@pytest.mark.slow
def test_the_command_line_prints_the_figures_and_what_to_run_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folder(tmp_path / "my photos")
    write_folder(tmp_path / "other")
    out = tmp_path / "shop.cac"
    arguments = ["--data.root", str(tmp_path / "my photos"), "--data.unknown", str(tmp_path / "other")]
    arguments += ["--recipe", "paper", "--model.options", "{width: 0.0625}", "--preprocessing.image_size", "16"]
    arguments += ["--schedule.epochs", "1", "--schedule.second_epochs", "0", "--device", "cpu", "--out", str(out)]
    assert main(arguments) == 0
    captured = capsys.readouterr()
    for text in ("accuracy", "AUROC", "known kept", "unknown rejected", "green", str(out), "classifier.launch.py"):
        assert text in captured.out
    assert "validation images" in captured.err  # few of them: a warning
    assert load_bundle(out).class_names == ("blue", "green", "red")


def test_a_training_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Slow(Callback):
        def on_train_batch_end(self, *_: object) -> None:
            time.sleep(0.05)

    def slow_logits(*arguments: Any) -> Tensor:
        time.sleep(0.2)
        return compute_logits(*arguments)

    monkeypatch.setattr(calibrate, "compute_logits", slow_logits)
    monkeypatch.setattr(pulse, "FIRST", 0.05)
    monkeypatch.setattr(pulse, "NEXT", 0.05)
    train(tiny_config(tmp_path / "m.cac", schedule=ScheduleConfig(kind="one_cycle", epochs=2)), [Slow()])
    lines = capsys.readouterr().err.splitlines()
    assert any(re.fullmatch(r"training: epoch \d of 2, step \d+ of \d+, \d+ images/s, \d+ s", line) for line in lines)
    assert any(re.match(r"epoch 1: loss .*\(of at most 2 epochs, \d+ images/s\)", line) for line in lines), lines
    assert any(line.startswith("calibrating centres") or line.startswith("computing logits") for line in lines), lines
    assert any(line.startswith("writing the report") for line in lines), lines


def test_validation_share_is_respected(tmp_path: Path) -> None:
    write_folder(tmp_path / "photos", count=10)
    data = DataConfig(root=tmp_path / "photos", validation_share=0.3)
    config = photo_config(tmp_path / "photos", tmp_path / "m.cac", data=data)
    config.schedule = ScheduleConfig(kind="one_cycle", epochs=1)
    summary = train(config).bundle.training["data"]
    assert summary["train"] == {"blue": 7, "green": 7, "red": 7}
    assert summary["validation"] == {"blue": 3, "green": 3, "red": 3}
