# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The work of :mod:`cac_core.benchmark.studies.few_shot`: which networks there are, and training those that miss."""

import json
from collections.abc import Iterator
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cac_core.benchmark.studies.config import FewShotStudy
from cac_core.benchmark.studies.few_shot_figures import Records, comparisons, figures, show
from cac_core.benchmark.studies.few_shot_networks import Features, frozen_features, identity, save, train_and_score
from cac_core.benchmark.studies.few_shot_splits import Photos, choose, photos_of, split_of, without_a_look
from cac_core.data import class_split
from cac_core.data.datasets import CLASSES, read_dataset
from cac_core.preprocessing import Preprocessing
from cac_core.support import console
from cac_core.support.allocator import keep_freed_memory
from cac_core.support.differences import differences
from cac_core.support.errors import DataError
from cac_core.support.files import write_atomically
from cac_core.training import TrainConfig, load_recipe
from cac_core.training.normalisation import pretrained_statistics

IMAGES = 50
"""Of each class of a dataset: to train on, and to test on."""


def run_study(values: FewShotStudy) -> None:
    """Train what is missing, measure, print, and write ``results.json``."""
    keep_freed_memory(all_of_it=True)
    records: Records = {}
    for per_class, recipe, record in _networks(values):
        records.setdefault((per_class, recipe), []).append(record)
    document = {"networks": figures(records), "comparisons": comparisons(records)}
    show(document)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(values.out / "results.json", (text + "\n").encode("utf-8", "backslashreplace"))


def _networks(values: FewShotStudy) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Photos per class, recipe and record of each network, in the order of the splits."""
    recipes = {name: load_recipe(name) for name in values.recipes}
    root, test = _roots(values)
    photos, tested = photos_of(root), photos_of(test) if test else {}
    names = sorted(photos)
    known = values.known or max(2, len(names) * 2 // 3)
    choose(0, names, known)  # whether it can be done is said before the first photo is read
    others = tested or photos  # nobody is trained on photos of unknown classes: all of them are tested on
    others = others | ({"": _all(photos_of(values.unknown))} if values.unknown else {})
    frozen = _frozen(recipes[values.recipes[0]], [p for p in (root, test, values.unknown) if p], values.out)
    if not test:
        photos, tested = without_a_look(photos, frozen)
    for number in range(values.splits):
        for per_class in values.per_class:
            split = split_of(number, choose(number, names, known), photos, tested, per_class, others)
            for seed in values.seeds:
                for name, recipe in recipes.items():
                    config = deepcopy(recipe)
                    config.seed, config.threads = seed, values.threads
                    file = values.out / "networks" / f"{Path(name).stem}_{per_class}_split{number}_seed{seed}.json"
                    what = identity(config, split, per_class)
                    record = _stored(file, what)
                    if record is None:
                        console.out.print(f"{name}, {per_class} photos per class, split {number}, seed {seed}")
                        record = {"identity": what, **train_and_score(config, split, frozen)}
                        save(record, file)
                    yield per_class, Path(name).stem, record


def _stored(file: Path, what: dict[str, Any]) -> dict[str, Any] | None:
    """The record of a finished network.

    Raises:
        DataError: it is damaged, or of another configuration.
    """
    if not file.is_file():
        return None
    try:
        record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        different = differences(record["identity"], json.loads(json.dumps(what)))
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise DataError(f"{file} cannot be read ({error}): delete it and go on.") from error
    if different:
        raise DataError(
            f"{file} is of another configuration: {', '.join(different)}; choose another --out, or repeat the command "
            "with the same settings."
        )
    return record


def _frozen(recipe: TrainConfig, roots: list[Path], out: Path) -> Features:
    """Features before any training; kept in the output folder, because they take a minute."""
    files = sorted(str(file.resolve()) for root in roots for file in _all(photos_of(root)))
    stored = out / "frozen.npz"
    if stored.is_file():
        with np.load(stored) as arrays:
            if arrays["paths"].tolist() == files:
                return {Path(path): row for path, row in zip(files, arrays["features"], strict=True)}
    p = recipe.preprocessing
    mean, std = pretrained_statistics(recipe) or ((0.5,) * p.channels, (0.25,) * p.channels)
    found = frozen_features(
        recipe, roots, Preprocessing(recipe.image_size, p.channels, p.fit, p.interpolation, mean, std)
    )
    missing = [file for file in files if Path(file) not in found]
    if missing:
        raise DataError(f"{missing[0]} cannot be read: take it out of the folder, so that all networks have the same.")
    content = BytesIO()
    np.savez_compressed(content, paths=np.array(files), features=np.stack([found[Path(file)] for file in files]))
    write_atomically(stored, content.getvalue())
    return found


def _roots(values: FewShotStudy) -> tuple[Path, Path | None]:
    """Folders to train and to test on; images of a dataset are written as files first."""
    if (values.root is None) == (values.dataset is None):
        raise DataError("give --root with one folder of photos per class, or --dataset with --data-root.")
    if values.root is not None:
        return values.root, values.test
    if values.data_root is None or values.test is not None:
        raise DataError("--dataset needs --data-root, the folder of the datasets, and no --test.")
    assert values.dataset is not None
    parts = [values.out / "photos" / part for part in ("train", "test")]
    for part in parts:
        if not (part / "finished").is_file():
            _write_images(values.dataset, values.data_root, part)
    return parts[0], parts[1]


def _write_images(dataset: str, data_root: Path, folder: Path) -> None:
    """The first images of each class, as PNG files in class folders."""
    classes = _classes(dataset)
    pixels, labels = read_dataset(dataset, data_root, folder.name == "train", classes)
    for label in classes:
        place = folder / f"class {label:03d}"
        place.mkdir(parents=True, exist_ok=True)
        for number, index in enumerate(np.flatnonzero(labels == label)[:IMAGES]):
            Image.fromarray(pixels[index]).save(place / f"{number:03d}.png")
    (folder / "finished").touch()


def _classes(dataset: str) -> list[int]:
    """All classes; of TinyImageNet the known ones of two trials, because a few-shot study needs no two hundred."""
    if dataset != "TinyImageNet":
        return list(range(CLASSES[dataset]))
    return sorted({c for trial in (0, 1) for c in class_split("neal2018", dataset, trial).known})


def _all(photos: Photos) -> list[Path]:
    return [file for files in photos.values() for file in files]
