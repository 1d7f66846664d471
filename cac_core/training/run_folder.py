# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder of a run: its state, to resume it from, and its table of epochs."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from cac_core.support.differences import differences
from cac_core.support.errors import TrainingError
from cac_core.support.files import sentence_about, write_atomically
from cac_core.support.names import one_line
from cac_core.support.regular_files import UnreadableFileError, read_regular_file
from cac_core.training.checkpoint_file import read_checkpoint
from cac_core.training.claim import CONFIGURATION, METRICS
from cac_core.training.config import CHECKPOINT, TrainConfig
from cac_core.training.processes import Processes
from cac_core.training.schedule import Schedule

_CONFIGURATION_BYTES = 1 << 20


def prepare_run_folder(config: TrainConfig, images: str, processes: Processes, parent: str | None) -> Path | None:
    """Make the run's folder, or find the state of an unfinished run in it.

    Args:
        config: all settings.
        images: fingerprint of the images.
        processes: only the first of them writes.
        parent: model id of the bundle that the network comes from, if any.

    Returns:
        The checkpoint to go on from; None for a new run.

    Raises:
        TrainingError: when the unfinished run had another configuration or other images, or is damaged.
        UnwritableError: when the folder cannot be written.
    """
    identity = config.to_dict()
    # These do not change what is learnt.
    for name in ("out", "resume", "device", "threads", "report", "graph", "variants"):
        del identity[name]
    identity["images"] = images
    identity["processes"] = processes.world
    identity["parent"] = parent
    checkpoint = config.run_folder / CHECKPOINT
    record = config.run_folder / CONFIGURATION
    if config.resume and checkpoint.is_file() and record.exists():
        different = differences(_recorded(record), json.loads(json.dumps(identity)))
        if different:
            raise TrainingError(
                f"{config.run_folder} holds an unfinished run with another {', '.join(map(one_line, different))}: go "
                "on with the same configuration, choose another --out, or start again with --resume false."
            )
        read_checkpoint(checkpoint)
        return checkpoint
    if processes.rank == 0:
        with sentence_about(config.run_folder):
            checkpoint.unlink(missing_ok=True)
            for events in (config.run_folder / "tensorboard").glob("events.out.tfevents.*"):
                events.unlink()  # of an earlier run: two runs in one curve tell nothing
        write_atomically(record, json.dumps(identity, indent=1, ensure_ascii=False).encode(errors="backslashreplace"))
    return None


def _recorded(record: Path) -> dict[str, Any]:
    """The settings of an unfinished run."""
    try:
        found = json.loads(read_regular_file(record, _CONFIGURATION_BYTES))
        if isinstance(found, dict):
            return found
        cause: Exception | None = None
    except (UnreadableFileError, ValueError, RecursionError) as error:
        cause = error
    raise TrainingError(
        f"{one_line(str(record))} is damaged, so nothing tells which settings its unfinished run has: start again with "
        "--resume false."
    ) from cause


class SaveRun(Callback):
    """After every epoch: a checkpoint to resume from and the table of epochs so far. Comes after :class:`Schedule`.

    Args:
        folder: where they go.
        schedule: has the records.
    """

    def __init__(self, folder: Path, schedule: Schedule) -> None:
        self.folder = folder
        self.schedule = schedule

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write both."""
        if trainer.is_global_zero:
            write_atomically(self.folder / METRICS, _as_csv(self.schedule.history).encode())
        trainer.save_checkpoint(self.folder / CHECKPOINT)


def _as_csv(history: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
