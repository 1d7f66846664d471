# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's datasets are read from their true formats, and what is missing or damaged is named."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cac_core.data.datasets import read_dataset
from cac_core.support.errors import DataError
from test.core.dataset_files import write_cifar, write_mnist, write_svhn, write_tiny_imagenet

SHARED = Path(__file__).parents[3] / "shared" / "datasets"


def test_mnist(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    images, labels = read_dataset("MNIST", tmp_path, train=True)
    assert images.shape == (40, 28, 28, 1)
    assert images.dtype == np.uint8
    assert (images[:, 0, 0, 0] == 20 * labels).all()
    assert len(read_dataset("MNIST", tmp_path, train=False, classes=[3, 5])[1]) == 4


@pytest.mark.skipif(not (SHARED / "MNIST").is_dir(), reason="needs the real MNIST in ../shared/datasets")
def test_the_real_mnist() -> None:
    images, labels = read_dataset("MNIST", SHARED, train=False)
    assert images.shape == (10000, 28, 28, 1)
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_svhn_calls_the_label_ten_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_svhn(tmp_path, monkeypatch)
    images, labels = read_dataset("SVHN", tmp_path, train=True)
    assert images.shape == (30, 32, 32, 3)
    assert (images[:, 5, 5, 0] == 20 * labels).all()


def test_svhn_may_lie_in_a_folder_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_svhn(tmp_path / "SVHN", monkeypatch)
    assert len(read_dataset("SVHN", tmp_path, train=False)[1]) == 30


@pytest.mark.parametrize(
    ("name", "train", "count"), [("CIFAR10", True, 100), ("CIFAR10", False, 20), ("CIFAR100", True, 200)]
)
def test_cifar_is_rgb_with_the_channels_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, train: bool, count: int
) -> None:
    write_cifar(tmp_path, monkeypatch, name)
    images, labels = read_dataset(name, tmp_path, train=train)
    assert images.shape == (count, 32, 32, 3)
    assert (images[:, 3, 3, 0] == labels).all()
    assert (images[:, 0, 20, 2] == 200).all()
    assert (images[:, 0, 2, 2] == 0).all()


@pytest.mark.parametrize("as_zip", [False, True])
def test_tiny_imagenet_numbers_its_classes_by_the_sorted_ids(tmp_path: Path, as_zip: bool) -> None:
    write_tiny_imagenet(tmp_path, as_zip=as_zip)
    images, labels = read_dataset("TinyImageNet", tmp_path, train=True, classes=[150, 7])
    assert images.shape == (4, 64, 64, 3)
    assert labels.tolist() == [7, 7, 150, 150]
    assert (images[:, 30, 30, 1] == labels).all()
    images, labels = read_dataset("TinyImageNet", tmp_path, train=False)
    assert labels.tolist() == list(range(200))
    assert np.abs(images[:, 30, 30, 0].astype(int) - labels).max() <= 1


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("MNIST", "MNIST/raw/train-images-idx3-ubyte"),
        ("SVHN", "train_32x32.mat"),
        ("CIFAR10", "cifar-10-batches-py/data_batch_1"),
        ("CIFAR100", "cifar-100-python/train"),
        ("TinyImageNet", "tiny-imagenet-200.zip"),
    ],
)
def test_a_missing_dataset_is_named_with_folder_and_file(tmp_path: Path, name: str, file: str) -> None:
    with pytest.raises(DataError) as error:
        read_dataset(name, tmp_path, train=True)
    assert str(tmp_path) in str(error.value)
    assert file in str(error.value)


def test_one_missing_file_among_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar(tmp_path, monkeypatch)
    (tmp_path / "cifar-10-batches-py" / "data_batch_4").unlink()
    with pytest.raises(DataError, match="data_batch_4 is missing"):
        read_dataset("CIFAR10", tmp_path, train=True)


def test_a_changed_cifar_file_is_not_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar(tmp_path, monkeypatch)
    file = tmp_path / "cifar-10-batches-py" / "data_batch_2"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(DataError, match="its checksum is wrong"):
        read_dataset("CIFAR10", tmp_path, train=True)


def test_a_file_that_was_cut(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"cannot be read.*again"):
        read_dataset("MNIST", tmp_path, train=True)


def test_an_empty_file(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    (tmp_path / "MNIST" / "raw" / "train-labels-idx1-ubyte").write_bytes(b"")
    with pytest.raises(DataError, match="cannot be read"):
        read_dataset("MNIST", tmp_path, train=True)


def test_labels_the_dataset_cannot_have(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    file = tmp_path / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    file.write_bytes(struct.pack(">II", 0x801, 40) + bytes([11] * 40))
    with pytest.raises(DataError, match="label 11"):
        read_dataset("MNIST", tmp_path, train=True)


def test_images_and_labels_of_different_number(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    file = tmp_path / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    file.write_bytes(struct.pack(">II", 0x801, 39) + bytes(39))
    with pytest.raises(DataError, match="40 images but 39 labels"):
        read_dataset("MNIST", tmp_path, train=True)


def test_unknown_name_and_class_number(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no dataset 'KMNIST'"):
        read_dataset("KMNIST", tmp_path, train=True)
    with pytest.raises(DataError, match="classes 0 to 9, not 12"):
        read_dataset("MNIST", tmp_path, train=True, classes=[1, 12])


def test_tiny_imagenet_that_is_not_whole(tmp_path: Path) -> None:
    write_tiny_imagenet(tmp_path, classes=3)
    folder = tmp_path / "tiny-imagenet-200"
    image = folder / "val" / "images" / "val_1.JPEG"
    content = image.read_bytes()
    image.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"val_1\.JPEG.*damaged"):
        read_dataset("TinyImageNet", tmp_path, train=False)
    image.unlink()
    with pytest.raises(DataError, match=r"val_1\.JPEG is missing"):
        read_dataset("TinyImageNet", tmp_path, train=False)
    with pytest.raises(DataError, match="3 classes, but class 5"):
        read_dataset("TinyImageNet", tmp_path, train=True, classes=[5])


def test_a_zip_that_was_cut(tmp_path: Path) -> None:
    write_tiny_imagenet(tmp_path, classes=3, as_zip=True)
    archive = tmp_path / "tiny-imagenet-200.zip"
    archive.write_bytes(archive.read_bytes()[:200])
    with pytest.raises(DataError, match="not a whole zip"):
        read_dataset("TinyImageNet", tmp_path, train=True)


def write_class_folders(root: Path, name: str, classes: int, side: int = 32, per_class: int = 3) -> Path:
    for part in ("train", "test"):
        for label in range(classes):
            folder = root / name / part / f"c{label:03d}"
            folder.mkdir(parents=True)
            for i in range(per_class):
                Image.fromarray(np.full((side, side, 3), label, dtype=np.uint8)).save(
                    folder / f"{i}.webp", lossless=True
                )
    return root


@pytest.mark.parametrize(("name", "classes"), [("CIFAR10", 10), ("CIFAR100", 100), ("SVHN", 10)])
def test_class_folders_are_numbered_in_sorted_order(tmp_path: Path, name: str, classes: int) -> None:
    write_class_folders(tmp_path, name, classes)
    images, labels = read_dataset(name, tmp_path, train=True)
    assert images.shape == (3 * classes, 32, 32, 3)
    assert (images == labels[:, None, None, None]).all()
    assert read_dataset(name, tmp_path, train=False, classes=[4, 7])[1].tolist() == [4, 4, 4, 7, 7, 7]


def test_the_official_files_come_before_class_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_class_folders(tmp_path, "CIFAR10", 10)
    write_cifar(tmp_path, monkeypatch, "CIFAR10")
    assert len(read_dataset("CIFAR10", tmp_path, train=True)[1]) == 100


def test_a_class_folder_too_few_is_refused(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "CIFAR10", 9)
    with pytest.raises(DataError, match="train has 9 class folders, but CIFAR10 has 10 classes"):
        read_dataset("CIFAR10", tmp_path, train=True)


@pytest.mark.parametrize("damage", ["cut", "size"])
def test_a_bad_picture_in_a_class_folder_is_named(tmp_path: Path, damage: str) -> None:
    write_class_folders(tmp_path, "CIFAR10", 10)
    bad = tmp_path / "CIFAR10" / "train" / "c003" / "1.webp"
    if damage == "cut":
        bad.write_bytes(bad.read_bytes()[:20])
    else:
        Image.new("RGB", (33, 32)).save(bad)
    with pytest.raises(DataError, match=r"c003/1\.webp cannot be read"):
        read_dataset("CIFAR10", tmp_path, train=True)
