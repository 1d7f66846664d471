# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The disk fails at every step of writing a model, an export or a state: the old file is whole, or the new one is."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from cac_core.bundle import load_bundle, save_bundle
from cac_core.engines import graph_files
from cac_core.support.errors import CacError
from cac_core.training import ScheduleConfig
from cac_core.training.checkpoint_file import CheckpointFile, read_checkpoint
from test.core.bundles import tiny_bundle
from test.core.trainings import tiny_config, train
from test.disk_faults import OPERATIONS, at_every_step

FEWEST = {"open": 2, "write": 1, "fsync": 2, "rename": 1}
"""Steps of writing one file: itself and its folder are opened and synced."""


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def check_writing(folder: Path, operation: str, old: Callable[[], object], new: Callable[[], object]) -> int:
    """Old and new write the same names; returns the number of faults."""
    new()
    wanted = contents(folder)
    old()
    before = contents(folder)
    assert before.keys() == wanted.keys()
    assert before != wanted

    def check(sentence: str) -> None:
        assert contents(folder) == before or contents(folder) == wanted
        assert sentence or contents(folder) == wanted

    tries = at_every_step(operation, folder, old, new, check)
    assert tries >= 2 * FEWEST[operation]
    return tries


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_model(tmp_path: Path, operation: str) -> None:
    old, new = tiny_bundle(), tiny_bundle(seed=1)
    path = tmp_path / "m.cac"
    check_writing(tmp_path, operation, lambda: save_bundle(old, path), lambda: save_bundle(new, path))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_state_of_a_training(tmp_path: Path, operation: str) -> None:
    def save(value: float) -> None:
        CheckpointFile().save_checkpoint({"weights": torch.full((50,), value)}, tmp_path / "last.ckpt")

    check_writing(tmp_path, operation, lambda: save(1.0), lambda: save(2.0))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["onnx", "openvino"])
def test_an_export(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime" if form == "onnx" else "openvino")
    conversion = "onnx_bytes" if form == "onnx" else "openvino_model"
    export = graph_files.export_onnx if form == "onnx" else graph_files.export_openvino
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / ("m.onnx" if form == "onnx" else "m.xml")
    convert = getattr(graph_files, conversion)
    known: dict[str, object] = {}

    def once(graph: object, bundle: object, *rest: object) -> object:
        """Converting takes a second and is not what is tried."""
        name = str(getattr(bundle, "name", ""))
        if name not in known:
            known[name] = convert(graph, bundle, *rest)
        return known[name]

    monkeypatch.setattr(graph_files, conversion, once)
    old, new = tiny_bundle(name="old"), tiny_bundle(seed=1, name="new")
    tries = [
        check_writing(folder, operation, lambda: export(old, path), lambda: export(new, path))
        for operation in OPERATIONS
    ]
    assert tries[-1] == (2 if form == "onnx" else 8)  # two files: both old ones away, both new ones in


@pytest.mark.parametrize("change", ["flip", "cut", "header", "empty"])
def test_a_state_that_is_damaged_is_refused(tmp_path: Path, change: str) -> None:
    path = tmp_path / "m.run" / "last.ckpt"
    CheckpointFile().save_checkpoint({"weights": torch.zeros(3000)}, path)
    whole = path.read_bytes()
    assert read_checkpoint(path)["weights"].shape == (3000,)
    places = range(0, len(whole), len(whole) // 200)
    for place in places if change in ("flip", "cut") else [0]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        kinds = {"flip": bytes(damaged), "cut": whole[:place], "header": whole.split(b"\n", 1)[1], "empty": b""}
        path.write_bytes(kinds[change])
        with pytest.raises(CacError, match=r"m\.run is damaged.*--resume false") as error:
            read_checkpoint(path)
        assert str(error.value).isprintable()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_training(tmp_path: Path, operation: str) -> None:
    config = tiny_config(tmp_path / "m" / "m.cac", schedule=ScheduleConfig(kind="one_cycle", epochs=1), report=False)
    wanted = train(config).bundle.checksum
    old = save_bundle(tiny_bundle(), config.out)

    def prepare() -> None:
        save_bundle(old, config.out)
        for path in config.run_folder.rglob("*"):
            if path.is_file():
                path.unlink()

    def check(sentence: str) -> None:
        found = load_bundle(config.out).checksum
        assert found in (old.checksum, wanted)
        assert sentence or found == wanted
        assert list(config.out.parent.rglob("*.part")) == []
        assert not (config.run_folder / "lock").exists()
        if (config.run_folder / "last.ckpt").exists():
            read_checkpoint(config.run_folder / "last.ckpt")

    assert at_every_step(operation, tmp_path, prepare, lambda: train(config), check) >= 8
    prepare()
    assert train(config).bundle.checksum == wanted
