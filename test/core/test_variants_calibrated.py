# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writing a variant: its centres and thresholds come from the photos of the training and its own logits."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from cac_core import export
from cac_core.bundle import ModelBundle, load_bundle
from cac_core.bundle.model_bundle import check_pixels
from cac_core.data import load_digits_trial
from cac_core.engines.openvino_engine import OpenVINOEngine
from cac_core.evaluation import evaluate
from cac_core.inference_equations import distances, rejection_scores
from cac_core.predictor import Predictor
from cac_core.support.command_words import UsageError
from cac_core.support.devices import cpu_multiplies_bf16
from cac_core.support.errors import DataError, EngineError
from cac_core.training import ModelConfig, ScheduleConfig, TrainConfig
from cac_core.training.sources import TrainingData
from cac_core.training.variant_data import load_variant_data
from test.core.photos import write_folder
from test.core.trainings import tiny_config, train

pytestmark = pytest.mark.slow


def config(out: Path, *variants: Literal["int8", "bf16", "fp16"]) -> TrainConfig:
    """Long enough that the network knows the digits: int8 changes more of one that hardly knows them."""
    network = ModelConfig(backbone="paper", options={"width": 1 / 8})
    schedule = ScheduleConfig(epochs=15, second_epochs=5, patience=5)
    return tiny_config(out, model=network, schedule=schedule, variants=variants)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of digits that was trained with a variant int8."""
    for package in ("onnxscript", "openvino", "nncf"):
        pytest.importorskip(package)
    out = tmp_path_factory.mktemp("variants") / "digits.cac"
    return train(config(out, "int8")).path


@pytest.fixture(scope="module")
def bundle(path: Path) -> ModelBundle:
    return load_bundle(path)


@pytest.fixture(scope="module")
def data(bundle: ModelBundle) -> TrainingData:
    found, doubts = load_variant_data(bundle, None)
    assert doubts == []
    return found


def test_a_training_writes_the_variant_and_keeps_the_network(path: Path, bundle: ModelBundle, tmp_path: Path) -> None:
    plain = train(config(tmp_path / "digits.cac")).bundle
    assert [variant.precision for variant in bundle.variants] == ["int8"]
    assert bundle.training == plain.training
    np.testing.assert_array_equal(bundle.centres, plain.centres)
    np.testing.assert_array_equal(bundle.thresholds.quantiles, plain.thresholds.quantiles)


def test_centres_and_thresholds_are_those_of_its_own_logits(bundle: ModelBundle, data: TrainingData) -> None:
    fast = bundle.in_precision("int8")
    engine = OpenVINOEngine(fast)
    logits = np.concatenate([engine.logits(image[np.newaxis]) for image in data.train.images.numpy()])
    labels = data.train.labels.numpy()
    anchors = np.eye(logits.shape[1], dtype=np.float32) * bundle.anchor_magnitude
    right = distances(logits, anchors).argmin(axis=1) == labels
    for index, centre in enumerate(fast.centres):
        own = logits[right & (labels == index)]
        assert len(own) == fast.centre_counts[index]
        if len(own):
            np.testing.assert_allclose(centre, own.astype(np.float64).mean(axis=0), rtol=1e-4, atol=1e-4)
    held_out = np.concatenate([engine.logits(image[np.newaxis]) for image in data.validation.images.numpy()])
    scores = rejection_scores(distances(held_out, fast.centres)).min(axis=1)
    for share in (0.5, 0.9, 0.95):
        assert (scores <= fast.thresholds.theta(share)[0]).mean() >= share
    pixels = check_pixels(bundle.preprocessing)
    np.testing.assert_allclose(engine.logits(pixels), fast.check_logits, rtol=1e-4, atol=1e-4)


def test_the_figures_are_those_of_both_arithmetics(bundle: ModelBundle, data: TrainingData) -> None:
    figures = bundle.variants[0].figures
    assert data.unknown is not None
    assert (figures["known_images"], figures["unknown_images"]) == (len(data.validation), len(data.unknown))
    for name, precision in (("variant", "int8"), ("float32", "float32")):
        predictor = Predictor(bundle, "openvino", "cpu", precision=precision)
        known, unknown = (evaluate(predictor, images.arrays()).metrics for images in (data.validation, data.unknown))
        assert figures[name]["accuracy"] == pytest.approx(known.accuracy, abs=0.02)
        assert figures[name]["known_kept"] == pytest.approx(known.known_kept, abs=0.02)
        assert figures[name]["unknown_rejected"] == pytest.approx(unknown.unknown_rejected, abs=0.02)
    assert 0.9 < figures["agreement"] <= 1.0
    assert set(figures["classes"]) == set(bundle.class_names)


def test_int8_separates_test_digits_as_float32_does(bundle: ModelBundle) -> None:
    test = load_digits_trial("neal2018", 0, bundle.preprocessing).test.arrays()
    exact, fast = (
        evaluate(Predictor(bundle, "openvino", "cpu", precision=p), test).metrics for p in ("float32", "int8")
    )
    assert fast.auroc == pytest.approx(exact.auroc, abs=0.01)


def test_the_command_adds_a_variant_and_shows_what_it_costs(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not cpu_multiplies_bf16():
        pytest.skip("this CPU has no bf16")
    out = tmp_path / "both.cac"
    assert export.main([str(path), "--precision", "bf16", "--out", str(out)]) == 0
    assert [variant.precision for variant in load_bundle(out).variants] == ["int8", "bf16"]
    printed = capsys.readouterr().out
    for words in ("Variant bf16", "AUROC known against unknown", "same decision as float32", "variants: int8, bf16"):
        assert words in printed


def test_options_of_one_kind_do_not_go_with_the_other(path: Path) -> None:
    with pytest.raises(UsageError, match="--precision writes into the model file"):
        export.main([str(path), "--precision", "int8", "--format", "onnx"])
    with pytest.raises(UsageError, match="--data and --device belong to --precision"):
        export.main([str(path), "--data.root", "photos"])


def of_photos(bundle: ModelBundle) -> ModelBundle:
    """As if the model had been trained on a folder of photos."""
    config: dict[str, Any] = dict(bundle.training["config"])
    return replace(bundle, training={**bundle.training, "config": {**config, "data": {"dataset": "folder"}}})


def test_a_model_of_photos_needs_its_photos(bundle: ModelBundle) -> None:
    with pytest.raises(DataError, match=r"give --data\.root FOLDER, the folder that the model was trained with"):
        load_variant_data(of_photos(bundle), None)


def test_photos_of_other_classes_are_refused(bundle: ModelBundle, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the model knows .* and the photos show"):
        load_variant_data(of_photos(bundle), write_folder(tmp_path))


def test_fp16_on_a_cpu_without_it_is_refused(path: Path) -> None:
    with pytest.raises(EngineError, match="this CPU does not compute in fp16"):
        export.main([str(path), "--precision", "fp16", "--device", "cpu"])
