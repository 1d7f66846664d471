# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The last layer of a pretrained network starts where least squares puts it, and nothing else changes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from torch import nn

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.data import LabelledImages
from cac_core.equations import anchored_centres, distances
from cac_core.model import normalise
from cac_core.preprocessing import Preprocessing
from cac_core.training import ModelConfig, OptimiserConfig, ScheduleConfig
from cac_core.training.batch_statistics import settle_statistics
from cac_core.training.last_layer import fit_last_layer, least_squares
from test.core.trainings import tiny_config, train

PREPROCESSING = Preprocessing(32, 1, "crop", "area", (0.5,), (0.5,))


def images(per_class: int = 12) -> LabelledImages:
    """Three classes that differ in brightness, with noise."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(3).repeat(per_class)
    noise = torch.randint(0, 40, (len(labels), 32, 32, 1), generator=generator)
    return LabelledImages(
        (labels[:, None, None, None] * 80 + noise).to(torch.uint8), labels, ("a", "b", "c"), ("",) * len(labels)
    )


@pytest.mark.parametrize("with_bias", [True, False])
def test_least_squares_minimises_the_penalised_error(with_bias: bool) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(1.0, 2.0, (30, 5)), rng.normal(size=(30, 3))
    weight, bias = least_squares(torch.tensor(x), torch.tensor(y), with_bias, ridge=0.3)
    mean_x, mean_y = (x.mean(0), y.mean(0)) if with_bias else (np.zeros(5), np.zeros(3))
    penalty = 0.3 * ((x - mean_x) ** 2).sum() / 30
    # The same problem as ordinary least squares with one more row per feature.
    rows = np.vstack([x - mean_x, np.sqrt(penalty) * np.eye(5)])
    literal = np.linalg.lstsq(rows, np.vstack([y - mean_y, np.zeros((5, 3))]), rcond=None)[0].T
    np.testing.assert_allclose(weight, literal, atol=1e-10)
    np.testing.assert_allclose(bias, mean_y - literal @ mean_x, atol=1e-10)


def test_features_that_are_all_alike_give_the_mean_target() -> None:
    weight, bias = least_squares(torch.ones(4, 6), torch.tensor([[1.0], [2.0], [3.0], [2.0]]))
    assert torch.equal(weight, torch.zeros(1, 6, dtype=torch.float64))
    assert bias.item() == 2.0


def test_images_start_near_their_anchors_and_other_layers_stay() -> None:
    torch.manual_seed(0)
    network = build_backbone(BackboneSpec("paper", 3, 32, 1, {"width": 1 / 16}))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    data, anchors = images(), anchored_centres(3)
    assert fit_last_layer(network, data, anchors, PREPROCESSING, torch.device("cpu"))
    assert network.training
    after = network.state_dict()
    assert {n for n in before if not torch.equal(before[n], after[n])} == {"classifier.weight", "classifier.bias"}
    with torch.no_grad():
        logits = network.eval()(normalise(data.images, PREPROCESSING))
    assert torch.equal(distances(logits, anchors).argmin(1), data.labels)


def right(network: nn.Module, data: LabelledImages, training: bool) -> float:
    """Accuracy with the statistics of the batch, as in training, or with the stored ones."""
    before = {name: value.clone() for name, value in network.state_dict().items()}
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        logits = network.train(training)(normalise(data.images[order], PREPROCESSING))
    network.load_state_dict(before)
    return float((distances(logits, anchored_centres(3)).argmin(1) == data.labels[order]).float().mean())


@pytest.mark.parametrize("settled", [False, True])
def test_the_first_step_of_a_training_meets_the_features_of_the_fit(settled: bool) -> None:
    torch.manual_seed(0)
    # Without dropout, so that only the statistics differ.
    network = build_backbone(BackboneSpec("paper", 3, 32, 1, {"width": 1 / 16, "dropout": 0.0}))
    data = images()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):  # those of other pictures
            layer.get_buffer("running_mean").add_(0.3)
            layer.get_buffer("running_var").mul_(4)
    if settled:
        settle_statistics(network, data, PREPROCESSING, torch.device("cpu"), 12)
    fit_last_layer(network, data, anchored_centres(3), PREPROCESSING, torch.device("cpu"))
    assert right(network, data, training=False) > 0.95
    assert (right(network, data, training=True) > 0.95) == settled


def test_settling_changes_the_statistics_of_what_learns_and_nothing_else() -> None:
    torch.manual_seed(0)
    network = build_backbone(BackboneSpec("paper", 3, 32, 1, {"width": 1 / 16}))
    norms = [name for name, layer in network.named_modules() if isinstance(layer, nn.BatchNorm2d)]
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    settle_statistics(network, images(), PREPROCESSING, torch.device("cpu"), 12, frozen=norms[:2])
    assert torch.equal(torch.get_rng_state(), state)
    changed = {name for name, value in network.state_dict().items() if not torch.equal(before[name], value)}
    kinds = ("running_mean", "running_var", "num_batches_tracked")
    assert changed == {f"{name}.{kind}" for name in norms[2:] for kind in kinds}
    assert network.training
    assert {layer.momentum for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)} == {0.1}


@pytest.mark.parametrize("count", [1, 5, 36])
def test_fewer_images_than_a_batch_settle_too(count: int) -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    settle_statistics(network, images().subset(range(count)), PREPROCESSING, torch.device("cpu"), 32)
    assert all(bool(torch.isfinite(value).all()) for value in network.state_dict().values())


def test_changed_copies_count_like_further_images() -> None:
    torch.manual_seed(0)
    network = build_backbone(BackboneSpec("paper", 3, 32, 1, {"width": 1 / 16}))
    data, anchors = images(), anchored_centres(3)
    darker = replace(data, images=data.images // 2)
    twice = replace(data, images=torch.cat([data.images, darker.images, darker.images]), labels=data.labels.repeat(3))
    fit_last_layer(network, twice, anchors, PREPROCESSING, torch.device("cpu"))
    wanted = network.state_dict()["classifier.weight"].clone()
    fit_last_layer(network, data, anchors, PREPROCESSING, torch.device("cpu"), 0, [lambda pixels: pixels // 2] * 2)
    torch.testing.assert_close(network.state_dict()["classifier.weight"], wanted)


def test_a_network_whose_last_layer_is_not_linear_stays_as_it_is() -> None:
    layer = nn.Conv2d(1, 3, 1)
    network = nn.Sequential(layer, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    before = layer.weight.clone()
    assert not fit_last_layer(network, images(), anchored_centres(3), PREPROCESSING, torch.device("cpu"))
    assert torch.equal(before, layer.weight)


@pytest.mark.parametrize("fitted", [True, False])
def test_a_training_starts_with_a_weights_file_unless_told_otherwise(tmp_path: Path, fitted: bool) -> None:
    earlier = train(tiny_config(tmp_path / "earlier.cac", report=False))
    assert earlier is not None
    features = {name: value for name, value in earlier.bundle.state.items() if not name.startswith("classifier")}
    save_file(features, tmp_path / "weights.safetensors")
    config = tiny_config(
        tmp_path / "model.cac",
        model=ModelConfig(
            "paper",
            pretrained=str(tmp_path / "weights.safetensors"),
            fit_last_layer=fitted,
            options={"width": 1 / 16},
        ),
        optimiser=OptimiserConfig(lr=1e-6, batch_size=128),  # what it has after an epoch is what it started with
        schedule=ScheduleConfig("one_cycle", epochs=1),
        report=False,
    )
    result = train(config)
    assert result is not None
    assert (result.metrics.accuracy > 0.8) == fitted
