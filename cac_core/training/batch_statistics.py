# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Statistics of batch normalisation of the images at hand, before the last layer is fitted to what they make.

Training normalises by the statistics of each batch, and the fit by those stored in the network. For pretrained weights
these are of ImageNet: the fitted layer would then meet other features from the first step on, and that step would send
large gradients through layers that were right.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cac_core.data import LabelledImages
from cac_core.model import normalise
from cac_core.preprocessing import Preprocessing
from cac_core.support import console
from cac_core.training.frozen import BatchNorm


def settle_statistics(
    network: nn.Module,
    images: LabelledImages,
    preprocessing: Preprocessing,
    device: torch.device,
    batch_size: int,
    frozen: Sequence[str] = (),
    change: Callable[[Tensor], Tensor] = lambda pixels: pixels,
) -> None:
    """Replace the stored statistics by the means over one pass, in random order; nothing else of the network changes.

    Args:
        network: is moved to the device.
        images: that it will be trained on.
        preprocessing: of the network.
        device: to compute on.
        batch_size: of the training.
        frozen: parts that keep their statistics in training.
        change: of uint8 ``(B, S, S, C)``: what training does to its images.
    """
    kept = {layer for name in frozen for layer in network.get_submodule(name).modules()}
    layers = [m for m in network.modules() if isinstance(m, BatchNorm) and m.track_running_stats and m not in kept]
    if not layers:
        return
    training, momenta = network.training, [layer.momentum for layer in layers]
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    batches = [batch for batch in torch.split(order, batch_size) if len(batch) == batch_size] or [order]
    try:
        network.to(device).eval()
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # a plain mean over the batches
            layer.train()
        with torch.no_grad():
            for batch in console.track(batches, "looking at the photos", total=len(batches)):
                network(normalise(change(images.images[batch].to(device)), preprocessing))
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        network.train(training)
