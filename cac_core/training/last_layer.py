# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the last layer of a pretrained network starts: at the anchors, as far as its features reach.

A last layer of random weights sends large gradients through pretrained layers until it has learnt something, and they
lose what they knew beyond the photos at hand (Kumar et al., "Fine-Tuning can Distort Pretrained Features and
Underperform Out-of-Distribution", ICLR 2022: fit the last layer first, then all). Least squares is that fit in one
pass over the photos.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from cac_core.data import LabelledImages
from cac_core.preprocessing import Preprocessing
from cac_core.training.logits import BATCH, compute_logits

RIDGE = 0.1
"""Penalty on the weights, as a share of the features' total variance."""


def fit_last_layer(
    network: nn.Module,
    images: LabelledImages,
    anchors: Tensor,
    preprocessing: Preprocessing,
    device: torch.device,
    first: int = 0,
    changes: Sequence[Callable[[Tensor], Tensor]] = (),
) -> bool:
    """Set the weights of the last layer so that each image's logits come close to the anchor of its class.

    Args:
        network: whose last linear layer with N outputs is set; a network without one stays as it is.
        images: known images.
        anchors: ``(N, N)``.
        preprocessing: of the network.
        device: to compute on.
        first: the logits before this one stay as they are.
        changes: of uint8 ``(B, S, S, C)``, such as :class:`cac_core.training.augment.Augment`; the fit sees each
            image as it is, and once with each of them.

    Returns:
        Whether there is such a layer.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.Linear) and m.out_features == len(anchors)]
    if not layers:
        return False
    last = layers[-1]
    features: list[Tensor] = []
    training = network.training
    hook = last.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0].cpu()))
    try:
        with torch.no_grad():
            network.to(device).eval()
            for version in _versions(images, changes):
                compute_logits(network, version, preprocessing, device)
            targets = anchors.cpu()[images.labels].repeat(1 + len(changes), 1)
            weight, bias = least_squares(torch.cat(features), targets, last.bias is not None)
            last.weight[first:] = weight[first:].to(last.weight)
            if last.bias is not None:
                last.bias[first:] = bias[first:].to(last.bias)
    finally:
        hook.remove()
        network.train(training)
    return True


def _versions(images: LabelledImages, changes: Sequence[Callable[[Tensor], Tensor]]) -> Iterator[LabelledImages]:
    yield images
    for change in changes:
        yield replace(images, images=torch.cat([change(batch) for batch in torch.split(images.images, BATCH)]))


def least_squares(
    features: Tensor, targets: Tensor, with_bias: bool = True, ridge: float = RIDGE
) -> tuple[Tensor, Tensor]:
    """Ridge regression in float64.

    Args:
        features: ``(M, D)``.
        targets: ``(M, N)``.
        with_bias: fit a bias, which is not penalised; otherwise it is 0.
        ridge: penalty as a share of the features' variance, summed over their dimensions.

    Returns:
        Weight ``(N, D)`` and bias ``(N,)``.
    """
    x, y = features.double(), targets.double()
    mean_x, mean_y = (x.mean(0), y.mean(0)) if with_bias else (torch.zeros_like(x[0]), torch.zeros_like(y[0]))
    x, y = x - mean_x, y - mean_y
    gram = x.T @ x
    # The trace is M times the total variance; the floor lets features that are all alike pass.
    penalty = ridge * gram.trace() / len(x) + torch.finfo(x.dtype).tiny ** 0.5
    weight = torch.linalg.solve(gram + penalty * torch.eye(x.shape[1], dtype=x.dtype), x.T @ y).T
    return weight, mean_y - weight @ mean_x
