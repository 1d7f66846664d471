# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small bundles for tests."""

import json
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle
from cac_core.bundle.container import METADATA_KEY
from cac_core.bundle.model_bundle import checksum_of
from cac_core.bundle.variants import Variant
from cac_core.equations import anchored_centres
from cac_core.model import weights
from cac_core.preprocessing import ColourOrder, Frame, Preprocessing
from cac_core.thresholds import fit_thresholds

Change = Callable[[Any], object]


def tiny_bundle(names: Sequence[str] = ("cup", "a tall box", "größe"), seed: int = 0, **changes: Any) -> ModelBundle:
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


def with_variant(bundle: ModelBundle, precision: str = "bf16", engine: str = "openvino", **changes: Any) -> ModelBundle:
    """The bundle with a variant that has centres of its own and nothing to compare engines with; not to be saved."""
    values = {
        "centres": bundle.centres * np.float32(1.5),
        "centre_counts": bundle.centre_counts,
        "thresholds": bundle.thresholds,
        "check_logits": np.empty((0, 0), dtype=np.float32),
    }
    return bundle.with_variant(Variant(precision, engine, **{**values, **changes}))


def random_frames(count: int = 3, seed: int = 0) -> list[Frame]:
    """Frames of different sizes and colour orders."""
    rng = np.random.default_rng(seed)
    kinds: list[tuple[tuple[int, ...], ColourOrder]] = [
        ((48, 64, 3), "bgr"), ((33, 20), "grey"), ((100, 50, 4), "rgba"), ((32, 32, 3), "rgb")
    ]  # fmt: skip
    return [Frame(rng.integers(0, 256, shape, dtype=np.uint8), order) for shape, order in islice(cycle(kinds), count)]


def rewrite(
    path: Path,
    change_document: Change | None = None,
    change_tensors: Change | None = None,
    keep_checksum: bool = False,
    change_text: Callable[[str], str] = str,
) -> None:
    """Change a saved bundle the way a program could that knows the format."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    description = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][METADATA_KEY])
    document = description["document"]
    tensors = {name: value.copy() for name, value in safetensors.numpy.load(content).items()}
    (change_document or (lambda d: None))(document)
    (change_tensors or (lambda t: None))(tensors)
    if not keep_checksum:
        description["checksum"] = checksum_of(document, tensors)
    text = change_text(json.dumps(description))
    path.write_bytes(safetensors.numpy.save(tensors, {METADATA_KEY: text}))
