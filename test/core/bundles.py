# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small bundles for tests."""

import numpy as np
import torch

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle
from cac_core.equations import anchored_centres
from cac_core.model import weights
from cac_core.preprocessing import Frame, Preprocessing
from cac_core.thresholds import fit_thresholds


def tiny_bundle(names=("cup", "a tall box", "größe"), seed=0, **changes):
    """An untrained bundle with the paper's network at a sixteenth of its width."""
    torch.manual_seed(seed)
    n = len(names)
    spec = BackboneSpec("paper", n, 32, 3, {"width": 1 / 16})
    gamma = torch.rand(200, n)
    values = {
        "class_names": tuple(names),
        "backbone": spec,
        "preprocessing": Preprocessing(32, 3, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25)),
        "state": weights(build_backbone(spec)),
        "centres": anchored_centres(n).numpy(),
        "centre_counts": np.full(n, 5),
        "thresholds": fit_thresholds(gamma, torch.arange(200) % n),
        "name": "tiny",
        "training": {"seed": seed},
    }
    return ModelBundle(**{**values, **changes})


def random_frames(count=3, seed=0):
    """Frames of different sizes and colour orders."""
    rng = np.random.default_rng(seed)
    shapes = [((48, 64, 3), "bgr"), ((33, 20), "grey"), ((100, 50, 4), "rgba"), ((32, 32, 3), "rgb")]
    return [Frame(rng.integers(0, 256, shapes[i % 4][0], dtype=np.uint8), shapes[i % 4][1]) for i in range(count)]
