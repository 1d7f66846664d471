# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The model that is measured, and the same work without ROS around it."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle, save_bundle
from cac_core.predictor import Predictor
from cac_core.preprocessing import Preprocessing
from cac_ros.images import to_frame
from performance.table import Options

CLASSES = 16


PHOTOS = 32
"""Random ones to quantise with: what the network answers does not matter here."""


@contextmanager
def model_file(options: Options, variants: Sequence[str] = ()) -> Iterator[Path]:
    """The model file of the options, or an untrained one as they want it: speed does not depend on the weights.

    Args:
        options: of the measurement.
        variants: that the untrained one brings besides the one that the options ask for.
    """
    if options.model is not None:
        yield options.model
        return
    # Only now, because they load PyTorch: --help needs none.
    import torch

    from cac_core.backbones.build import build_backbone
    from cac_core.engines.bundle_graph import with_graph
    from cac_core.equations import anchored_centres
    from cac_core.model import weights
    from cac_core.thresholds import fit_thresholds

    torch.manual_seed(0)
    spec = BackboneSpec(options.backbone, CLASSES, options.image_size, 3)
    gamma = torch.rand(200, CLASSES)
    bundle = ModelBundle(
        class_names=tuple(f"class {i}" for i in range(CLASSES)),
        backbone=spec,
        preprocessing=Preprocessing(options.image_size, 3, interpolation=options.interpolation),
        state=weights(build_backbone(spec)),
        centres=anchored_centres(CLASSES).numpy(),
        centre_counts=np.ones(CLASSES, dtype=np.int64),
        thresholds=fit_thresholds(gamma, torch.arange(200) % CLASSES),
        name=options.backbone,
    )
    bundle = with_graph(bundle)
    for precision in sorted({*variants, options.precision} - {"auto", "float32"}):
        bundle = _with_variant(bundle, precision)
    with tempfile.TemporaryDirectory() as folder:
        save_bundle(bundle, Path(folder) / "model.cac")
        yield Path(folder) / "model.cac"


def _with_variant(bundle: ModelBundle, precision: str) -> ModelBundle:
    from cac_core.bundle.model_bundle import check_pixels
    from cac_core.bundle.variants import Variant
    from cac_core.engines.openvino_engine import OpenVINOEngine
    from cac_core.engines.quantisation import quantised

    pixels = check_pixels(bundle.preprocessing)
    photos = np.random.default_rng(0).integers(0, 256, (PHOTOS, *pixels.shape[1:]), dtype=np.uint8)
    draft = Variant(
        precision=precision,
        engine="openvino",
        centres=bundle.centres,
        centre_counts=bundle.centre_counts,
        thresholds=bundle.thresholds,
        check_logits=np.empty((0, 0), dtype=np.float32),
        graph=quantised(bundle.graph, photos) if precision == "int8" else b"",
    )
    engine = OpenVINOEngine(bundle.with_variant(draft).in_precision(precision))
    logits = np.concatenate([engine.logits(pixels[i : i + 1]) for i in range(len(pixels))])
    return bundle.with_variant(replace(draft, check_logits=logits))


def load(path: Path, options: Options, precision: str | None = None) -> Predictor:
    """The model with the engine and device of the options, in their precision or another one."""
    return Predictor.load(path, options.engine, options.device, precision=precision or options.precision)


def bare_loop(
    predictor: Predictor, messages: Sequence[Any], batch: int = 1, seconds: float = 3.0, rate: float = 0.0
) -> list[float]:
    """Times of reading and classifying a batch of messages without ROS [s].

    One after the other, or at a rate [Hz] as a camera gives them: then caches and cores have gone cold in between, and
    the same work takes longer.
    """
    predictor.warm_up(batch)
    times: list[float] = []
    begin = time.perf_counter()
    while time.perf_counter() < begin + seconds:
        if rate:
            time.sleep(max(0.0, begin + len(times) / rate - time.perf_counter()))
        start = time.perf_counter()
        first = len(times) * batch
        predictor.predict([to_frame(messages[(first + i) % len(messages)]) for i in range(batch)])
        times.append(time.perf_counter() - start)
    return times
