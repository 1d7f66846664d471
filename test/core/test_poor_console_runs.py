# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole runs on the poorest console: ASCII, no language, 40 columns, no home, no cache, no output, elsewhere."""

from pathlib import Path

import pytest
import torch

from cac_core.bundle import save_bundle
from test.core.bundles import tiny_bundle
from test.core.commands import check_poor_run
from test.core.dataset_files import write_mnist
from test.core.photos import write_folder, write_photo
from test.core.test_import_authors_checkpoint import AuthorsNetwork

TRAIN = "cac_core.train --recipe digits --model.options.width 0.0625 --schedule.epochs 1 --graph false --out a/m.cac"
RUNS = (TRAIN, "cac_core.evaluate a/m.cac --data.dataset digits --engine torch")
FURTHER = ("cac_core.export a/m.cac --format onnx", "cac_core.upgrade a/m.cac --out a/n.cac")


@pytest.mark.slow
@pytest.mark.parametrize("output", ["kept", "closed", "unread"])
def test_a_model_from_training_to_export(tmp_path: Path, output: str) -> None:
    for words in (*RUNS, *FURTHER) if output == "kept" else RUNS:
        check_poor_run(words, tmp_path, output)
    made = {"m.cac", "m.cac.evaluation", *(("m.onnx", "n.cac") if output == "kept" else ())}
    assert made <= {path.name for path in (tmp_path / "a").iterdir()}


@pytest.mark.slow
def test_the_import_of_a_checkpoint(tmp_path: Path) -> None:
    write_mnist(tmp_path, per_class=10)
    torch.save({"net": AuthorsNetwork().state_dict()}, tmp_path / "net.pth")
    words = "cac_core.import_authors_checkpoint net.pth --dataset MNIST --out m.cac --data-root ."
    assert "m.cac" in check_poor_run(words, tmp_path)
    assert (tmp_path / "m.cac").exists()


@pytest.mark.slow
def test_further_classes(tmp_path: Path) -> None:
    save_bundle(tiny_bundle(("blue", "green", "red")), tmp_path / "m.cac")
    write_folder(tmp_path / "photos", count=6)
    for i in range(6):
        write_photo(tmp_path / "new" / "[a] jug" / f"{i}.png", (210, 200, 30), seed=900 + i)
    options = "--fine-tune --schedule.epochs 1 --graph false --data.validation-share 0.5 --device cpu"
    words = f"cac_core.extend m.cac --data.add new --data.rehearsal photos --out n.cac {options}"
    assert "[a] jug" in check_poor_run(words, tmp_path)
    assert (tmp_path / "n.cac").exists()


@pytest.mark.slow
def test_a_table_of_the_paper(tmp_path: Path) -> None:
    options = "--quick --epochs 1 --trials 0 --losses cac --device cpu --precision float32 --width 0.0625"
    check_poor_run(f"cac_core.benchmark table1 {options} --out b", tmp_path, "unread")
    assert (tmp_path / "b" / "table1" / "results.json").exists()
