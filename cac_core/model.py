# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The open-set classifier of section 3: backbone → logits → distances to centres."""

import torch
from torch import Tensor, nn

from cac_core import equations


class OpenSetClassifier(nn.Module):
    """A backbone with the distance layer e(z, C) of eq. 1 on top; the centres are a buffer, never trained.

    Args:
        backbone: maps images ``(B, C, S, S)`` to logits ``(B, D)``.
        centres: ``(N, D)``.
    """

    centres: Tensor

    def __init__(self, backbone: nn.Module, centres: Tensor) -> None:
        super().__init__()
        equations.require_two_classes(centres.shape[0])
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
