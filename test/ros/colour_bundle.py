# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A model whose answers are known in advance: it recognises red, green and blue pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import nn

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle, save_bundle
from cac_core.equations import anchored_centres
from cac_core.model import weights
from cac_core.preprocessing import Preprocessing
from cac_core.thresholds import Thresholds

NAMES = ("red", "green", "deep blue")
SIZE = 32


def colour_bundle(name: str = "colours", names: tuple[str, ...] = NAMES, known_kept: float = 0.5) -> ModelBundle:
    """The paper's network with weights set by hand: it passes each colour channel through and averages it.

    The logits are 10 times the mean of each channel, the centres 10 on the axis of each colour. A picture of a full
    colour has γ = 0 (known); grey and black are as far from all three and have γ > 5. The thresholds follow the share
    of known to keep: θ(q) = 2 q, and 2.2 q for blue where each class has its own.
    """
    spec = BackboneSpec("paper", 3, SIZE, 3, {"width": 3 / 64})
    network = build_backbone(spec)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.zeros_(module.weight)
            for channel in range(3):
                module.weight.data[channel, channel, 1, 1] = 1.0
    pixels = (SIZE // 8) ** 2
    weight = network.get_parameter("classifier.weight").data.zero_()
    for channel in range(3):
        weight[channel, channel * pixels : (channel + 1) * pixels] = 10.0 / pixels
    quantiles = np.linspace(0, 2, 1001, dtype=np.float32)
    of_each_class = np.array([[1.0], [1.0], [1.1]], dtype=np.float32) * quantiles
    return ModelBundle(
        class_names=names,
        backbone=spec,
        preprocessing=Preprocessing(SIZE, 3, "stretch", "area", mean=(0, 0, 0), std=(1, 1, 1)),
        state=weights(network),
        centres=anchored_centres(3).numpy(),
        centre_counts=np.array([5, 5, 5]),
        thresholds=Thresholds(quantiles, of_each_class, known_kept, np.array([1000, 0, 0])),
        name=name,
    )


def overflowing_bundle() -> ModelBundle:
    """Weights that are finite, as every bundle's must be, but make everything except black overflow to infinity."""
    bundle = colour_bundle("overflowing")
    weight = bundle.state["classifier.weight"] * np.float32(3e38)
    return replace(bundle, state={**bundle.state, "classifier.weight": weight})


def write_model(folder: Path, bundle: ModelBundle | None = None) -> Path:
    """Write a bundle under its name; returns the file."""
    bundle = bundle or colour_bundle()
    path = folder / f"{bundle.name}.cac"
    save_bundle(bundle, path)
    return path
