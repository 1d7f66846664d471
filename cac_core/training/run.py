# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The whole training: images, network, Lightning, then the end of it."""

import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

import torch
from pytorch_lightning import Callback
from torch import nn

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.equations import anchored_centres
from cac_core.support.errors import TrainingError
from cac_core.support.files import DISK_ERRORS
from cac_core.training.augment import Augment
from cac_core.training.averaging import AverageWeights
from cac_core.training.batch_statistics import settle_statistics
from cac_core.training.batches import OrderedBatches, TrainingBatches
from cac_core.training.claim import claimed
from cac_core.training.config import TrainConfig
from cac_core.training.finishing import TrainingResult, finish
from cac_core.training.frozen import freeze
from cac_core.training.last_layer import fit_last_layer
from cac_core.training.lightning_trainer import make_trainer
from cac_core.training.module import CACModule
from cac_core.training.precision import depthwise_in_float32
from cac_core.training.processes import Processes, device_of
from cac_core.training.progress import Progress, last_epoch
from cac_core.training.run_folder import SaveRun, prepare_run_folder
from cac_core.training.schedule import Schedule
from cac_core.training.sources import TrainingData, load_training_data


def train(config: TrainConfig, callbacks: Sequence[Callback] = ()) -> TrainingResult | None:
    """Train, calibrate and save a bundle of a checked configuration; see :func:`cac_core.training.train`.

    The run's logs (metrics.csv, TensorBoard) and, until it is finished, its state lie in ``config.run_folder``.

    Args:
        config: all settings.
        callbacks: further Lightning callbacks.

    Returns:
        The result; None on every process of a distributed training but the first, which alone writes.

    Raises:
        TrainingError, DataError, DeviceError, BackboneError, UnwritableError: with a sentence that says what to do.
    """
    processes = Processes.from_environment()
    device = device_of(config, processes)
    weights = _try_backbone(config)
    with claimed(config, weights) if processes.rank == 0 else nullcontext():
        return _train(config, device, processes, callbacks)


def _train(
    config: TrainConfig, device: torch.device, processes: Processes, callbacks: Sequence[Callback]
) -> TrainingResult | None:
    data = load_training_data(config)
    if processes.world > len(data.validation) or processes.world > config.optimiser.batch_size:
        raise TrainingError(f"{processes.world} processes are more than there are images: start fewer processes.")

    def start(spec: BackboneSpec) -> nn.Module:
        network = build_backbone(spec, config.model.pretrained)
        if config.model.pretrained and config.model.fit_last_layer:
            anchors = anchored_centres(spec.num_classes, config.loss.anchor_magnitude)
            if config.model.photo_statistics:
                change = Augment(config.augment, spec.image_size, spec.channels)
                batch, frozen = config.optimiser.batch_size, config.model.frozen
                settle_statistics(network, data.train, data.preprocessing, device, batch, frozen, change)
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
        return finish(backbone, spec, data, config, device, schedule, parent)


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
        return finish(start(spec), spec, data, config, device, Schedule(config.schedule), parent)


def _backbone_spec(data: TrainingData, config: TrainConfig) -> BackboneSpec:
    return BackboneSpec(
        config.model.backbone,
        len(data.train.class_names),
        data.preprocessing.image_size,
        data.preprocessing.channels,
        dict(config.model.options),
    )


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
    images = data.all_to_train_on
    fingerprint = images.fingerprint() + data.validation.fingerprint()
    checkpoint = prepare_run_folder(config, fingerprint, processes, parent)
    part = (processes.rank, processes.world)
    batch = config.optimiser.batch_size
    module = CACModule(
        backbone,
        len(data.train.class_names),
        data.preprocessing,
        config,
        TrainingBatches(images, batch, config.seed, lambda: module.current_epoch, *part, balanced=config.data.balanced),
        OrderedBatches(data.validation, batch, *part),
    )
    schedule = Schedule(config.schedule)
    average = [AverageWeights(config.optimiser.ema)] if config.optimiser.ema else []
    own = [schedule, *average, SaveRun(config.run_folder, schedule), Progress(lambda: last_epoch(schedule))]
    trainer = make_trainer(config, device, [*own, *callbacks], processes=processes, log_folder=config.run_folder)
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        with depthwise_in_float32(backbone, device):
            trainer.fit(module, ckpt_path=checkpoint, weights_only=True)
    except SystemExit as stopped:  # what Lightning makes of Ctrl-C, with further ones ignored
        signal.signal(signal.SIGINT, on_interrupt)
        raise KeyboardInterrupt from stopped
    except OSError as error:  # of TensorBoard's files, which are not ours to write
        if error.errno not in DISK_ERRORS:
            raise
        raise TrainingError(
            f"{config.run_folder} cannot be written any more ({error.strerror}): the same command goes on after the "
            "last whole epoch."
        ) from error
    return module.backbone, schedule


def _try_backbone(config: TrainConfig) -> int:
    """Find a wrong name or option before all images are read, without memory; returns how many weights there are."""
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
    return sum(each.numel() for each in network.state_dict().values())
