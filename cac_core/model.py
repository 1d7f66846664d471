# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The open-set classifier of section 3 in PyTorch: normalisation → backbone → logits → distances to centres."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cac_core import equations
from cac_core.backbones.build import build_backbone
from cac_core.backbones.shapes import check_shapes
from cac_core.backbones.spec import BackboneError
from cac_core.bundle import ModelBundle
from cac_core.inference_equations import require_two_classes
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import BundleInvalidError, first_line


class OpenSetClassifier(nn.Module):
    """A backbone with the distance layer e(z, C) of eq. 1 on top; the centres are a buffer, never trained.

    Args:
        backbone: maps images ``(B, C, S, S)`` to logits ``(B, D)``.
        centres: ``(N, D)``.
    """

    centres: Tensor

    def __init__(self, backbone: nn.Module, centres: Tensor) -> None:
        super().__init__()
        require_two_classes(centres.shape[0])
        self.backbone = backbone
        self.register_buffer("centres", centres.detach().clone().float())

    def logits(self, images: Tensor) -> Tensor:
        """Logits ``(B, D)`` in float32."""
        logits: Tensor = self.backbone(images)
        return logits.float()

    def forward(self, images: Tensor) -> Tensor:
        """Distances ``(B, N)`` in float32, outside autocast."""
        logits = self.logits(images)
        with torch.autocast(device_type=logits.device.type, enabled=False):
            return equations.distances(logits, self.centres)


def build_model(bundle: ModelBundle) -> OpenSetClassifier:
    """The classifier of a bundle in evaluation mode, float32, on the CPU.

    Raises:
        BundleInvalidError: when the weights do not fit the backbone.
    """
    try:
        check_shapes(
            lambda: build_backbone(bundle.backbone), {name: value.shape for name, value in bundle.state.items()}
        )
        backbone = build_backbone(bundle.backbone)
        backbone.load_state_dict({name: torch.tensor(value) for name, value in bundle.state.items()})
    except (BackboneError, RuntimeError) as error:
        raise BundleInvalidError(
            f"the weights in this bundle do not fit its backbone {bundle.backbone.name!r} ({first_line(error)}): "
            "train it again, or install the torchvision/timm version it was trained with"
        ) from error
    return OpenSetClassifier(backbone, torch.tensor(bundle.centres)).eval()


def weights(network: nn.Module) -> dict[str, NDArray[np.generic]]:
    """The weights of a network as a bundle holds them: a copy."""
    return {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}


def normalisation(preprocessing: Preprocessing, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Mean ``(C,)`` and inverse std ``(C,)``, in units of pixel values, on a device."""
    mean = torch.tensor(preprocessing.mean, device=device) * 255.0
    return mean, 1.0 / (torch.tensor(preprocessing.std, device=device) * 255.0)


def normalise(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """uint8 ``(B, S, S, C)`` to float32 ``(B, C, S, S)`` with the bundle's mean and std, on the tensor's device."""
    return scaled(pixels, *normalisation(preprocessing, pixels.device))


def scaled(pixels: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """:func:`normalise` with the two tensors of :func:`normalisation`, for who has made them before."""
    # permute() keeps the memory as it is: the result is channels_last without a copy.
    return ((pixels.float() - mean) * scale).permute(0, 3, 1, 2)
