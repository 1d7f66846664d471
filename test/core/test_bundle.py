# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bundle that loads is whole, consistent and finite; everything else is refused with a sentence."""

import dataclasses
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from cac_core.bundle import FORMAT_VERSION, ModelBundle, load_bundle, save_bundle
from cac_core.model import OpenSetClassifier, build_model
from cac_core.support import errors
from cac_core.support.files import UnwritableError, write_atomically
from cac_core.thresholds import GRID_STEPS, Thresholds
from test.core.bundles import Change, rewrite, tiny_bundle


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.cac"
    save_bundle(tiny_bundle(), path)
    return path


def test_what_was_saved_is_what_is_loaded(saved: Path) -> None:
    original, loaded = tiny_bundle(), load_bundle(saved)
    for field in ("class_names", "backbone", "preprocessing", "anchor_magnitude", "anchor_weight", "training", "name"):
        assert getattr(loaded, field) == getattr(original, field), field
    assert np.array_equal(loaded.centres, original.centres)
    assert np.array_equal(loaded.thresholds.quantiles, original.thresholds.quantiles)
    assert np.array_equal(loaded.thresholds.class_quantiles, original.thresholds.class_quantiles)
    assert all(np.array_equal(loaded.state[k], v) for k, v in original.state.items())
    assert loaded.model_id == original.model_id
    images = torch.randn(4, 3, 32, 32)
    expected = OpenSetClassifier(build_model(original).backbone, torch.from_numpy(original.centres)).eval()
    torch.testing.assert_close(build_model(loaded)(images), expected(images))


def test_the_model_id_names_content_not_the_file(tmp_path: Path) -> None:
    a = save_bundle(tiny_bundle(), tmp_path / "a.cac")
    b = save_bundle(tiny_bundle(), tmp_path / "b.cac")
    c = save_bundle(tiny_bundle(seed=1), tmp_path / "c.cac")
    assert a.model_id == b.model_id != c.model_id
    assert (tmp_path / "a.cac").read_bytes() == (tmp_path / "b.cac").read_bytes()


def bundle_of_numbers() -> ModelBundle:
    """A bundle whose every number is written down here."""
    plain = tiny_bundle()
    state = {
        name: np.full(value.shape, 7)
        if value.dtype == np.int64
        else (np.arange(value.size) / 64 % 1).reshape(value.shape)
        for name, value in plain.state.items()
    }
    grid = (np.arange(GRID_STEPS + 1) / 512).astype(np.float32)
    return dataclasses.replace(
        plain,
        state={name: value if value.dtype == np.int64 else value.astype(np.float32) for name, value in state.items()},
        centre_counts=np.array([5, 0, 7]),
        thresholds=Thresholds(grid, np.stack([grid, grid * 2, grid]), 0.9, np.array([50, 60, 70])),
        name="fixed",
    )


def test_the_id_of_a_model_is_the_one_it_had_when_bundles_held_tensors(tmp_path: Path) -> None:
    saved = save_bundle(bundle_of_numbers(), tmp_path / "fixed.cac")
    assert saved.checksum == "a2c179f9d3d6ebc9bfb7ced44a9f3f5a64951e299f37398066f81cfd4de2b83b"
    assert load_bundle(tmp_path / "fixed.cac").model_id == "fixed@a2c179f9d3d6"


def test_numbers_of_a_type_that_numpy_lacks_are_refused(saved: Path) -> None:
    content = saved.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    tensors = safetensors.torch.load(content)
    tensors["backbone.classifier.bias"] = tensors["backbone.classifier.bias"].bfloat16()
    saved.write_bytes(safetensors.torch.save(tensors, header["__metadata__"]))
    with pytest.raises(errors.BundleInvalidError, match="type 'BF16', which NumPy does not have"):
        load_bundle(saved)


def test_any_safetensors_reader_can_open_it(saved: Path) -> None:
    assert "centres" in safetensors.torch.load_file(saved)


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.3, 0.5, 0.9, 0.9999])
def test_a_bundle_cut_anywhere_is_refused(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * share)])
    with pytest.raises((errors.BundleDamagedError, errors.NotABundleError), match=r"copy or train|not a model bundle"):
        load_bundle(saved)


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8, 0.999])
def test_one_flipped_bit_is_noticed(saved: Path, place: float) -> None:
    content = bytearray(saved.read_bytes())
    content[int(len(content) * place)] ^= 4
    saved.write_bytes(content)
    with pytest.raises(errors.BundleError):
        load_bundle(saved)


@pytest.mark.parametrize("write", [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o))])
def test_a_pickle_named_cac_is_refused_and_its_code_never_runs(
    tmp_path: Path, write: Callable[[object, Path], object]
) -> None:
    path, witness = tmp_path / "evil.cac", tmp_path / "it ran"
    write(_Evil(str(witness)), path)
    with pytest.raises(errors.NotABundleError, match="pickle"):
        load_bundle(path)
    assert not witness.exists()


@pytest.mark.parametrize("low_byte", [0x80, 0x50])
def test_a_bundle_whose_first_byte_is_that_of_a_pickle_is_loaded(tmp_path: Path, low_byte: int) -> None:
    """The first bytes are the length of the header: one bundle in 32 begins like a pickle."""
    for padding in range(0, 4096, 4):
        save_bundle(tiny_bundle(training={"padding": "x" * padding}), tmp_path / "x.cac")
        if (tmp_path / "x.cac").read_bytes()[0] == low_byte:
            break
    assert (tmp_path / "x.cac").read_bytes()[0] == low_byte
    load_bundle(tmp_path / "x.cac")


class _Evil:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return (open, (self.path, "w"))


def test_a_newer_format_says_upgrade(saved: Path) -> None:
    rewrite(saved, lambda d: d.update(format_version=FORMAT_VERSION + 1, something_new=True))
    with pytest.raises(errors.BundleVersionError, match="upgrade"):
        load_bundle(saved)


def test_a_change_behind_our_back_is_noticed(saved: Path) -> None:
    rewrite(saved, lambda d: d.update(class_names=["box", "cup", "x"]), keep_checksum=True)
    with pytest.raises(errors.BundleDamagedError, match="checksum"):
        load_bundle(saved)


@pytest.mark.parametrize(
    ("document", "tensors", "sentence"),
    [
        (None, lambda t: t["centres"].fill(float("nan")), "centre is not finite"),
        (None, lambda t: t.update(centres=t["centres"][:2].copy()), "3 classes but centres"),
        (None, lambda t: t["quantiles"].fill(float("inf")), "threshold is not finite"),
        (None, lambda t: t.update(quantiles=t["quantiles"][::-1].copy()), "decreases"),
        (None, lambda t: t.update(quantiles=t["quantiles"][:5].copy()), "threshold grid"),
        (None, lambda t: t.pop("centres"), "lacks the tensors centres"),
        (None, lambda t: t["backbone.classifier.bias"].fill(float("nan")), "weight is not finite"),
        (lambda d: d.update(class_names=["only"]), None, "at least two"),
        (lambda d: d.update(class_names=["a", "a", "b"]), None, "same name"),
        (lambda d: d.update(known_kept=0.0), None, "share of known"),
        (lambda d: d.pop("preprocessing"), None, "preprocessing"),
        (lambda d: d["preprocessing"].update(std=[0.0, 1.0, 1.0]), None, "std"),
        (lambda d: d["preprocessing"].update(image_size=64), None, "image size"),
        (lambda d: d["backbone"].update(num_classes=5), None, "differ in size"),
    ],
)
def test_content_that_contradicts_itself_is_refused(
    saved: Path, document: Change | None, tensors: Change | None, sentence: str
) -> None:
    rewrite(saved, document, tensors)
    with pytest.raises(errors.BundleInvalidError, match=sentence):
        load_bundle(saved)


def test_weights_of_another_network_are_refused_when_the_model_is_built(saved: Path) -> None:
    rewrite(saved, lambda d: d["backbone"].update(options={"width": 1 / 8}))
    with pytest.raises(errors.BundleInvalidError, match="do not fit"):
        build_model(load_bundle(saved))


def test_a_bundle_that_could_not_be_loaded_is_never_written(tmp_path: Path) -> None:
    broken = dataclasses.replace(tiny_bundle(), centres=np.full((3, 3), np.nan, dtype=np.float32))
    with pytest.raises(errors.BundleInvalidError):
        save_bundle(broken, tmp_path / "x.cac")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda p: None, "does not exist"),
        (lambda p: p.mkdir(), "is a folder"),
        (lambda p: p.write_bytes(b""), "not a model bundle"),
        (lambda p: p.write_text("hello, this is a text file"), "not a model bundle"),
        (lambda p: safetensors.torch.save_file({"x": torch.ones(2)}, p), "without a cac_ros description"),
    ],
)
def test_other_files_are_refused_with_what_to_do(tmp_path: Path, make: Callable[[Path], object], sentence: str) -> None:
    path = tmp_path / "x.cac"
    make(path)
    with pytest.raises(errors.NotABundleError, match=sentence):
        load_bundle(path)


def test_a_kill_while_writing_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "model.cac"
    save_bundle(tiny_bundle(), path)
    before = path.read_bytes()
    code = textwrap.dedent(
        f"""
        import os, signal, sys
        from cac_core.support.files import write_atomically
        real = os.fsync
        def die(fd):
            os.kill(os.getpid(), signal.SIGKILL)
        os.fsync = die
        write_atomically({str(path)!r}, b"x" * 10_000_000)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, cwd=Path.cwd(), check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    load_bundle(path)


def test_a_failed_write_leaves_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnwritableError, match=r"model\.cac cannot be written: No space left on device\."):
        write_atomically(tmp_path / "model.cac", b"x")
    assert list(tmp_path.iterdir()) == []


def test_loading_takes_no_more_memory_than_the_file_twice(tmp_path: Path) -> None:
    large = tiny_bundle()
    path = tmp_path / "large.cac"
    save_bundle(dataclasses.replace(large, state={**large.state, "more": np.zeros(4_000_000, dtype=np.float32)}), path)
    load_bundle(path)
    tracemalloc.start()
    try:
        bundle = load_bundle(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert bundle.state["more"].flags.writeable
    assert peak < 2.2 * path.stat().st_size
