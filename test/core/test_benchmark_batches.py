# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Batches of a benchmark hold every image once per epoch, and RandAugment treats every image on its own."""

import math

import pytest
import torch
from torch import nn

from cac_core.benchmark.batches_on_device import BatchesOnDevice
from cac_core.benchmark.loss_by_name import make_loss
from cac_core.benchmark.module import BenchmarkModule
from cac_core.benchmark.recipes import make_recipe
from cac_core.data import LabelledImages
from cac_core.model import normalise
from cac_core.preprocessing import Preprocessing
from cac_core.training.batches import OrderedBatches
from cac_core.training.rand_augment import RandAugment

PLAIN = Preprocessing(8, 1, mean=(0.25,), std=(0.5,))


def numbered(count: int) -> LabelledImages:
    """Image i is filled with i."""
    images = torch.arange(count, dtype=torch.uint8)[:, None, None, None].expand(count, 8, 8, 1).contiguous()
    return LabelledImages(images, torch.arange(count), ("a", "b"), ())


def batches(
    data: LabelledImages, epoch: int = 0, augment: nn.Module | None = None, batch_size: int = 16
) -> BatchesOnDevice:
    cpu = torch.device("cpu")
    return BatchesOnDevice(data, batch_size, 7, lambda: epoch, augment or nn.Identity(), PLAIN, cpu)


def test_an_epoch_holds_every_image_once_in_batches_of_nearly_equal_size() -> None:
    data = numbered(150)
    seen = list(batches(data))
    assert {len(labels) for _, labels in seen} <= {16, 17}
    assert sorted(torch.cat([labels for _, labels in seen]).tolist()) == list(range(150))
    for inputs, labels in seen:
        assert torch.allclose(inputs, normalise(data.images[labels], PLAIN))


def test_order_depends_on_seed_and_epoch_alone() -> None:
    data = numbered(100)
    order = [torch.cat([labels for _, labels in batches(data, epoch)]) for epoch in (0, 0, 1)]
    assert torch.equal(order[0], order[1])
    assert not torch.equal(order[0], order[2])


def test_chunks_do_not_change_what_is_in_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    data = numbered(100)
    whole = [labels for _, labels in batches(data)]
    monkeypatch.setitem(__import__("cac_core.benchmark.batches_on_device", fromlist=["CHUNK"]).CHUNK, "cpu", 32)
    parts = [labels for _, labels in batches(data)]
    assert all(torch.equal(a, b) for a, b in zip(whole, parts, strict=True))


@pytest.mark.parametrize("channels", [1, 3])
def test_rand_augment_keeps_shape_and_input_and_varies_by_image(channels: int) -> None:
    torch.manual_seed(0)
    image = torch.randint(0, 256, (1, 16, 16, channels), dtype=torch.uint8)
    pixels = image.repeat(60, 1, 1, 1)
    before = pixels.clone()
    augmented = RandAugment(2, 9, channels)(pixels)
    assert torch.equal(pixels, before)
    assert augmented.shape == pixels.shape
    assert augmented.dtype == torch.uint8
    assert len({tuple(a.flatten().tolist()) for a in augmented}) > 20


def test_rand_augment_of_an_image_does_not_depend_on_its_neighbours() -> None:
    """Equalise, autocontrast and contrast look at one image at a time."""
    first = torch.randint(0, 100, (40, 16, 16, 1), dtype=torch.uint8)
    second = torch.randint(0, 256, (40, 16, 16, 1), dtype=torch.uint8)
    augment = RandAugment(1, 9, 1)
    torch.manual_seed(3)
    alone = augment(torch.cat([first, first]))[:40]
    torch.manual_seed(3)
    beside = augment(torch.cat([first, second]))[:40]
    assert torch.equal(alone, beside)


def test_the_same_seed_gives_the_same_images() -> None:
    pixels = torch.randint(0, 256, (30, 16, 16, 3), dtype=torch.uint8)
    results = []
    for _ in range(2):
        torch.manual_seed(1)
        results.append(RandAugment(2, 6, 3)(pixels))
    assert torch.equal(*results)


@pytest.mark.parametrize("wrong", [(0, 5), (1, 31), (1, -1)])
def test_rand_augment_refuses_numbers_that_mean_nothing(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least one operation"):
        RandAugment(*wrong, 1)


def test_the_strong_schedule_warms_up_once_and_restarts() -> None:
    recipe = make_recipe("strong", "MNIST", epochs=30)
    data = numbered(160)
    training = batches(data)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    module = BenchmarkModule(
        network, make_loss("cac", 2, recipe), True, PLAIN, recipe, training, OrderedBatches(data, 64)
    )
    optimisers = module.configure_optimizers()
    optimiser, rate = optimisers["optimizer"], optimisers["lr_scheduler"]["scheduler"]
    rates = []
    for _ in range(30 * len(training)):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        rate.step()
    restarts = [i for i in range(1, len(rates)) if rates[i] > 10 * rates[i - 1]]
    assert restarts == [100, 200]
    assert rates[0] < 0.01
    assert max(rates) == pytest.approx(0.05, rel=0.1)
    assert rates[99] < 1e-3
    assert math.isclose(rates[100], 0.05)
