# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The other systems of Table 1: they train, resume, and compute what their papers say."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cac_core import metrics
from cac_core.backbones.paper_network import PaperNetwork
from cac_core.benchmark.config import BenchmarkConfig, check
from cac_core.benchmark.measures import measure, overlap, scores_of
from cac_core.benchmark.network_spec import network_of
from cac_core.benchmark.networks import digest, train_network
from cac_core.benchmark.rows import trial_specs
from cac_core.benchmark.scores import SCORES, SYSTEM_SCORES, LeastReconstructionError, OpenClass, OpenMax
from cac_core.benchmark.systems import SYSTEMS
from cac_core.benchmark.systems.adversarial import as_pixels, from_unit_range, gradient_penalty, to_unit_range
from cac_core.benchmark.systems.arpl import FarFromItsPoint, ReciprocalPoints
from cac_core.benchmark.systems.c2ae import ConditionedAutoEncoder
from cac_core.benchmark.systems.crosr import BOTTLENECK, HierarchicalReconstruction
from cac_core.benchmark.systems.evt import evt_threshold
from cac_core.benchmark.systems.supcon import contrastive_loss
from cac_core.benchmark.tables import TABLE1, table1_methods
from cac_core.data import LabelledImages
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import DataError, TrainingError
from cac_core.training.config import OptimiserConfig

GREY = Preprocessing(32, 1, mean=(0.3,), std=(0.2,))


@pytest.mark.slow
@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_a_system_learns_to_tell_unknown_digits_and_resumes(system: str, tmp_path: Path) -> None:
    config = BenchmarkConfig("table1", quick=True, systems=(system,), epochs=8)
    method = table1_methods(config)[0]
    spec = network_of(config, trial_specs(config, "neal2018")[0], method.loss)
    outputs = train_network(spec, tmp_path, config.source, torch.device("cpu"), show_progress=False)
    assert outputs.test_logits.isfinite().all()
    assert metrics.auroc(*scores_of(outputs, method.score)) > 0.6
    right = outputs.test_labels >= 0
    assert (outputs.test_logits[right][:, :6].argmax(dim=1) == outputs.test_labels[right]).float().mean() > 0.8
    again = train_network(spec, tmp_path, config.source, torch.device("cpu"), show_progress=False)
    assert torch.equal(again.test_logits, outputs.test_logits)


def test_every_system_of_the_paper_has_a_row_and_a_way_to_train() -> None:
    papers = {method.paper for method in TABLE1 if method.paper}
    assert papers == {"CAC", "Softmax", "OpenMax", "C2AE", "CROSR", "GFROR", "OSRCI", "G-OpenMax"}
    assert {method.loss for method in TABLE1 if method.paper} == {"cac", "cross_entropy", *SYSTEMS} - {"arpl", "supcon"}
    assert {method.loss for method in TABLE1} >= set(SYSTEMS)


@pytest.mark.parametrize("asked", [{"systems": ("nonsense",)}, {"losses": ("c2ae ",)}])
def test_a_name_that_does_not_exist_is_refused_with_those_that_do(asked: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(TrainingError, match=r"table1 has no .*choose from cac, .*crosr"):
        table1_methods(BenchmarkConfig("table1", **asked))  # type: ignore[arg-type]


def test_systems_belong_to_table_1_and_to_the_network_of_the_paper(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--systems belongs to table1"):
        check(BenchmarkConfig("table2", systems=("cac",)))
    config = BenchmarkConfig("table1", quick=True, backbone="resnet18", systems=("c2ae",))
    spec = network_of(config, trial_specs(config, "neal2018")[0], "c2ae")
    with pytest.raises(TrainingError, match="leave out --backbone"):
        train_network(spec, tmp_path, config.source, torch.device("cpu"), show_progress=False)


# -- their scores -------------------------------------------------------------------------------------------------


def test_the_score_of_c2ae_is_the_least_error() -> None:
    score = LeastReconstructionError(2)
    representation = torch.tensor([[3.0, 1.0, 0.5, 0.25], [0.0, 1.0, 0.5, 0.75]])
    assert score.score(representation).tolist() == [0.25, 0.5]
    assert score.predict(representation).tolist() == [0, 1]


def test_the_score_of_osrci_orders_like_the_probability_of_the_open_class() -> None:
    logits = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) * 3
    probability = logits.double().softmax(dim=1)[:, 3]
    odds = OpenClass(3).score(logits)
    assert torch.allclose(odds.double(), (probability / (1 - probability)).log(), atol=1e-5)
    assert (OpenClass(3).predict(logits) == logits[:, :3].argmax(dim=1)).all()


def test_openmax_without_further_columns_is_openmax() -> None:
    logits = torch.randn(200, 3, generator=torch.Generator().manual_seed(1)) + 4 * torch.eye(3).repeat(67, 1)[:200]
    labels = torch.arange(200) % 3
    plain, told = OpenMax(), OpenMax(classes=3)
    plain.fit(logits, labels)
    told.fit(logits, labels)
    assert torch.equal(plain.probabilities(logits), told.probabilities(logits))


def test_latent_variables_count_in_the_distances_of_openmax() -> None:
    generator = torch.Generator().manual_seed(2)
    labels = torch.arange(300) % 3
    latent = torch.rand(300, 5, generator=generator)
    representation = torch.cat([5 * torch.eye(3)[labels] + torch.rand(300, 3, generator=generator), latent], dim=1)
    score = SYSTEM_SCORES["latent_openmax"](torch.eye(3))
    score.fit(representation, labels)
    odd = representation[:3].clone()
    odd[:, 3:] += 10.0  # logits as they should be, latent variables far away
    assert (score.score(odd) > score.score(representation[:3])).all()
    assert (score.predict(representation) == labels).float().mean() > 0.98


def test_the_open_class_adds_to_what_openmax_calls_unknown() -> None:
    labels = torch.arange(300) % 3
    known = 5 * torch.eye(3)[labels] + torch.rand(300, 3, generator=torch.Generator().manual_seed(3))
    score = SYSTEM_SCORES["open_class_openmax"](torch.eye(3))
    score.fit(torch.cat([known, torch.zeros(300, 1)], dim=1), labels)
    low, high = (torch.cat([known[:4], torch.full((4, 1), value)], dim=1) for value in (0.0, 6.0))
    assert (score.score(high) > score.score(low)).all()


# -- the later ones -----------------------------------------------------------------------------------------------


def test_the_logits_of_arpl_are_its_distances_from_the_points() -> None:
    network = ReciprocalPoints(nn.Flatten(), 3, 2)
    with torch.no_grad():
        network.points.copy_(torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]))
    images = torch.tensor([3.0, 1.0, 2.0]).reshape(1, 3, 1, 1)
    # |z - p|² / 3 - z · p
    assert network(images)[0].tolist() == pytest.approx([(4 + 1 + 4) / 3 - 3.0, (9 + 1 + 4) / 3 - 2.0])


def test_the_loss_of_arpl_is_cross_entropy_and_a_margin() -> None:
    network = ReciprocalPoints(nn.Flatten(), 3, 2)
    with torch.no_grad():
        network.points.zero_()
        network.radius.fill_(0.5)
    images = torch.tensor([3.0, 0.0, 0.0]).reshape(1, 3, 1, 1)
    loss = FarFromItsPoint(network, OptimiserConfig()).loss(0, images, torch.tensor([1]))
    assert float(loss.detach()) == pytest.approx(np.log(2) + 0.1 * (3.0 - 0.5 + 1.0))


def test_the_contrastive_loss_is_that_of_its_paper() -> None:
    generator = torch.Generator().manual_seed(4)
    z = nn.functional.normalize(torch.randn(7, 5, generator=generator, dtype=torch.float64), dim=1)
    labels = torch.tensor([0, 0, 1, 1, 1, 2, 0])
    each = []
    for i in range(7):
        others = [a for a in range(7) if a != i]
        positives = [p for p in others if labels[p] == labels[i]]
        if positives:
            total = sum(np.exp(float(z[i] @ z[a]) / 0.1) for a in others)
            each.append(-np.mean([np.log(np.exp(float(z[i] @ z[p]) / 0.1) / total) for p in positives]))
    assert float(contrastive_loss(z, labels)) == pytest.approx(np.mean(each))
    assert float(contrastive_loss(z[:2], torch.tensor([0, 1]))) == 0.0


# -- their parts --------------------------------------------------------------------------------------------------


def test_the_penalty_of_a_linear_critic_is_that_of_its_slope() -> None:
    slope = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(4))

    def critic(images: Tensor) -> Tensor:
        return (images * slope).sum(dim=(1, 2, 3))

    real, fake = torch.rand(5, 1, 8, 8), torch.rand(5, 1, 8, 8)
    expected = 10.0 * (float(slope.norm()) - 1.0) ** 2
    assert float(gradient_penalty(critic, real, fake)) == pytest.approx(expected, rel=1e-5)


def test_the_range_of_a_generator_and_normalised_pixels_are_inverse() -> None:
    images = torch.rand(3, 1, 32, 32) * 4 - 2
    assert torch.allclose(from_unit_range(to_unit_range(images, GREY), GREY), images, atol=1e-5)
    pixels = torch.arange(256, dtype=torch.float32).reshape(1, 1, 16, 16) / 255.0
    unit = to_unit_range((pixels - 0.3) / 0.2, GREY)
    assert float(unit.min()) == pytest.approx(-1.0, abs=1e-5)
    assert torch.equal(as_pixels(unit).flatten(), torch.arange(256, dtype=torch.uint8))


def test_the_evt_threshold_lies_between_errors_that_do_not_overlap() -> None:
    generator = np.random.default_rng(0)
    match, no_match = generator.normal(1.0, 0.1, 2000), generator.normal(3.0, 0.2, 2000)
    threshold = evt_threshold(match, no_match)
    assert match.max() < threshold < no_match.min()
    overlapping = evt_threshold(generator.normal(1.0, 0.3, 2000), generator.normal(2.0, 0.3, 2000))
    assert 1.2 < overlapping < 1.8


def test_the_decoder_of_c2ae_leaves_the_classifier_as_it_is() -> None:
    classifier = PaperNetwork(4, 32, 1, 0.125)
    network = ConditionedAutoEncoder(classifier, 4, 32, 1, 0.125)
    assert not any(p.requires_grad for p in network.classifier.parameters())
    images = torch.randn(6, 1, 32, 32)
    network.eval()
    representation = network(images)
    assert representation.shape == (6, 8)
    assert torch.allclose(representation[:, :4], classifier.eval()(images), atol=1e-5)
    condition = torch.full((6,), 2)
    error = (network.rebuilt(network.features(images), condition) - images).abs().mean(dim=(1, 2, 3))
    assert torch.allclose(representation[:, 6], error, atol=1e-6)


def test_crosr_rebuilds_the_image_from_its_bottlenecks_alone() -> None:
    network = HierarchicalReconstruction(PaperNetwork(4, 32, 3, 0.125), 4, 3).eval()
    images = torch.randn(2, 3, 32, 32)
    logits, bottlenecks = network.parts(images)
    assert [tuple(each.shape) for each in bottlenecks] == [(2, BOTTLENECK, side, side) for side in (16, 8, 4)]
    assert network.rebuilt(bottlenecks).shape == images.shape
    assert torch.equal(network(images)[:, :4], logits)
    assert isinstance(network.last, nn.Linear)


# -- what is kept -------------------------------------------------------------------------------------------------


def test_the_figures_of_a_network_outlive_its_logits(tmp_path: Path) -> None:
    config = BenchmarkConfig("table1", quick=True, epochs=1)
    spec = network_of(config, trial_specs(config, "neal2018")[0], "cross_entropy")
    outputs = train_network(spec, tmp_path, config.source, torch.device("cpu"), show_progress=False)
    expected = {score: measure(outputs, score) for score in SCORES} | {"overlap": {"bhattacharyya": overlap(outputs)}}
    for file in tmp_path.glob("*.npz"):
        file.unlink()
    kept = train_network(spec, tmp_path, config.source, torch.device("cpu"), show_progress=False)
    assert {score: measure(kept, score) for score in SCORES} == {score: expected[score] for score in SCORES}
    assert overlap(kept) == expected["overlap"]["bhattacharyya"]
    assert kept.record["images"]["train"]["digest"]
    with pytest.raises(DataError, match=r"not the logits: delete its \.json file"):
        measure(kept, "gamma", unknown_group=1)


def test_the_digest_of_images_does_not_depend_on_their_order() -> None:
    images = torch.randint(0, 256, (9, 4, 4, 1), dtype=torch.uint8)
    names = ("a", "b")
    order = torch.randperm(9)
    first, second, other = (
        LabelledImages(pixels, torch.zeros(9).long(), names, ("",) * 9)
        for pixels in (images, images[order], images.roll(1, 1))
    )
    assert digest(first) == digest(second) != digest(other)
