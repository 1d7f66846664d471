# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Class splits and the division into training and validation images."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cac_core.data import class_split, last_split, relabel, stratified_split
from cac_core.support.errors import DataError

DATASETS = ("MNIST", "SVHN", "CIFAR10", "CIFAR+10", "CIFAR+50", "TinyImageNet")


@pytest.mark.parametrize("family", ["neal2018", "cac2020"])
@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("trial", range(5))
def test_every_split_is_complete(family: str, dataset: str, trial: int) -> None:
    split = class_split(family, dataset, trial)
    total, known = {"CIFAR+10": (14, 4), "CIFAR+50": (54, 4), "TinyImageNet": (200, 20)}.get(dataset, (10, 6))
    assert len(set(split.known)) == len(split.known) == known
    assert len(set(split.unknown)) == len(split.unknown) == total - known
    if not dataset.startswith("CIFAR+"):  # there the unknown classes are those of another data set
        assert set(split.known).isdisjoint(split.unknown)
        assert set(split.known) | set(split.unknown) == set(range(total))


def test_the_hard_trial_of_mnist() -> None:
    split = class_split("neal2018", "MNIST", 1)
    assert split.known == (0, 3, 5, 7, 8, 9)
    assert split.unknown == (1, 2, 4, 6)


def test_the_two_families_differ() -> None:
    pairs = [(class_split("neal2018", "MNIST", i).known, class_split("cac2020", "MNIST", i).known) for i in range(5)]
    assert any(a != b for a, b in pairs)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("neal2019", "MNIST", 0), "neal2018 or cac2020"),
        (("neal2018", "FashionMNIST", 0), "choose one of MNIST"),
        (("neal2018", "MNIST", 5), "choose 0 to 4"),
        (("neal2018", "MNIST", -1), "choose 0 to 4"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(arguments: tuple[str, str, int], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        class_split(*arguments)


def test_relabel_numbers_known_sorted_unknown_minus_one_drops_rest() -> None:
    split = class_split("neal2018", "CIFAR+10", 0)  # known 0, 1, 8, 9
    positions, labels = relabel(torch.tensor([9, 5, 0, 8, 26, 1]), split)
    assert positions.tolist() == [0, 2, 3, 4, 5]
    assert labels.tolist() == [3, 0, 2, -1, 1]


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=200),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 1000),
)
def test_stratified_parts_are_a_division_with_every_class_in_both(labels: list[int], share: float, seed: int) -> None:
    y = torch.tensor(labels)
    first, second = stratified_split(y, share, seed)
    assert sorted(first.tolist() + second.tolist()) == list(range(len(labels)))
    for label in set(labels):
        n = labels.count(label)
        in_second = int((y[second] == label).sum())
        assert in_second == (0 if n == 1 else min(max(1, round(share * n)), n - 1))


def test_the_seed_alone_decides_the_division() -> None:
    y = torch.arange(100) % 3
    assert torch.equal(stratified_split(y, 0.2, 7)[1], stratified_split(y, 0.2, 7)[1])
    assert not torch.equal(stratified_split(y, 0.2, 7)[1], stratified_split(y, 0.2, 8)[1])


def test_the_last_photos_of_each_series_are_held_out() -> None:
    """Shop and shelf change within a series; random photos of it would have their twins in training."""
    names = (
        [f"apple/gala_{n:03}.jpg" for n in range(10)] + [f"apple/pink-{n}.jpg" for n in range(1, 6)] + ["pear/x.jpg"]
    )
    y = torch.tensor([0] * 15 + [1])
    first, second = last_split(y, names, 0.2)
    assert [names[i] for i in second] == ["apple/gala_008.jpg", "apple/gala_009.jpg", "apple/pink-5.jpg"]
    assert sorted(first.tolist() + second.tolist()) == list(range(16))


def test_numbers_are_ordered_as_numbers_and_duplicates_stay_together() -> None:
    names = ["photo 10.jpg", "photo 9.jpg", "photo 1.jpg", "photo 2.jpg"]
    y = torch.zeros(4, dtype=torch.int64)
    assert last_split(y, names, 0.5)[1].tolist() == [0, 1]
    assert last_split(y, names, 0.5, groups=torch.tensor([0, 0, 1, 2]))[1].tolist() == [0, 1]
    assert last_split(y, names, 0.25, groups=torch.tensor([0, 0, 1, 2]))[1].tolist() == []


@given(
    photos=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from("abc_"), st.integers(0, 999)), min_size=1, max_size=80
    ),
    share=st.floats(0.05, 0.95),
)
def test_last_parts_are_a_division_with_every_class_in_both(photos: list[tuple[int, str, int]], share: float) -> None:
    y = torch.tensor([label for label, _, _ in photos])
    first, second = last_split(y, [f"{stem}{number}.png" for _, stem, number in photos], share)
    assert sorted(first.tolist() + second.tolist()) == list(range(len(photos)))
    for label in set(y.tolist()):
        n, in_second = int((y == label).sum()), int((y[second] == label).sum())
        assert in_second == (0 if n == 1 else min(max(1, round(share * n)), n - 1))


@given(labels=st.lists(st.integers(0, 2), min_size=2, max_size=60), share=st.floats(0.1, 0.9))
def test_names_without_numbers_still_divide(labels: list[int], share: float) -> None:
    y = torch.tensor(labels)
    names = [f"{'abcdefghij'[i % 10]}{'klmnopq'[i // 10]}.jpg" for i in range(len(labels))]
    first, second = last_split(y, names, share)
    assert sorted(first.tolist() + second.tolist()) == list(range(len(labels)))


def test_a_share_of_nothing_or_everything_is_refused() -> None:
    for share in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="share"):
            stratified_split(torch.zeros(4, dtype=torch.int64), share, 0)
        with pytest.raises(ValueError, match="share"):
            last_split(torch.zeros(4, dtype=torch.int64), ["a", "b", "c", "d"], share)
