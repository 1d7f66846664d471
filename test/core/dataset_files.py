# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small files in the true on-disk formats of the paper's datasets."""

import hashlib
import io
import pickle
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat


def write_mnist(root: Path, per_class: int = 4, size: int = 28) -> Path:
    """Four idx files; an image of digit d is filled with 20 d."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, repeats in (("train", per_class), ("t10k", 2)):
        labels = np.tile(np.arange(10, dtype=np.uint8), repeats)
        images = np.broadcast_to((labels * 20)[:, None, None], (len(labels), size, size)).astype(np.uint8)
        header = struct.pack(">IIII", 0x803, len(labels), size, size)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, len(labels)) + labels.tobytes())
    return root


def write_svhn(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two MATLAB files, X (32, 32, 3, M) and y (M, 1), with label 10 for the digit 0, as published."""
    from torchvision.datasets import SVHN

    root.mkdir(parents=True, exist_ok=True)
    sums = dict(SVHN.split_list)
    for part in ("train", "test"):
        digits = np.tile(np.arange(10), 3)
        x = np.zeros((32, 32, 3, len(digits)), dtype=np.uint8)
        x[:, :, 0] = digits * 20
        file = root / f"{part}_32x32.mat"
        savemat(file, {"X": x, "y": np.where(digits == 0, 10, digits).astype(np.uint8)[:, None]})
        sums[part] = [sums[part][0], file.name, _md5(file)]
    monkeypatch.setattr(SVHN, "split_list", sums)
    return root


def write_cifar(root: Path, monkeypatch: pytest.MonkeyPatch, name: str = "CIFAR10", repeats: int = 2) -> Path:
    """Pickled batches of rows of 3072 bytes, channel after channel, as published."""
    from torchvision import datasets

    kind = getattr(datasets, name)
    folder = root / kind.base_folder
    folder.mkdir(parents=True)
    classes, key = (10, "labels") if name == "CIFAR10" else (100, "fine_labels")
    labels = list(range(classes)) * repeats
    rows = np.zeros((len(labels), 3, 32, 32), dtype=np.uint8)
    rows[:, 0] = np.array(labels)[:, None, None]
    rows[:, 2, :, 16:] = 200
    batch = {"data": rows.reshape(len(labels), 3072), key: labels}
    names = {"label_names": [str(i) for i in range(10)], "fine_label_names": [str(i) for i in range(100)]}
    lists = {}
    for part in ("train_list", "test_list"):
        lists[part] = [[file, _pickle(folder / file, batch)] for file, _ in getattr(kind, part)]
    meta = {**kind.meta, "md5": _pickle(folder / kind.meta["filename"], names)}
    for attribute, value in {**lists, "meta": meta}.items():
        monkeypatch.setattr(kind, attribute, value)
    return root


def write_tiny_imagenet(root: Path, classes: int = 200, per_class: int = 2, as_zip: bool = False) -> Path:
    """The layout of tiny-imagenet-200, folder or zip; one training image in each class is grey."""
    root.mkdir(parents=True, exist_ok=True)
    wnids = [f"n{i:08d}" for i in range(classes)]
    files = {"wnids.txt": "\n".join(reversed(wnids)).encode()}  # the official file is not sorted either
    for i, wnid in enumerate(wnids):
        for k in range(per_class):
            files[f"train/{wnid}/images/{wnid}_{k}.JPEG"] = _jpeg(i, grey=k == 0)
    files["val/val_annotations.txt"] = "".join(
        f"val_{i}.JPEG\t{wnid}\t0\t0\t63\t63\n" for i, wnid in enumerate(wnids)
    ).encode()
    for i in range(classes):
        files[f"val/images/val_{i}.JPEG"] = _jpeg(i)
    if as_zip:
        with zipfile.ZipFile(root / "tiny-imagenet-200.zip", "w") as archive:
            for name, content in files.items():
                archive.writestr(f"tiny-imagenet-200/{name}", content)
    else:
        for name, content in files.items():
            path = root / "tiny-imagenet-200" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return root


def write_folder(root: Path, names: Sequence[str], count: int = 8) -> Path:
    """A labelled image folder; every class has its own grey."""
    for i, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for k in range(count):
            Image.fromarray(np.full((40, 50, 3), 30 * i, dtype=np.uint8)).save(root / name / f"{k}.png")
    return root


def _jpeg(value: int, grey: bool = False) -> bytes:
    image = Image.new("L" if grey else "RGB", (64, 64), value if grey else (value, value, value))
    content = io.BytesIO()
    image.save(content, "JPEG")
    return content.getvalue()


def _pickle(path: Path, value: object) -> str:
    path.write_bytes(pickle.dumps(value, protocol=2))
    return _md5(path)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()
