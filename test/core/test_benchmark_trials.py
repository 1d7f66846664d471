# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trials hold the right images of the right classes, from the paper's datasets and from a user's folder."""

import json
from pathlib import Path

import pytest
import torch

from cac_core.benchmark.trial_source import TrialSource
from cac_core.benchmark.trials import TrialSpec, load_trial
from cac_core.data import ClassSplit, class_split
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import DataError
from test.core.dataset_files import write_cifar, write_folder, write_mnist, write_tiny_imagenet

GREY = Preprocessing(32, 1, "crop", "linear", (0.5,), (0.5,))
RGB = Preprocessing(32, 3)


@pytest.mark.parametrize("family", ["neal2018", "cac2020"])
def test_known_classes_are_numbered_sorted_unknown_ones_only_tested(tmp_path: Path, family: str) -> None:
    source = TrialSource(write_mnist(tmp_path, per_class=5))
    split = source.split("MNIST", family, 3)
    trial = load_trial(TrialSpec(split), GREY, source, 0.2)
    assert trial.train.images.shape == (6 * 4, 32, 32, 1)
    assert len(trial.validation) == 6
    assert len(trial.test) == 20
    for part in (trial.train, trial.validation):
        digits = torch.tensor(split.known)[part.labels]
        assert torch.equal(part.images[:, 16, 16, 0].long(), 20 * digits)
    shown = trial.test.images[:, 16, 16, 0].long() // 20
    unknown = torch.isin(shown, torch.tensor(split.unknown))
    assert torch.equal(trial.test.labels == -1, unknown)
    assert torch.equal(trial.groups, unknown.long())


def test_cifar_plus_takes_its_unknown_classes_from_the_other_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cifar(tmp_path, monkeypatch, "CIFAR10", repeats=5)
    write_cifar(tmp_path, monkeypatch, "CIFAR100", repeats=1)
    source = TrialSource(tmp_path)
    split = source.split("CIFAR+10", "neal2018", 0)
    trial = load_trial(TrialSpec(split), RGB, source, 0.2)
    assert trial.train.class_names == ("0", "1", "8", "9")
    known = trial.test.images[trial.test.labels != -1][:, 0, 0, 0]
    assert sorted(set(known.tolist())) == [0, 1, 8, 9]
    unknown = trial.test.images[trial.test.labels == -1][:, 0, 0, 0]
    assert sorted(unknown.tolist()) == list(split.unknown)


def test_further_unknown_sets_and_known_unknowns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar(tmp_path, monkeypatch, "CIFAR10", repeats=5)
    write_cifar(tmp_path, monkeypatch, "CIFAR100", repeats=1)
    split = ClassSplit("all", "CIFAR10", 0, tuple(range(10)), ())
    spec = TrialSpec(split, (("CIFAR100", (21, 23)), ("CIFAR100", ())), ("CIFAR100", (40, 42, 44)))
    trial = load_trial(spec, RGB, TrialSource(tmp_path), 0.2)
    assert trial.groups.bincount().tolist() == [50, 0, 2, 100]
    assert (trial.test.labels[trial.groups > 0] == -1).all()
    assert trial.known_unknown is not None
    assert trial.known_unknown.images[:, 0, 0, 0].tolist() == [40, 42, 44]
    assert (trial.known_unknown.labels == -1).all()


def test_tiny_imagenet(tmp_path: Path) -> None:
    source = TrialSource(write_tiny_imagenet(tmp_path, per_class=5))
    split = source.split("TinyImageNet", "cac2020", 0)
    trial = load_trial(TrialSpec(split), Preprocessing(64), source, 0.1)
    assert len(trial.train) == 20 * 4
    assert len(trial.validation) == 20
    assert (trial.test.labels == -1).sum() == 180


def test_every_dataset_needs_a_root_except_the_digits() -> None:
    source = TrialSource()
    with pytest.raises(DataError, match="--data-root"):
        load_trial(TrialSpec(class_split("neal2018", "MNIST", 0)), GREY, source, 0.2)
    trial = load_trial(TrialSpec(source.split("digits", "neal2018", 1)), GREY, source, 0.2)
    assert len(trial.train) > 500
    assert (trial.test.labels == -1).any()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("MNIST", "neal2019", 0), "no split family 'neal2019'"),
        (("MNIST", "neal2018", 5), "no trial 5"),
        (("KMNIST", "neal2018", 0), "no splits of 'KMNIST'"),
        (("digits", "neal2018", -1), "no trial -1"),
    ],
)
def test_what_does_not_exist_is_said(arguments: tuple[str, str, int], says: str) -> None:
    with pytest.raises(DataError, match=says):
        TrialSource().split(*arguments)


SPLITS = {"mine": {"things": [{"known": ["mug", "bowl"], "unknown": ["spoon"]}]}}


def folder_source(tmp_path: Path, splits: object = SPLITS) -> TrialSource:
    file = tmp_path / "splits.json"
    file.write_text(splits if isinstance(splits, str) else json.dumps(splits))
    return TrialSource(folder=tmp_path / "things", splits=file)


def test_a_users_folder_with_splits_by_name(tmp_path: Path) -> None:
    write_folder(tmp_path / "things", ["bowl", "mug", "spoon", "other"])
    source = folder_source(tmp_path)
    split = source.split("things", "mine", 0)
    trial = load_trial(TrialSpec(split), RGB, source, 0.2)
    assert trial.train.class_names == ("bowl", "mug")
    assert trial.train.labels.bincount().tolist() == [5, 5]
    assert sorted(trial.test.labels.tolist()) == [-1, -1, 0, 0, 1, 1]
    colours = {"bowl": 0, "mug": 30}
    for label, name in enumerate(trial.train.class_names):
        assert (trial.train.images[trial.train.labels == label] == colours[name]).all()


def test_a_users_folder_with_its_own_test_part(tmp_path: Path) -> None:
    write_folder(tmp_path / "things" / "train", ["bowl", "mug"], 10)
    write_folder(tmp_path / "things" / "test", ["bowl", "mug", "spoon"], 3)
    source = folder_source(tmp_path)
    trial = load_trial(TrialSpec(source.split("things", "mine", 0)), RGB, source, 0.2)
    assert len(trial.train) == 16
    assert sorted(trial.test.labels.tolist()) == [-1] * 3 + [0] * 3 + [1] * 3


@pytest.mark.parametrize(
    ("splits", "says"),
    [
        ("{", "is not JSON"),
        ({"theirs": []}, "no split family 'mine'; it has theirs"),
        ({"mine": {"cups": []}}, "no dataset 'things'; it has cups"),
        ({"mine": []}, "must be a list"),
        ({"mine": [{"known": ["mug", "bowl"]}]}, "'unknown'"),
        ({"mine": [{"known": ["mug", "cup"], "unknown": ["spoon"]}]}, "names the class 'cup'"),
        ({"mine": [{"known": ["mug"], "unknown": ["spoon"]}]}, "at least two"),
        ({"mine": [{"known": ["mug", "spoon"], "unknown": ["spoon"]}]}, "'spoon' as known and as unknown"),
    ],
)
def test_splits_that_cannot_work(tmp_path: Path, splits: object, says: str) -> None:
    write_folder(tmp_path / "things", ["bowl", "mug", "spoon"], 1)
    with pytest.raises(DataError, match=says):
        folder_source(tmp_path, splits).split("things", "mine", 0)


def test_a_folder_without_splits_or_without_images(tmp_path: Path) -> None:
    write_folder(tmp_path / "things", ["bowl", "mug"], 1)
    with pytest.raises(DataError, match="needs --splits"):
        TrialSource(folder=tmp_path / "things").split("things", "mine", 0)
    with pytest.raises(DataError, match="does not exist"):
        TrialSource(folder=tmp_path / "things", splits=tmp_path / "no.json").split("things", "mine", 0)
    file = tmp_path / "splits.json"
    file.write_text(json.dumps({"mine": SPLITS["mine"]["things"]}))
    with pytest.raises(DataError, match=r"nowhere.*does not exist"):
        TrialSource(folder=tmp_path / "nowhere", splits=file).split("nowhere", "mine", 0)
