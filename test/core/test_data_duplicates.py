# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The same picture is found however it was saved, and never lies on both sides of a split."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cac_core.data import duplicate_groups, duplicates, find_duplicates, load_image_folder, stratified_split
from cac_core.preprocessing import Preprocessing
from cac_core.training import DataConfig, ScheduleConfig
from test.core.photos import write_folder
from test.core.trainings import photo_config, train

SIDE = 64


def scene(seed: int, size: tuple[int, int] = (200, 160)) -> Image.Image:
    """A picture with structure: a few random patches, smoothly scaled up."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


def pairs_of(folder: Path) -> set[tuple[str, str]]:
    loaded = load_image_folder(folder, Preprocessing(SIDE))
    names = [path.rsplit("/", 1)[-1] for path in loaded.paths]
    return {(names[i], names[j]) for i, j in find_duplicates(loaded.images).tolist()}


def test_a_picture_is_found_recompressed_scaled_or_slightly_brighter(tmp_path: Path) -> None:
    for k in range(2):
        (tmp_path / str(k)).mkdir()
    for i in range(12):
        scene(i).save(tmp_path / str(i % 2) / f"other{i}.png")
    picture = scene(99, (400, 320))
    picture.save(tmp_path / "0" / "a.png")
    picture.save(tmp_path / "0" / "b.jpg", quality=60)
    picture.resize((150, 120)).save(tmp_path / "0" / "c.png")
    picture.point(lambda v: min(255, v + 4)).save(tmp_path / "1" / "d.png")
    found = pairs_of(tmp_path)
    same = ["a.png", "b.jpg", "c.png", "d.png"]
    assert found == {(x, y) for i, x in enumerate(same) for y in same[i + 1 :]}


def test_pictures_without_structure_are_not_all_the_same() -> None:
    flat = torch.stack([torch.full((SIDE, SIDE, 3), level, dtype=torch.uint8) for level in (0, 90, 180, 180)])
    assert find_duplicates(flat).tolist() == [[2, 3]]
    assert find_duplicates(flat[:1]).shape == (0, 2)
    assert find_duplicates(flat[:0]).shape == (0, 2)


def test_a_mirrored_or_recoloured_picture_is_another() -> None:
    pixels = torch.from_numpy(np.array(scene(3, (SIDE, SIDE))))
    assert find_duplicates(torch.stack([pixels, pixels.flip(1), pixels.flip(2)])).tolist() == []


def test_many_images_over_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.stack([torch.from_numpy(np.array(scene(i % 20, (16, 16)))) for i in range(40)])
    whole = find_duplicates(images)
    monkeypatch.setattr("cac_core.data.duplicates.BLOCK", 8)
    assert torch.equal(find_duplicates(images), whole)
    assert whole.tolist() == [[i, i + 20] for i in range(20)]


def test_groups_are_linked_directly_or_not() -> None:
    groups = duplicate_groups(torch.tensor([[0, 3], [3, 4], [1, 5]]), 6).tolist()
    assert groups[0] == groups[3] == groups[4]
    assert groups[1] == groups[5]
    assert len({groups[0], groups[1], groups[2]}) == 3


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=1, max_size=60),
    st.floats(0.05, 0.9),
    st.integers(0, 5),
)
def test_no_group_is_ever_torn_apart(images: list[tuple[int, int]], share: float, seed: int) -> None:
    labels, groups = (torch.tensor(column) for column in zip(*images, strict=True))
    first, second = stratified_split(labels, share, seed, groups)
    assert sorted([*first.tolist(), *second.tolist()]) == list(range(len(images)))
    assert set(groups[first].tolist()).isdisjoint(groups[second].tolist())
    assert set(labels.tolist()) == set(labels[first].tolist())  # every class can be learnt


def test_groups_of_one_image_change_nothing() -> None:
    labels = torch.randint(0, 5, (200,), generator=torch.Generator().manual_seed(1))
    with_groups, without = (stratified_split(labels, 0.2, 7, g) for g in (torch.arange(200), None))
    assert torch.equal(with_groups[1], without[1])


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Three colours, where one photo of red was copied five times and once into the folder of green."""
    root = write_folder(tmp_path / "photos", count=12)
    picture = (root / "red" / "00.png").read_bytes()
    for i in range(5):
        (root / "red" / f"copy{i}.png").write_bytes(picture)
    (root / "green" / "wrong.png").write_bytes(picture)
    return root


def test_a_training_says_what_is_repeated_mislabelled_and_few(shop: Path, tmp_path: Path) -> None:
    data = DataConfig(root=shop, validation_share=0.25)
    config = photo_config(shop, tmp_path / "m.cac", data=data, schedule=ScheduleConfig("one_cycle", epochs=1))
    result = train(config)
    summary = result.bundle.training["data"]
    assert summary["duplicates"]["pairs"] == 7 * 6 // 2
    assert summary["duplicates"]["across_classes"] == 6
    assert all("green/wrong.png" in pair for pair in summary["duplicates"]["named"][:6])
    assert summary["few_photos"] == ["blue", "green"]
    warnings = " ".join(result.warnings)
    for text in (
        "21 pairs",
        "6 of them in different classes",
        "green/wrong.png",
        "fewer than 15 photos of blue, green",
    ):
        assert text in warnings
    assert summary["train"]["red"] + summary["validation"]["red"] == 17


def test_many_images_have_the_pairs_that_a_comparison_of_all_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (400, 16, 16, 3), generator=chance, dtype=torch.uint8)
    slightly = images[:150].int() + torch.randint(-9, 10, (150, 16, 16, 3), generator=chance)
    flat = torch.full((5, 16, 16, 3), 127, dtype=torch.uint8)
    images = torch.cat([images, slightly.clamp(0, 255).to(torch.uint8), flat])
    wanted = find_duplicates(images)
    monkeypatch.setattr(duplicates, "FEW", 10)
    assert len(wanted) > 100
    assert find_duplicates(images).tolist() == wanted.tolist()
