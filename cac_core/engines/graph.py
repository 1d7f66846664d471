# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The whole of inference as one network: uint8 pixels in, rejection scores or logits out.

What engines compile and ``python -m cac_core.export`` writes: colour is already RGB or grey and the size already the
network's; normalisation, backbone, distances and γ are inside.
"""

import torch
from torch import Tensor, nn

from cac_core import equations
from cac_core.bundle import ModelBundle
from cac_core.model import build_model, normalisation, scaled


class LogitsGraph(nn.Module):
    """uint8 ``(B, S, S, C)`` to float32 logits ``(B, D)``.

    Args:
        bundle: the model.
        dtype: what the backbone computes in; normalisation before it and everything after it stay float32.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, bundle: ModelBundle, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        # Buffers go to the device once; made in forward() they would be copied there for every batch.
        mean, scale = normalisation(bundle.preprocessing)
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.dtype = dtype
        self.model = build_model(bundle).requires_grad_(False)
        self.model.backbone.to(dtype)

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits of a batch of pixels."""
        return self.model.logits(scaled(pixels, self.mean, self.scale).to(self.dtype))


class ScoreGraph(LogitsGraph):
    """uint8 ``(B, S, S, C)`` to float32 rejection scores ``(B, N)``, eq. 8."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Rejection scores of a batch of pixels."""
        logits = super().forward(pixels)
        # Written out, because not every exporter knows cdist; the (B, N, D) tensor is small at a robot's batch sizes.
        d = (logits.unsqueeze(-2) - self.model.centres).square().sum(dim=-1).sqrt()
        return equations.rejection_scores(d)
