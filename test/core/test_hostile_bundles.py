# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A model file from a stranger runs nothing, takes no memory that it does not bring itself, and lies about no name."""

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from cac_core.backbones.build import build_backbone
from cac_core.backbones.options import PAPER, TIMM, TORCHVISION
from cac_core.backbones.spec import BackboneError, BackboneSpec
from cac_core.bundle import load_bundle, save_bundle
from cac_core.model import build_model
from cac_core.support.errors import (
    BundleDamagedError,
    BundleError,
    BundleInvalidError,
    BundleVersionError,
    DataError,
    TrainingError,
)
from test.core.bundles import Change, rewrite, tiny_bundle
from test.core.photos import write_folder
from test.core.trainings import photo_config, tiny_config, train


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.cac"
    save_bundle(tiny_bundle(), path)
    return path


def sentence_for(path: Path) -> str:
    with pytest.raises(BundleError) as error:
        build_model(load_bundle(path))
    text = str(error.value)
    assert "\n" not in text.encode().decode(), "one line that can be written"
    assert len(text) < 900
    return text


NAMES = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d.update(class_names=["a", "b", "\ud800"]), "the name of class 2 holds a character that cannot be"),
        (lambda d: d.update(class_names=["a", "b\n[ERROR]", "c"]), "the name of class 1 holds a character"),
        (lambda d: d.update(class_names=["a", "b", "x" * 10_000_000]), "the name of class 2 is longer than 255 bytes"),
        (lambda d: d.update(class_names=["a", "b", 7]), "the name of class 2 is no text but int"),
        (lambda d: d.update(class_names=["a", "b", ["c"]]), "the name of class 2 is no text but list"),
        (lambda d: d.update(class_names=["a", "b", "unknown"]), "'unknown', which is the answer for everything"),
        (lambda d: d.update(class_names=["a", "b", " Unknown"]), "' Unknown', which is the answer for everything"),
        (lambda d: d.update(class_names="abc"), "class_names is no list"),
        (lambda d: d.update(class_names=[str(i) for i in range(20_000)]), "20000 known classes, at most 10000"),
        (lambda d: d.update(name="\ud800"), "the name of the model holds a character that cannot be shown"),
        (lambda d: d.update(name="m\n[ERROR] [cac_classifier]: all is lost"), "the name of the model holds"),
        (lambda d: d.update(name="x" * 10_000_000), "the name of the model is longer than"),
        (lambda d: d.update(name=["m"]), "the name of the model is no text"),
        (lambda d: d.update(parent="x\x1b[2J@0123456789ab"), "the name of the model it was made from holds"),
        (lambda d: d.update(known_kept="0.5"), "known_kept is no number"),
        (lambda d: d.update(anchor_magnitude=10**400), "int too large"),
        (lambda d: d.update(training=[1]), "the training summary is no table"),
        (lambda d: d.update(backbone=["paper"]), "not a usable bundle"),
        (lambda d: d["backbone"].update(name=["paper"]), "the backbone's name is ['paper'], which is no name"),
        (lambda d: d["backbone"].update(name="hf-hub:stranger/net"), "which is no name of a network"),
        (lambda d: d["backbone"].update(name="timm/hf-hub:stranger/net"), "which is no name of a network"),
        (lambda d: d["backbone"].update(name="local-dir:/tmp"), "which is no name of a network"),
        (lambda d: d["backbone"].update(name="../../x"), "which is no name of a network"),
        (lambda d: d["backbone"].update(num_classes=True), "num_classes must be a whole number"),
        (lambda d: d["backbone"].update(num_classes=10**30), "num_classes must be a whole number"),
        (lambda d: d["backbone"].update(image_size=10**9), "image_size must be a whole number of at most 2048"),
        (lambda d: d["backbone"].update(image_size=6000), "image_size must be a whole number of at most 2048"),
        (lambda d: d["backbone"].update(image_size=32.0), "image_size must be a whole number of at most 2048"),
        (lambda d: d["backbone"].update(channels=1.0), "channels must be"),
        (lambda d: d["backbone"].update(options=[1]), "options are no table"),
        (lambda d: d["backbone"].update(options={"width": float("nan")}), "width cannot be nan"),
        (lambda d: d["backbone"].update(options={"width": "1"}), "width cannot be '1'"),
        (lambda d: d["backbone"].update(options={"width": 60}), "width cannot be 60"),
        (lambda d: d["backbone"].update(options={"width": 10**400}), "width cannot be a huge number"),
        (lambda d: d["backbone"].update(options={"dropout": 1.5}), "dropout cannot be 1.5"),
        (lambda d: d["backbone"].update(options={"depth": 100_000}), "'depth' is none of width, dropout"),
        (lambda d: d["backbone"].update(options={"weights": "DEFAULT"}), "'weights' is none of"),
        (lambda d: d["backbone"].update(options={"\ud800": 1}), r"'\ud800' is none of"),
        (lambda d: d["preprocessing"].update(image_size=10**9), "differ in image size"),
        (lambda d: d["preprocessing"].update(mean=["a", 0, 0]), "not a usable bundle"),
    ],
)
def test_each_kind_of_nonsense_gets_one_sentence(saved: Path, change: Change, sentence: str) -> None:
    rewrite(saved, change)
    assert sentence in sentence_for(saved)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda text: text.replace('"format_version": 1', '"format_version": Infinity'), BundleDamagedError),
        (lambda text: text.replace('"format_version": 1', '"format_version": NaN'), BundleDamagedError),
        (lambda text: text.replace('"format_version": 1', '"format_version": true'), BundleDamagedError),
        (lambda text: text.replace('"format_version": 1', '"format_version": 1e999'), BundleDamagedError),
        (lambda text: text.replace('"format_version": 1', f'"format_version": {"9" * 5000}'), BundleError),
        (lambda text: text.replace('"format_version": 1', f'"format_version": {"9" * 4000}'), BundleVersionError),
        (lambda text: text.replace('"training": {', '"training": {"x": ' + "[" * 100_000), BundleDamagedError),
        (lambda text: "[" * 100_000 + "]" * 100_000, BundleDamagedError),
        (lambda text: "[]", BundleDamagedError),
        (lambda text: '{"document": []}', BundleDamagedError),
    ],
)
def test_a_description_that_json_allows_and_we_do_not(
    saved: Path, change: Callable[[str], str], kind: type[BundleError]
) -> None:
    rewrite(saved, change_text=change)
    with pytest.raises(kind):
        load_bundle(saved)
    sentence_for(saved)


@pytest.mark.parametrize("depth", [500, 900, 1500, 50_000])
def test_a_training_summary_nested_deeply_is_loaded_or_refused(saved: Path, depth: int) -> None:
    def nest(text: str) -> str:
        return text.replace('"training": {', '"training": {"x": ' + "[" * depth + "]" * depth + ", ")

    rewrite(saved, change_text=nest)
    sentence_for(saved)


@pytest.mark.parametrize("kind", [torch.float8_e4m3fn, torch.complex64, torch.bfloat16, torch.uint32])
@pytest.mark.parametrize("name", ["backbone.classifier.bias", "centres"])
def test_numbers_of_other_types_are_refused(saved: Path, kind: torch.dtype, name: str) -> None:
    content = saved.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    tensors = safetensors.torch.load(content)
    tensors[name] = tensors[name].to(kind)
    saved.write_bytes(safetensors.torch.save(tensors, header["__metadata__"]))
    assert "holds numbers of type" in sentence_for(saved)


@pytest.mark.parametrize("name", ["centres", "quantiles", "centre_counts"])
def test_numbers_of_the_wrong_type_are_refused(saved: Path, name: str) -> None:
    rewrite(saved, change_tensors=lambda t: t.update({name: t[name].astype(np.int16)}))
    assert f"holds {name} as I16" in sentence_for(saved)


def test_a_header_that_is_too_long_is_not_read(saved: Path) -> None:
    length = 20_000_000
    saved.write_bytes(length.to_bytes(8, "little") + b"{" + b" " * (length - 1))
    assert "describes itself in 20 MB, and at most 17 MB are read" in sentence_for(saved)


def asks_for(saved: Path, **backbone: Any) -> Path:
    """A small file that asks for a network; everything else in it fits."""

    def document(content: dict[str, Any]) -> None:
        content["backbone"].update(backbone)
        content["preprocessing"]["image_size"] = content["backbone"]["image_size"]

    rewrite(saved, document)
    return saved


HUGE: list[dict[str, Any]] = [
    {"name": "timm/vit_7b_patch16_dinov3", "options": {}, "image_size": 256},
    {"name": "regnet_y_128gf", "options": {}, "image_size": 224},
    {"name": "vit_h_14", "options": {}, "image_size": 224},
    {"name": "paper", "options": {"width": 16.0}, "image_size": 2048},
]


@pytest.mark.slow
def test_a_small_file_that_asks_for_a_huge_network_takes_no_memory(tmp_path: Path) -> None:
    paths = []
    for number, backbone in enumerate(HUGE):
        save_bundle(tiny_bundle(), tmp_path / f"{number}.cac")
        paths.append(str(asks_for(tmp_path / f"{number}.cac", **backbone)))
    code = f"""
        import resource
        import timm, torch, torchvision
        from cac_core.bundle import load_bundle
        from cac_core.model import build_model
        from cac_core.support.errors import BundleInvalidError
        for path in {paths}:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            try:
                build_model(load_bundle(path))
            except BundleInvalidError as error:
                print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == len(HUGE)
    for line in lines:
        grown, sentence = line.split(" ", 1)
        assert int(grown) < 200_000, f"kB, with: {sentence}"
        assert "the weights in this bundle do not fit its backbone" in sentence


@pytest.mark.timeout(30)
def test_what_is_no_file_of_a_bearable_size_is_refused_at_once(tmp_path: Path) -> None:
    start = time.monotonic()
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(5 << 30)
    for path, sentence in [
        (tmp_path / "pipe", "is a named pipe, not a file: give the path of a .cac file"),
        (tmp_path / "sparse", "is too large"),
        (Path("/dev/zero"), "is a device"),
        (tmp_path / ("x" * 300), "cannot be read"),
        (tmp_path / "x\n[ERROR] lost", r"x\n[ERROR] lost does not exist"),
    ]:
        assert sentence in sentence_for(path)
    assert time.monotonic() - start < 5


class Evil:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


@pytest.mark.parametrize("name", ["timm/resnet10t", "resnet18", "paper"])
@pytest.mark.parametrize("option", ["checkpoint_path", "pretrained_cfg", "pretrained_cfg_overlay", "file", "url"])
def test_an_option_that_names_a_file_of_code_never_runs_it(saved: Path, tmp_path: Path, name: str, option: str) -> None:
    evil, witness = tmp_path / "evil.pth", tmp_path / "it ran"
    torch.save(Evil(witness), evil)
    value = {"file": str(evil)} if option.startswith("pretrained") else str(evil)
    asks_for(saved, name=name, image_size=64, options={option: value})
    assert f"does not take these options: '{option}' is none of" in sentence_for(saved)
    with pytest.raises(BackboneError, match="does not take these options"):
        build_backbone(BackboneSpec(name, 3, 64, 3, {option: value}))
    assert not witness.exists()


def test_no_option_on_the_lists_can_hold_a_path() -> None:
    for check in {**PAPER, **TORCHVISION, **TIMM}.values():
        values: list[object] = ["/tmp/x", "x.pth", "https://x", "", {}, [], None, float("nan")]
        assert not any(check(value) for value in values)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("timm/vit_tiny_patch16_224", {"img_size": 64, "drop_path_rate": 0.1}),
        ("mobilenet_v2", {"width_mult": 0.5, "dropout": 0.3}),
        ("efficientnet_lite0", {"drop_rate": 0.2}),
    ],
)
def test_harmless_options_reach_the_network(name: str, options: dict[str, Any]) -> None:
    plain = build_backbone(BackboneSpec(name, 3, 64, 3, {k: v for k, v in options.items() if k == "img_size"})).eval()
    network = build_backbone(BackboneSpec(name, 3, 64, 3, options)).eval()
    assert network(torch.zeros(1, 3, 64, 64)).shape == plain(torch.zeros(1, 3, 64, 64)).shape == (1, 3)


def test_weights_files_need_a_torch_that_reads_them_safely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({}, tmp_path / "w.pth")
    monkeypatch.setattr(torch, "__version__", "2.5.1+cu121")
    with pytest.raises(BackboneError, match=r"PyTorch before 2\.6 may run code"):
        build_backbone(BackboneSpec("paper", 4, 32, 1, {"width": 1 / 16}), str(tmp_path / "w.pth"))


def test_a_bundle_with_such_a_name_is_never_written(tmp_path: Path) -> None:
    for changes in ({"name": "a\nb"}, {"class_names": ("a", "b", "unknown")}, {"class_names": ("a", "b", "\ud800")}):
        with pytest.raises(BundleInvalidError):
            save_bundle(tiny_bundle(**changes), tmp_path / "x.cac")
    assert list(tmp_path.iterdir()) == []


def test_a_training_whose_model_could_not_be_written_does_not_begin(tmp_path: Path) -> None:
    for name, sentence in (("Unknown", "is called 'Unknown'"), ("a\nb", r"cannot be shown (a\nb)")):
        root = write_folder(tmp_path / str(len(name)), ["cup", name], count=8)
        with pytest.raises(DataError) as error:
            train(photo_config(root, tmp_path / "x.cac"))
        assert sentence in str(error.value)
    with pytest.raises(TrainingError, match="the name of the file holds a character"):
        train(tiny_config(tmp_path / "a\nb.cac"))
    assert not list(tmp_path.glob("*.cac"))
