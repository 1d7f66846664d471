# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one place that sets up Lightning."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.strategies import DDPStrategy

from cac_core.training.checkpoint_file import CheckpointFile
from cac_core.training.config import TrainConfig
from cac_core.training.precision import choose_precision
from cac_core.training.processes import Processes


def make_trainer(
    config: TrainConfig,
    device: torch.device,
    callbacks: Sequence[Callback],
    *,
    processes: Processes | None = None,
    log_folder: Path | None = None,
    epochs: int | None = None,
    tune_convolutions: bool = False,
) -> Trainer:
    """A trainer that prints nothing and writes what it is asked for only.

    Args:
        config: epochs and precision.
        device: to compute on.
        callbacks: in this order.
        processes: this one among others; alone when not given.
        log_folder: for TensorBoard; no logs when not given.
        epochs: another number than the configuration's.
        tune_convolutions: let cuDNN try its algorithms, which pays where every batch has the same size.
    """
    # Lightning's own lines (which devices exist, advertisements) say nothing that the summary does not.
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    among = processes or Processes()
    cuda, alone = device.type == "cuda", among.world == 1
    return Trainer(
        accelerator="cuda" if cuda else "cpu",
        devices=([device.index or 0] if cuda else 1) if alone else among.local,
        num_nodes=among.nodes,
        strategy="auto" if alone else DDPStrategy(process_group_backend="nccl" if cuda else "gloo"),
        precision=choose_precision(config.precision, device),
        max_epochs=epochs or config.schedule.most_epochs,
        callbacks=list(callbacks),
        plugins=[CheckpointFile()],
        benchmark=True if tune_convolutions and cuda else None,
        logger=TensorBoardLogger(log_folder, "tensorboard", "", default_hp_metric=False) if log_folder else False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
