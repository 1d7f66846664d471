# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The training of one benchmark network: the package's own schedule, with another loss and batches."""

import warnings
from collections.abc import Sequence

import torch
from pytorch_lightning import Callback
from torch import nn

from cac_core.benchmark.batches_on_device import BatchesOnDevice
from cac_core.benchmark.keep_centres import KeepCentres
from cac_core.benchmark.loss_by_name import CHOSEN_BY_ANCHOR_LOSS, make_loss
from cac_core.benchmark.module import BenchmarkModule
from cac_core.benchmark.recipes import Recipe
from cac_core.benchmark.stored_networks import Trained
from cac_core.data import LabelledImages
from cac_core.preprocessing import Preprocessing
from cac_core.training.augment import Augment
from cac_core.training.averaging import AverageWeights
from cac_core.training.batches import OrderedBatches
from cac_core.training.lightning_trainer import make_trainer
from cac_core.training.precision import depthwise_in_float32
from cac_core.training.progress import Progress, last_epoch
from cac_core.training.schedule import Schedule

VALIDATION_BATCH = 1024


def fit(
    backbone: nn.Module,
    loss_name: str,
    train: LabelledImages,
    validation: LabelledImages,
    preprocessing: Preprocessing,
    recipe: Recipe,
    device: torch.device,
    show_progress: bool = True,
    further_callbacks: Sequence[Callback] = (),
) -> Trained:
    """Train one network; randomness outside is left as it was.

    Returns:
        The backbone with its chosen weights, the loss's centres ``(N, N)`` on the CPU, and a record per epoch.

    Raises:
        TrainingError: when the loss is not finite any more.
    """
    config = recipe.config
    num_classes = len(train.class_names)
    batches = BatchesOnDevice(
        train,
        config.optimiser.batch_size,
        config.seed,
        lambda: module.current_epoch,
        Augment(config.augment, preprocessing.image_size, preprocessing.channels),
        preprocessing,
        device,
    )
    held_out = LabelledImages(validation.images.to(device), validation.labels.to(device), validation.class_names, ())
    module = BenchmarkModule(
        backbone,
        make_loss(loss_name, num_classes, recipe),
        loss_name in CHOSEN_BY_ANCHOR_LOSS,
        preprocessing,
        recipe,
        batches,
        OrderedBatches(held_out, VALIDATION_BATCH),
    )
    schedule = Schedule(config.schedule)
    callbacks: list[Callback] = [schedule, KeepCentres(schedule)]
    if config.optimiser.ema:
        callbacks.append(AverageWeights(config.optimiser.ema))
    if show_progress:
        callbacks.append(Progress(lambda: last_epoch(schedule)))
    callbacks += further_callbacks
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        trainer = make_trainer(config, device, callbacks, tune_convolutions=True)
        with depthwise_in_float32(backbone, device):
            trainer.fit(module)
    if trainer.interrupted:
        raise KeyboardInterrupt
    return Trained(module.backbone, module.loss.anchors.detach().cpu(), schedule.history)
