# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The end of a training: calibration, the bundle with its summary, the report."""

import platform
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

import cac_core
from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle, save_bundle
from cac_core.data.contradictions import SEEN, looks_as_bytes
from cac_core.engines.bundle_graph import with_graph
from cac_core.metrics import OpenSetMetrics
from cac_core.support import console
from cac_core.support.errors import CacError, EngineError
from cac_core.support.files import sentence_about, write_atomically
from cac_core.training.calibrate import Calibrated, make_bundle
from cac_core.training.config import CHECKPOINT, TrainConfig
from cac_core.training.schedule import Schedule
from cac_core.training.sources import TrainingData
from cac_core.training.validation_split import hygiene
from cac_core.training.variants import add_variant

FEW_PHOTOS = 5000


@dataclass(frozen=True)
class TrainingResult:
    """What came out of a training.

    Attributes:
        path: the bundle's file.
        bundle: what is in it.
        metrics: on validation images, and on the unknown ones if there were any.
        history: one record per epoch.
        warnings: one sentence each.
    """

    path: Path
    bundle: ModelBundle
    metrics: OpenSetMetrics
    history: tuple[dict[str, float], ...]
    warnings: tuple[str, ...]


def finish(
    backbone: nn.Module,
    spec: BackboneSpec,
    data: TrainingData,
    config: TrainConfig,
    device: torch.device,
    schedule: Schedule,
    parent: str | None,
) -> TrainingResult:
    """Calibrate, save, report.

    Args:
        backbone: with its final weights.
        spec: how it is built.
        data: the images.
        config: all settings.
        device: to compute on.
        schedule: the record of epochs; none for a network that was not trained.
        parent: model id of the bundle that the network comes from, if any.

    Raises:
        TrainingError: when the network returns NaN for validation images.
    """
    with console.activity("calibrating centres and thresholds"):
        calibrated = make_bundle(backbone, spec, data, config, device)
    notes = [*calibrated.notes, *_advice(config, data, parent)]
    bundle = calibrated.bundle
    if config.graph:
        try:
            with console.activity("converting the network to a graph for robots"):
                bundle = with_graph(bundle, data.validation.images.numpy())
        except EngineError as error:
            notes.append(f"{error}: the model file brings no graph, so a robot needs PyTorch to use it")
    summary = _summary(config, data, schedule, calibrated, notes)
    bundle = replace(bundle, training=summary, parent=parent)
    for precision in config.variants:
        try:
            bundle, doubts = add_variant(bundle, data, precision)
            notes += doubts
        except CacError as error:  # hours of training are not lost for it
            notes.append(f"{error}: the model file has no variant {precision}")
    saved = save_bundle(bundle, config.out)
    if config.report:
        from cac_core.training.training_page import write_training_page  # plotly takes a moment to import

        with console.activity("writing the report"):
            write_training_page(calibrated, saved, schedule.history, config.run_folder)
    if config.data.dataset == "folder":  # so that an evaluation can tell when it tests with photos of the training
        write_atomically(config.run_folder / SEEN, looks_as_bytes([data.train.images, data.validation.images]))
    with sentence_about(config.run_folder):
        (config.run_folder / CHECKPOINT).unlink(missing_ok=True)  # finished: nothing is left to resume
    return TrainingResult(config.out, saved, calibrated.metrics, tuple(schedule.history), tuple(notes))


def _advice(config: TrainConfig, data: TrainingData, parent: str | None) -> list[str]:
    notes = []
    scratch = parent is None and not config.model.pretrained
    if config.data.dataset == "folder" and scratch and len(data.train) < FEW_PHOTOS:
        notes.append(
            f"{len(data.train)} training photos are few for a network that starts from nothing: "
            "--model.pretrained true usually does much better"
        )
    notes += hygiene(data.summary)
    if data.problems:
        notes.append(f"{len(data.problems)} files were skipped or look wrong, the first: {data.problems[0]}")
    return notes


def _summary(
    config: TrainConfig, data: TrainingData, schedule: Schedule, calibrated: Calibrated, notes: list[str]
) -> dict[str, Any]:
    """JSON-ready; without times and places, so that the same seed gives the same file."""
    settings = config.to_dict()
    del settings["out"], settings["resume"], settings["report"], settings["graph"], settings["variants"]
    for name in ("root", "unknown", "known_unknown"):
        del settings["data"][name]
    two_stage = config.schedule.kind == "two_stage"
    last = schedule.history[-1] if schedule.history else {}
    return {
        "config": settings,
        "data": data.summary,
        "epochs": list(schedule.state.epochs) if two_stage else [len(schedule.history)],
        "best_validation_anchor_loss": schedule.state.best if two_stage else last.get("val_anchor"),
        "last_epoch": last,
        "validation": calibrated.metrics.to_dict(),
        "validation_by_class": calibrated.by_class(),
        "thresholds": [choice.to_dict() for choice in calibrated.choices],
        "warnings": notes,
        "versions": versions(),
    }


def versions() -> dict[str, Any]:
    """Versions of what computes the result."""
    return {
        "cac_ros": cac_core.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "pytorch_lightning": version("pytorch-lightning"),
    }
