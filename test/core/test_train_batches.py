# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Batches and augmentation: complete, reproducible, and different for every image."""

from functools import partial
from typing import Any

import kornia.augmentation as K
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cac_core.data import LabelledImages
from cac_core.training import AugmentConfig
from cac_core.training.augment import Augment, _Warp
from cac_core.training.batches import OrderedBatches, TrainingBatches, mix_seed


def numbered(count: int) -> LabelledImages:
    images = torch.arange(count, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 2, 2, 1)
    return LabelledImages(images, torch.arange(count), tuple(map(str, range(count))), ("",) * count)


def batches(count: int, size: int, epoch: int = 0, **part: Any) -> list[list[int]]:
    return [labels.tolist() for _, labels in TrainingBatches(numbered(count), size, 3, lambda: epoch, **part)]


@pytest.mark.parametrize(("count", "size"), [(10, 4), (129, 128), (5, 64), (64, 64), (7, 2)])
def test_an_epoch_holds_every_image_once_and_no_tiny_batch(count: int, size: int) -> None:
    got = batches(count, size)
    assert sorted(label for batch in got for label in batch) == list(range(count))
    assert max(map(len, got)) - min(map(len, got)) <= 1
    assert len(got) == len(TrainingBatches(numbered(count), size, 3, int))


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    assert batches(50, 8, epoch=4) == batches(50, 8, epoch=4)
    assert batches(50, 8, epoch=4) != batches(50, 8, epoch=5)


def test_processes_share_each_batch_in_equal_parts() -> None:
    whole = batches(66, 16)
    parts = [batches(66, 16, rank=rank, world=2) for rank in range(2)]
    for batch, first, second in zip(whole, *parts, strict=True):
        assert len(first) == len(second)
        assert set(first) | set(second) <= set(batch)
        assert set(first).isdisjoint(second)


def test_processes_divide_validation_images_completely() -> None:
    parts = [list(OrderedBatches(numbered(11), 2, rank, 3)) for rank in range(3)]
    assert sorted(label for part in parts for _, labels in part for label in labels.tolist()) == list(range(11))


def test_seeds_of_neighbours_are_unrelated() -> None:
    seeds = {mix_seed(seed, epoch, step) for seed in range(4) for epoch in range(8) for step in range(32)}
    assert len(seeds) == 4 * 8 * 32
    assert all(0 <= seed < 2**63 for seed in seeds)


EVERYTHING = AugmentConfig(9, 0.6, 0.5, 20, 0.1, 0.2, 10, 0.2, 0.2, 0.2, 0.05, 0.1, 0.5)
EVERYTHING_GREY = AugmentConfig(9, 0.6, 0.5, 20, 0.1, 0.2, 10, 0.2, 0.2, 0, 0, 0.1, 0.5)


@pytest.mark.parametrize(("config", "channels"), [(EVERYTHING, 3), (EVERYTHING_GREY, 1)])
def test_augmented_images_keep_shape_and_type_and_spare_the_originals(config: AugmentConfig, channels: int) -> None:
    images = torch.randint(0, 256, (5, 24, 24, channels), dtype=torch.uint8)
    before = images.clone()
    changed = Augment(config, 24, channels)(images)
    assert changed.shape == images.shape
    assert changed.dtype == torch.uint8
    assert torch.equal(images, before)


def smooth_images(count: int = 16, side: int = 48) -> Tensor:
    coarse = torch.rand(count, 3, 6, 6, generator=torch.Generator().manual_seed(2))
    return F.interpolate(coarse, (side, side), mode="bicubic", align_corners=True).clamp(0, 1)


CROP = K.RandomResizedCrop((48, 48), scale=(0.4, 1.0), cropping_mode="resample", p=1.0)
MIRROR = K.RandomHorizontalFlip(p=0.5)
AFFINE = K.RandomAffine(15, (0.05, 0.05), (0.9, 1.1), 5, padding_mode="border", align_corners=True, p=1.0)


@pytest.mark.parametrize("changes", [[CROP], [MIRROR], [AFFINE], [MIRROR, AFFINE], [MIRROR, AFFINE, CROP]])
def test_one_resampling_shows_what_the_changes_show_one_after_the_other(changes: list[Any]) -> None:
    images = smooth_images()
    torch.manual_seed(3)
    at_once = _Warp(changes, 48)(images)
    torch.manual_seed(3)
    expected = images
    for change in changes:
        expected = change(expected)
    torch.testing.assert_close(at_once, expected, rtol=0, atol=0.05 if len(changes) > 1 else 1e-4)  # each one blurs


@pytest.mark.parametrize("crop", [1.0, 0.5])
def test_images_can_be_trained_on_smaller_than_they_are(crop: float) -> None:
    off: dict[str, Any] = {**dict.fromkeys(AugmentConfig.__dataclass_fields__, 0), "scale_min": crop, "image_size": 32}
    images = (smooth_images() * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    smaller = Augment(AugmentConfig(**off), 48, 3)(images)
    assert smaller.shape == (16, 32, 32, 3)
    assert smaller.dtype == torch.uint8
    if crop == 1.0:  # nothing but the size changes
        expected = F.interpolate(
            images.permute(0, 3, 1, 2).float(), (32, 32), mode="bilinear", align_corners=True
        ).permute(0, 2, 3, 1)
        assert (smaller.float() - expected).abs().max() <= 1


@pytest.mark.parametrize("name", [n for n in AugmentConfig.__dataclass_fields__ if n != "image_size"])
def test_each_change_differs_between_images_and_repeats_with_the_seed(name: str) -> None:
    off: dict[str, Any] = {**dict.fromkeys(AugmentConfig.__dataclass_fields__, 0), "scale_min": 1.0}
    on = {"scale_min": 0.5, "flip": 0.5, "rotation": 30, "shear": 20, "erase": 0.5, "hue": 0.3, "rand_augment": 9}.get(
        name, 0.4
    )
    augment = Augment(AugmentConfig(**{**off, name: on}), 24, 3)
    one = torch.randint(0, 256, (1, 24, 24, 3), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    images = one.expand(16, -1, -1, -1)
    torch.manual_seed(5)
    first = augment(images)
    torch.manual_seed(5)
    assert torch.equal(first, augment(images))
    assert len({tuple(image.flatten().tolist()) for image in first}) > 1


def test_with_everything_off_nothing_changes() -> None:
    values: dict[str, Any] = {**dict.fromkeys(AugmentConfig.__dataclass_fields__, 0.0), "scale_min": 1.0}
    off = AugmentConfig(**values)
    images = torch.randint(0, 256, (2, 8, 8, 3), dtype=torch.uint8)
    assert torch.equal(Augment(off, 8, 3)(images), images)


def test_hue_and_saturation_leave_grey_pixels_and_brightness_alone() -> None:
    torch.manual_seed(0)
    augment = Augment(AugmentConfig(scale_min=1.0, saturation=0.5, hue=0.5), 8, 3)
    grey = torch.full((16, 8, 8, 3), 100, dtype=torch.uint8)
    assert (augment(grey).int() - 100).abs().max() <= 1
    orange = torch.tensor([150, 120, 100], dtype=torch.uint8).expand(16, 8, 8, 3)
    luma = torch.tensor([0.299, 0.587, 0.114])
    assert ((augment(orange).float() - orange.float()) @ luma).abs().max() < 2


def test_a_mild_change_is_mild() -> None:
    ramp = torch.arange(0, 256, 8, dtype=torch.uint8).reshape(1, 1, 32, 1).expand(8, 32, 32, 3)
    torch.manual_seed(0)
    changed = Augment(AugmentConfig(scale_min=1.0, brightness=0.05, contrast=0.05), 32, 3)(ramp)
    assert (changed.int() - ramp.int()).abs().max() <= 255 * 0.05 + 128 * 0.05 + 1


def test_balanced_batches_share_equally_and_show_all_images_in_time() -> None:
    labels = torch.tensor([0] * 30 + [1] * 3 + [2] * 12)
    images = torch.arange(45, dtype=torch.uint8).reshape(-1, 1, 1, 1)
    data = LabelledImages(images, labels, ("a", "b", "c"), ("",) * 45)
    seen = set()
    for epoch in range(12):
        epoch_batches = list(TrainingBatches(data, 9, 3, partial(int, epoch), balanced=True))
        assert torch.bincount(torch.cat([y for _, y in epoch_batches])).tolist() == [15, 15, 15]
        shown = torch.cat([x.flatten() for x, _ in epoch_batches]).tolist()
        assert sorted(shown.count(image) for image in (30, 31, 32)) == [5, 5, 5]
        seen |= set(shown)
    assert seen == set(range(45))
