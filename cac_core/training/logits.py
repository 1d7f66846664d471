# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Logits of images in memory."""

import torch
from torch import Tensor, nn

from cac_core.data import LabelledImages
from cac_core.model import normalise
from cac_core.preprocessing import Preprocessing
from cac_core.support import console

BATCH = 64


@torch.inference_mode()
def compute_logits(
    backbone: nn.Module, data: LabelledImages, preprocessing: Preprocessing, device: torch.device
) -> Tensor:
    """Logits ``(M, N)`` float32 on the CPU, images as they are."""
    batches = torch.split(data.images, BATCH)
    steps = console.track(batches, "computing logits", total=len(batches))
    return torch.cat([backbone(normalise(batch.to(device), preprocessing)).float().cpu() for batch in steps])
