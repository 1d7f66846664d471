# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write a model in another arithmetic: its own centres (section 3.1.2) and thresholds, and what it costs."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cac_core import equations
from cac_core.bundle import ModelBundle
from cac_core.bundle.model_bundle import check_pixels
from cac_core.bundle.variants import CLOSE, FLOAT32, Variant
from cac_core.centres import calibrate_centres
from cac_core.engines.bundle_graph import with_graph
from cac_core.engines.openvino_engine import OpenVINOEngine
from cac_core.engines.quantisation import quantised
from cac_core.inference_equations import UNKNOWN, decide, distances, rejection_scores
from cac_core.metrics import open_set_metrics
from cac_core.support import console
from cac_core.support.devices import choose_device
from cac_core.support.errors import TrainingError
from cac_core.thresholds import fit_thresholds
from cac_core.training.calibrate import choose_share
from cac_core.training.sources import TrainingData

FIGURES = ("accuracy", "auroc", "known_kept", "unknown_rejected")
"""What is measured of a variant and of float32."""


@dataclass(frozen=True)
class _Decisions:
    """What one arithmetic makes of the validation images, and after them of the unknown ones."""

    nearest: NDArray[np.int64]
    decisions: NDArray[np.int64]
    figures: dict[str, float | None]


def add_variant(
    bundle: ModelBundle, data: TrainingData, precision: str, device: str = "auto"
) -> tuple[ModelBundle, list[str]]:
    """The same model with one more variant.

    Args:
        bundle: in any format.
        data: the photos of its training, divided as they were then.
        precision: int8, bf16 or fp16.
        device: that computes the variant: the CPU with OpenVINO, or CUDA with PyTorch. auto is the CPU, but for fp16 it
            is CUDA if there is a device.

    Returns:
        The bundle, and doubts about the variant, one sentence each.

    Raises:
        EngineError: when the network cannot be quantised, or this machine does not compute in that precision.
        TrainingError: when the variant returns NaN, or the centres have other numbers than classes.
    """
    classes, size = bundle.centres.shape
    if classes != size:
        raise TrainingError("a network with other logits than classes was not calibrated here and gets no variants.")
    if not bundle.graph:
        bundle = with_graph(bundle, data.validation.images.numpy())
    draft = Variant(
        precision=precision,
        engine="openvino" if _computes_on_cpu(precision, device) else "torch",
        centres=bundle.centres,
        centre_counts=bundle.centre_counts,
        thresholds=bundle.thresholds,
        check_logits=np.empty((0, 0), dtype=np.float32),  # nothing to compare with yet
    )
    exact = _exact(bundle, data)
    if precision != "int8":
        variant, notes = _calibrated(bundle, data, draft, exact, device)
        return bundle.with_variant(variant), [*notes, *_doubts(variant)]
    found = []
    for ends_in_float32 in (False, True):
        with console.activity("quantising the network"):
            graph = quantised(bundle.graph, data.train.images.numpy(), ends_in_float32)
        found.append(_calibrated(bundle, data, replace(draft, graph=graph), exact, device))
        if found[-1][0].is_close or data.unknown is None:
            break
    variant, notes = max(found, key=lambda each: each[0].figures["variant"]["auroc"] or 0.0)
    return bundle.with_variant(variant), [*notes, *_doubts(variant)]


def _calibrated(
    bundle: ModelBundle, data: TrainingData, draft: Variant, exact: _Decisions, device: str
) -> tuple[Variant, list[str]]:
    """A variant with its own centres and thresholds and its figures beside those of float32; and doubts about it."""
    precision = draft.precision
    engine = _engine(bundle.with_variant(draft).in_precision(precision), device)
    train = _logits(engine, data.train.images, precision)
    anchors = equations.anchored_centres(len(bundle.class_names), bundle.anchor_magnitude)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        centres, counts = calibrate_centres(torch.from_numpy(train), data.train.labels, anchors)
    notes = [str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)]
    validation = _logits(engine, data.validation.images, precision)
    gamma = rejection_scores(distances(validation, centres.numpy()))
    try:
        thresholds = fit_thresholds(gamma, data.validation.labels, bundle.thresholds.known_kept)
    except ValueError as error:
        raise TrainingError(f"no threshold can be chosen for {precision} ({error}): use another precision.") from error
    rate, others = bundle.training.get("config", {}).get("false_accept"), None
    if data.known_unknown is not None and rate is not None:
        logits = _logits(engine, data.known_unknown.images, precision)
        others = torch.from_numpy(rejection_scores(distances(logits, centres.numpy())))
    elif rate is not None:
        notes.append(
            f"the model's threshold was chosen by false_accept {rate:g}, and the variant only keeps the same share of "
            "known photos: give --data.known_unknown FOLDER, the photos of known unknowns"
        )
    thresholds, doubts = choose_share(thresholds, others, rate)
    variant = replace(
        draft,
        centres=centres.numpy(),
        centre_counts=counts.numpy(),
        thresholds=thresholds,
        check_logits=np.concatenate([engine.logits(each[np.newaxis]) for each in check_pixels(bundle.preprocessing)]),
    )
    own = _decisions(bundle.with_variant(variant).in_precision(precision), validation, engine, data)
    return replace(variant, figures=_figures(bundle, own, exact, data)), [*notes, *doubts]


def _exact(bundle: ModelBundle, data: TrainingData) -> _Decisions:
    engine = OpenVINOEngine(bundle)
    return _decisions(bundle, _logits(engine, data.validation.images, FLOAT32), engine, data)


def _computes_on_cpu(precision: str, device: str) -> bool:
    if device == "auto" and precision != "fp16":
        return True
    return choose_device(device)[0] == "cpu"


def _engine(bundle: ModelBundle, device: str) -> Any:
    """The engine that a robot answers with."""
    variant = next((each for each in bundle.variants if each.precision == bundle.precision), None)
    if variant is None or variant.engine == "openvino":
        return OpenVINOEngine(bundle)
    from cac_core.engines.cuda_engine import CudaEngine

    return CudaEngine(bundle, choose_device(device)[0])


def _logits(engine: Any, images: torch.Tensor, precision: str) -> NDArray[np.float32]:
    """Logits ``(M, D)``, one image at a time like the frames of a camera."""
    pixels = images.numpy()
    steps = console.track(range(len(pixels)), f"computing logits in {precision}", total=len(pixels))
    return np.concatenate([engine.logits(pixels[i : i + 1]) for i in steps])


def _decisions(bundle: ModelBundle, validation: NDArray[np.float32], engine: Any, data: TrainingData) -> _Decisions:
    logits, labels = validation, data.validation.labels.numpy()
    if data.unknown is not None:
        logits = np.concatenate([logits, _logits(engine, data.unknown.images, bundle.precision)])
        labels = np.concatenate([labels, data.unknown.labels.numpy()])
    gamma = rejection_scores(distances(logits, bundle.centres))
    computed = np.isfinite(gamma).all(axis=1)
    decisions = decide(gamma, bundle.thresholds.theta())
    nearest = np.where(computed, gamma.argmin(axis=1), UNKNOWN)
    scores = np.where(computed, gamma.min(axis=1), np.inf)
    metrics = open_set_metrics(scores, nearest, decisions == UNKNOWN, labels).to_dict()
    return _Decisions(nearest, decisions, {name: metrics[name] for name in FIGURES})


def _figures(bundle: ModelBundle, own: _Decisions, exact: _Decisions, data: TrainingData) -> dict[str, Any]:
    """JSON-ready: both arithmetics on the same photos, all together and by class."""
    labels = data.validation.labels.numpy()
    count = len(labels)
    by_class = {}
    for index, name in enumerate(bundle.class_names):
        rows = np.flatnonzero(labels == index)
        if len(rows):
            by_class[name] = {
                "images": len(rows),
                "accuracy": float((own.nearest[rows] == index).mean()),
                "known_kept": float((own.decisions[rows] != UNKNOWN).mean()),
                "agreement": float((own.decisions[rows] == exact.decisions[rows]).mean()),
            }
    return {
        "known_images": count,
        "unknown_images": len(own.decisions) - count,
        "variant": own.figures,
        FLOAT32: exact.figures,
        "agreement": float((own.decisions == exact.decisions).mean()),
        "classes": by_class,
    }


def _doubts(variant: Variant) -> list[str]:
    """Why a robot does not take the variant by itself, as a sentence; none if it does."""
    if variant.is_close:
        return []
    if not variant.figures["unknown_images"]:
        return [
            f"without photos of other things nobody knows what {variant.precision} does to unknown objects, so "
            "precision auto does not take it: give --data.unknown FOLDER"
        ]
    return [
        f"AUROC or accuracy of {variant.precision} is more than {CLOSE:g} below that of float32, so precision auto "
        "does not take it"
    ]
