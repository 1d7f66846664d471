# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints shaped like those of the paper's authors become bundles, and nothing in them is run."""

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cac_core.backbones.paper_network import PaperNetwork
from cac_core.benchmark.authors_checkpoint import CheckpointError, read_checkpoint
from cac_core.bundle import load_bundle
from cac_core.data import class_split
from cac_core.data.datasets import read_dataset
from cac_core.import_authors_checkpoint import main
from cac_core.model import build_model
from cac_core.support.errors import CacError
from test.core.dataset_files import write_mnist


class AuthorsEncoder(nn.Module):
    """Nine convolutions as attributes, and again inside a Sequential that shares them."""

    def __init__(self, channels: int, interleaved: bool) -> None:
        super().__init__()
        sizes = [channels, 64, 64, 128, 128, 128, 128, 128, 128, 128]
        convs = [nn.Conv2d(a, b, 3, 2 if i % 3 == 2 else 1, 1, bias=False)
                 for i, (a, b) in enumerate(pairwise(sizes))]  # fmt: skip
        norms = [nn.BatchNorm2d(b) for b in sizes[1:]]
        names = [(f"conv{i + 1}", c) for i, c in enumerate(convs)]
        more = [(f"bn{i + 1}", n) for i, n in enumerate(norms)]
        pairs = zip(names, more, strict=True)
        for name, module in [x for pair in pairs for x in pair] if interleaved else [*names, *more]:
            setattr(self, name, module)
        steps = []
        for i, (conv, norm) in enumerate(zip(convs, norms, strict=True)):
            steps += [conv, norm, nn.LeakyReLU(0.2)] + ([nn.Dropout2d(0.2)] if i % 3 == 2 else [])
        self.encoder = nn.Sequential(*steps)

    def forward(self, x: Tensor) -> Tensor:
        return torch.flatten(self.encoder(x), 1)


class AuthorsNetwork(nn.Module):
    def __init__(
        self, n: int = 6, channels: int = 1, size: int = 32, centres: str = "anchors", interleaved: bool = True
    ) -> None:
        super().__init__()
        self.encoder = AuthorsEncoder(channels, interleaved)
        self.classify = nn.Linear(128 * (size // 8) ** 2, n)
        setattr(self, centres, nn.Parameter(10.0 * torch.eye(n).double(), requires_grad=False))
        generator = torch.Generator().manual_seed(0)
        for name, value in self.state_dict().items():
            if value.ndim and ("running" in name or ".bn" in name):
                value.copy_(0.5 + torch.rand(value.shape, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classify(self.encoder(x))
        return logits


@pytest.mark.parametrize("centres", ["anchors", "means"])
@pytest.mark.parametrize("interleaved", [True, False])
@pytest.mark.parametrize(("n", "channels", "size"), [(6, 1, 32), (20, 3, 64)])
def test_the_imported_network_gives_the_same_logits(
    tmp_path: Path, centres: str, interleaved: bool, n: int, channels: int, size: int
) -> None:
    theirs = AuthorsNetwork(n, channels, size, centres, interleaved).eval()
    state = theirs.state_dict()
    assert state["encoder.conv2.weight"].data_ptr() == state["encoder.encoder.3.weight"].data_ptr()
    torch.save({"net": state, "acc": np.float64(0.9), "epoch": 3}, tmp_path / "net.pth")
    checkpoint = read_checkpoint(tmp_path / "net.pth")
    assert (checkpoint.image_size, checkpoint.channels) == (size, channels)
    assert torch.equal(checkpoint.centres, 10.0 * torch.eye(n))
    ours = PaperNetwork(n, size, channels).eval()
    ours.load_state_dict(checkpoint.state)
    images = torch.randn(3, channels, size, size)
    with torch.inference_mode():
        assert torch.allclose(ours(images), theirs(images), atol=1e-5)


@pytest.mark.parametrize("kind", ["prefix", "bare", "copies", "legacy"])
def test_other_ways_to_save_the_same(tmp_path: Path, kind: str) -> None:
    theirs = AuthorsNetwork()
    state = dict(theirs.state_dict())
    if kind == "prefix":
        state = {f"module.{k}": v for k, v in state.items()}
    if kind == "copies":  # a file whose duplicates lost their common memory
        state = {k: v.clone() for k, v in state.items()}
    torch.save(state, tmp_path / "net.pth", _use_new_zipfile_serialization=kind != "legacy")
    checkpoint = read_checkpoint(tmp_path / "net.pth")
    assert torch.equal(checkpoint.state["classifier.weight"], theirs.classify.weight)


def test_the_command_calibrates_on_the_split_and_writes_a_bundle(tmp_path: Path) -> None:
    write_mnist(tmp_path, per_class=10)
    torch.save({"net": AuthorsNetwork().state_dict()}, tmp_path / "net.pth")
    out = tmp_path / "model.cac"
    arguments = [str(tmp_path / "net.pth"), "--dataset", "MNIST", "--split", "cac2020/0", "--out", str(out)]
    with pytest.warns(UserWarning, match="classified correctly"):  # the weights are random
        main([*arguments, "--data-root", str(tmp_path)])
    bundle = load_bundle(out)
    assert len(bundle.class_names) == 6
    assert bundle.training["split"] == "cac2020/0"
    assert bundle.preprocessing.interpolation == "linear"
    assert 0.0 <= bundle.training["validation_accuracy"] <= 1.0
    assert bundle.thresholds.validation_images.tolist() == [2] * 6
    assert build_model(bundle)(torch.zeros(2, 1, 32, 32)).shape == (2, 6)


def test_mean_and_std_are_those_of_the_pixels_before_the_resize(tmp_path: Path) -> None:
    write_mnist(tmp_path, per_class=10)
    torch.save({"net": AuthorsNetwork().state_dict()}, tmp_path / "net.pth")
    arguments = ["--dataset", "MNIST", "--out", str(tmp_path / "model.cac"), "--data-root", str(tmp_path)]
    with pytest.warns(UserWarning, match="classified correctly"):
        main([str(tmp_path / "net.pth"), *arguments])
    pixels, _ = read_dataset("MNIST", tmp_path, train=True, classes=class_split("cac2020", "MNIST", 0).known)
    preprocessing = load_bundle(tmp_path / "model.cac").preprocessing
    assert preprocessing.mean == pytest.approx([np.mean(pixels / 255.0)], abs=1e-6)
    assert preprocessing.std == pytest.approx([np.std(pixels / 255.0)], abs=1e-6)


def test_a_split_that_hardly_fits_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mnist(tmp_path, per_class=10)
    torch.save({"net": AuthorsNetwork().state_dict()}, tmp_path / "net.pth")
    arguments = ["--dataset", "MNIST", "--out", str(tmp_path / "model.cac"), "--data-root", str(tmp_path)]
    with pytest.warns(UserWarning, match="classified correctly"):
        main([str(tmp_path / "net.pth"), *arguments])
    printed = capsys.readouterr()
    assert "of the known validation images" in printed.out
    assert "another split than cac2020/0" in printed.err.replace("\n", " ")


def test_without_images_everything_is_unknown_until_a_threshold_is_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"net": AuthorsNetwork().state_dict()}, tmp_path / "net.pth")
    out = tmp_path / "model.cac"
    main([str(tmp_path / "net.pth"), "--dataset", "MNIST", "--out", str(out), "--mean", "0.2", "--std", "0.3"])
    bundle = load_bundle(out)
    assert np.array_equal(bundle.centres, 10.0 * np.eye(6))
    assert bundle.thresholds.theta().tolist() == [0.0] * 6
    assert (bundle.preprocessing.mean, bundle.preprocessing.std) == ((0.2,), (0.3,))
    said = capsys.readouterr().err.replace("\n", " ")
    assert "everything is unknown" in said
    assert "cac2020/0 was taken, classes" in said


class Evil:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, ("evil-was-here",)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"net": AuthorsNetwork().state_dict(), "extra": Evil()}, "net.pth")
    with pytest.raises(CheckpointError, match=r"without running code from it \(it asks for posix.mkdir\)") as refused:
        read_checkpoint("net.pth")
    assert "weights_only" not in str(refused.value)  # PyTorch's advice to load it unsafely
    assert not (tmp_path / "evil-was-here").exists()


def broken(change: Callable[[dict[str, Tensor]], object]) -> dict[str, Tensor]:
    state = dict(AuthorsNetwork().state_dict())
    change(state)
    return state


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda: {"net": {}}, "holds no weights"),
        (lambda: [1, 2], "holds no weights"),
        (lambda: {"a": torch.zeros(2)}, "no class centres"),
        (lambda: broken(lambda s: s.pop("anchors")), "no class centres"),
        (lambda: broken(lambda s: s.update(anchors=torch.zeros(4, 4))), r"\(4, 4\), not \(6, 6\)"),
        (lambda: broken(lambda s: s.update(anchors=torch.full((6, 6), torch.nan))), "not finite"),
        (
            lambda: broken(lambda s: [s.pop(k) for k in list(s) if "conv9" in k or "encoder.encoder.26" in k]),
            "8 convolutions",
        ),
    ],
)
def test_other_files_are_refused_with_the_reason(tmp_path: Path, content: Callable[[], object], says: str) -> None:
    torch.save(content(), tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match=says):
        read_checkpoint(tmp_path / "net.pth")


def test_a_file_that_was_cut_is_missing_or_is_something_else(tmp_path: Path) -> None:
    torch.save({"net": AuthorsNetwork().state_dict()}, tmp_path / "net.pth")
    (tmp_path / "half.pth").write_bytes((tmp_path / "net.pth").read_bytes()[:10000])
    (tmp_path / "text.pth").write_text("hello")
    for name in ("half.pth", "text.pth", "none.pth"):
        with pytest.raises(CheckpointError):
            read_checkpoint(tmp_path / name)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--dataset", "TinyImageNet"], "6 classes, but cac2020/0 of TinyImageNet has 20"),
        (["--dataset", "SVHN"], "1 channel"),
        (["--dataset", "MNIST", "--split", "cac2020"], "FAMILY/TRIAL"),
        (["--dataset", "MNIST", "--split", "cac2020/9"], "no trial 9"),
        (["--dataset", "MNIST", "--mean", "1", "2", "3"], "needs 1 number"),
        (["--dataset", "MNIST", "--known-kept", "0"], "known-kept"),
    ],
)
def test_arguments_that_do_not_fit_are_said(tmp_path: Path, arguments: list[str], says: str) -> None:
    torch.save({"net": AuthorsNetwork().state_dict()}, tmp_path / "net.pth")
    with pytest.raises(CacError, match=says):
        main([str(tmp_path / "net.pth"), *arguments, "--out", str(tmp_path / "model.cac")])
    assert not (tmp_path / "model.cac").exists()
