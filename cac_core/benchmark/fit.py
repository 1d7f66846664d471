# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The training of one benchmark network: the package's own schedule, with another loss and batches."""

import logging
import warnings
from collections.abc import Sequence

import torch
from pytorch_lightning import Callback, Trainer
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
from cac_core.training.batches import OrderedBatches
from cac_core.training.callbacks import AverageWeights, Progress, Schedule
from cac_core.training.precision import choose_precision, depthwise_in_float32

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
        callbacks.append(Progress(schedule))
    callbacks += further_callbacks
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        trainer = _trainer(recipe, device, callbacks)
        with depthwise_in_float32(backbone, device):
            trainer.fit(module)
    if trainer.interrupted:
        raise KeyboardInterrupt
    return Trained(module.backbone, module.loss.anchors.detach().cpu(), schedule.history)


def _trainer(recipe: Recipe, device: torch.device, callbacks: list[Callback]) -> Trainer:
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    cuda = device.type == "cuda"
    return Trainer(
        accelerator="cuda" if cuda else "cpu",
        devices=[device.index or 0] if cuda else 1,
        precision=choose_precision(recipe.config.precision, device),
        max_epochs=recipe.config.schedule.most_epochs,
        callbacks=callbacks,
        benchmark=cuda,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
