# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The whole training: images, network, Lightning, calibration, bundle."""

import json
import logging
import os
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.strategies import DDPStrategy
from torch import nn

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle, save_bundle
from cac_core.data import LabelledImages
from cac_core.equations import anchored_centres
from cac_core.metrics import OpenSetMetrics
from cac_core.support.devices import resolve_device
from cac_core.support.errors import DeviceError, TrainingError
from cac_core.support.files import write_atomically
from cac_core.training.batches import OrderedBatches, TrainingBatches
from cac_core.training.calibrate import Calibrated, make_bundle, versions
from cac_core.training.callbacks import AverageWeights, Progress, SaveRun, Schedule
from cac_core.training.config import CHECKPOINT, TrainConfig
from cac_core.training.last_layer import fit_last_layer
from cac_core.training.learning_rates import freeze
from cac_core.training.module import CACModule
from cac_core.training.precision import choose_precision, depthwise_in_float32
from cac_core.training.sources import TrainingData, hygiene, load_training_data

CONFIGURATION = "config.json"
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


@dataclass(frozen=True)
class Processes:
    """This process among those that torchrun started; one alone otherwise."""

    rank: int = 0
    world: int = 1
    local: int = 1
    nodes: int = 1

    @classmethod
    def from_environment(cls) -> "Processes":
        """Read what torchrun sets."""
        world, local = (int(os.environ.get(name, "1")) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
        return cls(int(os.environ.get("RANK", "0")), world, local, max(1, world // local))


def train(config: TrainConfig, callbacks: Sequence[Callback] = ()) -> TrainingResult | None:
    """Train, calibrate and save a bundle of a checked configuration; see :func:`cac_core.training.train`.

    The run's logs (metrics.csv, TensorBoard) and, until it is finished, its state lie in ``config.run_folder``.

    Args:
        config: all settings.
        callbacks: further Lightning callbacks.

    Returns:
        The result; None on every process of a distributed training but the first, which alone writes.

    Raises:
        TrainingError, DataError, DeviceError, BackboneError: with a sentence that says what to do.
    """
    processes = Processes.from_environment()
    device = _device(config, processes)
    _try_backbone(config)
    data = load_training_data(config)
    if processes.world > len(data.validation) or processes.world > config.optimiser.batch_size:
        raise TrainingError(f"{processes.world} processes are more than there are images: start fewer processes.")

    def start(spec: BackboneSpec) -> nn.Module:
        network = build_backbone(spec, config.model.pretrained)
        if config.model.pretrained and config.model.fit_last_layer:
            anchors = anchored_centres(spec.num_classes, config.loss.anchor_magnitude)
            fit_last_layer(network, data.train, anchors, data.preprocessing, device)
        return network

    return train_on(data, config, device, processes, start, callbacks)


def train_on(
    data: TrainingData,
    config: TrainConfig,
    device: torch.device,
    processes: Processes,
    start: Callable[[BackboneSpec], nn.Module],
    callbacks: Sequence[Callback] = (),
    parent: str | None = None,
) -> TrainingResult | None:
    """Train a network on loaded images, calibrate and save a bundle.

    Args:
        data: the images; its preprocessing and class names go into the bundle.
        config: all settings.
        device: to compute on.
        processes: this one among others.
        start: gives the network to begin with, once random numbers are seeded.
        callbacks: further Lightning callbacks.
        parent: model id of the bundle that the network comes from, if any.

    Returns:
        Like :func:`train`.
    """
    spec = _backbone_spec(data, config)
    with _computing(config.threads, device):
        torch.manual_seed(config.seed)
        backbone, schedule = _fit(config, start(spec), data, device, processes, callbacks, parent)
        if processes.world > 1:
            # All leave together, and before Python ends: a process that ended while another still talked to it was
            # seen to abort, and torchrun then ended the one that was about to write the model.
            torch.distributed.barrier()
            torch.distributed.destroy_process_group()
        if processes.rank != 0:
            return None
        return _finish(backbone, spec, data, config, device, schedule, parent)


def calibrate_on(
    data: TrainingData,
    config: TrainConfig,
    device: torch.device,
    start: Callable[[BackboneSpec], nn.Module],
    parent: str | None = None,
) -> TrainingResult:
    """Like :func:`train_on` for a network that is to stay as it is: calibrate centres and thresholds, save a bundle."""
    spec = _backbone_spec(data, config)
    with _computing(config.threads, device):
        torch.manual_seed(config.seed)
        return _finish(start(spec), spec, data, config, device, Schedule(config.schedule), parent)


def _backbone_spec(data: TrainingData, config: TrainConfig) -> BackboneSpec:
    return BackboneSpec(
        config.model.backbone,
        len(data.train.class_names),
        data.preprocessing.image_size,
        data.preprocessing.channels,
        dict(config.model.options),
    )


def _finish(
    backbone: nn.Module,
    spec: BackboneSpec,
    data: TrainingData,
    config: TrainConfig,
    device: torch.device,
    schedule: Schedule,
    parent: str | None,
) -> TrainingResult:
    """Calibrate, save, report."""
    calibrated = make_bundle(backbone, spec, data, config, device)
    notes = [*calibrated.notes, *_advice(config, data, parent)]
    summary = _summary(config, data, schedule, calibrated, notes)
    saved = save_bundle(replace(calibrated.bundle, training=summary, parent=parent), config.out)
    if config.report:
        from cac_core.training.training_page import write_training_page  # plotly takes a moment to import

        write_training_page(calibrated, saved, schedule.history, config.run_folder)
    (config.run_folder / CHECKPOINT).unlink(missing_ok=True)  # finished: nothing is left to resume
    return TrainingResult(config.out, saved, calibrated.metrics, tuple(schedule.history), tuple(notes))


@contextmanager
def _computing(threads: int | None, device: torch.device) -> Iterator[None]:
    """Leave torch's random numbers and number of threads as the caller had them."""
    before = torch.get_num_threads()
    with torch.random.fork_rng([device] if device.type == "cuda" else []), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        try:
            torch.set_num_threads(threads or before)
            yield
        finally:
            torch.set_num_threads(before)


def _fit(
    config: TrainConfig,
    backbone: nn.Module,
    data: TrainingData,
    device: torch.device,
    processes: Processes,
    callbacks: Sequence[Callback],
    parent: str | None,
) -> tuple[nn.Module, Schedule]:
    learnt = data.learnt
    checkpoint = _prepare_run_folder(config, data, learnt, processes, parent)
    part = (processes.rank, processes.world)
    batch = config.optimiser.batch_size
    module = CACModule(
        backbone,
        len(data.train.class_names),
        data.preprocessing,
        config,
        TrainingBatches(learnt, batch, config.seed, lambda: module.current_epoch, *part, balanced=config.data.balanced),
        OrderedBatches(data.validation, batch, *part),
    )
    schedule = Schedule(config.schedule)
    average = [AverageWeights(config.optimiser.ema)] if config.optimiser.ema else []
    own = [schedule, *average, SaveRun(config.run_folder, schedule), Progress(schedule)]
    trainer = _trainer(config, device, processes, [*own, *callbacks])
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        with depthwise_in_float32(backbone, device):
            trainer.fit(module, ckpt_path=checkpoint, weights_only=True)
    except SystemExit as stopped:  # what Lightning makes of Ctrl-C, with further ones ignored
        signal.signal(signal.SIGINT, on_interrupt)
        raise KeyboardInterrupt from stopped
    return module.backbone, schedule


def _trainer(config: TrainConfig, device: torch.device, processes: Processes, callbacks: list[Callback]) -> Trainer:
    # Lightning's own lines (which devices exist, advertisements) say nothing that the summary does not.
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    cuda = device.type == "cuda"
    alone = processes.world == 1
    return Trainer(
        accelerator="cuda" if cuda else "cpu",
        devices=([device.index or 0] if cuda else 1) if alone else processes.local,
        num_nodes=processes.nodes,
        strategy="auto" if alone else DDPStrategy(process_group_backend="nccl" if cuda else "gloo"),
        precision=choose_precision(config.precision, device),
        max_epochs=config.schedule.most_epochs,
        callbacks=callbacks,
        logger=TensorBoardLogger(config.run_folder, name="tensorboard", version="", default_hp_metric=False),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def _prepare_run_folder(
    config: TrainConfig, data: TrainingData, learnt: LabelledImages, processes: Processes, parent: str | None
) -> Path | None:
    """Make the run's folder, or find the state of an unfinished run in it.

    Raises:
        TrainingError: when the unfinished run had another configuration or other images.
    """
    identity = config.to_dict()
    for name in ("out", "resume", "device", "threads", "report"):  # these do not change what is learnt
        del identity[name]
    identity["images"] = learnt.fingerprint() + data.validation.fingerprint()
    identity["processes"] = processes.world
    identity["parent"] = parent
    checkpoint = config.run_folder / CHECKPOINT
    record = config.run_folder / CONFIGURATION
    if config.resume and checkpoint.is_file() and record.is_file():
        earlier = json.loads(record.read_text(encoding="utf-8"))
        different = _differences(earlier, json.loads(json.dumps(identity)))
        if different:
            raise TrainingError(
                f"{config.run_folder} holds an unfinished run with another {', '.join(different)}: go on with the same "
                "configuration, choose another --out, or start again with --resume false."
            )
        try:
            torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
        except Exception as error:
            raise TrainingError(
                f"the unfinished run in {config.run_folder} is damaged: start again with --resume false."
            ) from error
        return checkpoint
    if processes.rank == 0:
        checkpoint.unlink(missing_ok=True)
        for events in (config.run_folder / "tensorboard").glob("events.out.tfevents.*"):
            events.unlink()  # of an earlier run: two runs in one curve tell nothing
        write_atomically(record, json.dumps(identity, indent=1, ensure_ascii=False).encode())
    return None


def _differences(a: Any, b: Any, name: str = "") -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        keys = sorted(a.keys() | b.keys())
        return [d for k in keys for d in _differences(a.get(k), b.get(k), f"{name}.{k}" if name else k)]
    return [] if a == b else [name]


def _device(config: TrainConfig, processes: Processes) -> torch.device:
    if processes.world == 1:
        return resolve_device(config.device)[0]
    if ":" in config.device:
        raise DeviceError(
            f"under torchrun each process takes its own GPU: use device auto or cpu, not {config.device}."
        )
    return torch.device(resolve_device(config.device)[0].type, int(os.environ.get("LOCAL_RANK", "0")))


def _try_backbone(config: TrainConfig) -> None:
    """Find a wrong name or option before all images are read; without memory or weights."""
    size, channels = config.image_size, config.preprocessing.channels
    with torch.device("meta"):
        network = build_backbone(BackboneSpec(config.model.backbone, 2, size, channels, dict(config.model.options)))
    freeze(network, config.model.frozen)
    side = config.augment.image_size or size
    if side != size:
        try:
            network.eval().to("meta")(torch.empty(1, channels, side, side, device="meta"))
        except Exception as error:
            raise TrainingError(
                f"augment.image_size {side}: {config.model.backbone} takes images of {size} pixels only: leave it out."
            ) from error


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
    del settings["out"], settings["resume"], settings["report"]
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
