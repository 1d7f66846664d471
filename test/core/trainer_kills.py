# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Kill trainings at random moments: ``python -m test.core.trainer_kills FOLDER TRIES``.

FOLDER is for the output. TMPDIR should be on another file system. Half of the tries kill a process that does nothing
but write the state of a network. The others kill a whole training, which each time goes on where it was.
"""

import contextlib
import io
import random
import sys
import tempfile
from pathlib import Path

import torch

import cac_core.training.run  # imported before the first child starts
from cac_core.bundle import load_bundle
from cac_core.training import ScheduleConfig
from cac_core.training.checkpoint_file import CheckpointFile, read_checkpoint
from test.core.trainings import tiny_config, train
from test.kills import run_and_kill, run_to_the_end

WEIGHTS = 1_000_000  # 4 MB
assert cac_core.training.run


def kill_while_saving(folder: Path, tries: int, chance: random.Random) -> int:
    """Returns how many of the kills left a part of a file beside the state."""
    path = folder / "saving" / "last.ckpt"

    def save() -> None:
        for number in range(1000):
            CheckpointFile().save_checkpoint({"number": number, "weights": torch.full((WEIGHTS,), number)}, path)

    cut = 0
    for _ in range(tries):
        assert run_and_kill(save, 1.5, chance)
        names = [each.name for each in path.parent.iterdir()] if path.parent.exists() else []
        cut += any(name.endswith(".part") for name in names)
        assert sum(name.endswith(".part") for name in names) <= 1
        if path.exists():
            state = read_checkpoint(path)
            assert (state["weights"] == state["number"]).all()
    return cut


def kill_while_training(folder: Path, tries: int, chance: random.Random) -> int:
    """Returns how many trainings ended with a model, which was that of an unbroken one each time."""
    schedule = ScheduleConfig(kind="one_cycle", epochs=6)
    config = tiny_config(folder / "killed" / "m.cac", schedule=schedule, report=False)
    whole = tiny_config(folder / "whole" / "m.cac", schedule=schedule, report=False)
    seconds = run_to_the_end(lambda: _quietly(whole))
    wanted = load_bundle(whole.out).checksum
    ended = 0
    for number in range(tries + 1):
        if number < tries:
            run_and_kill(lambda: _quietly(config), seconds, chance)
        else:
            run_to_the_end(lambda: _quietly(config))
        if (config.run_folder / "last.ckpt").exists():
            read_checkpoint(config.run_folder / "last.ckpt")
        if config.out.exists():
            assert load_bundle(config.out).checksum == wanted
            if number < tries:
                config.out.unlink()
            ended += 1
    assert list(config.out.parent.rglob("*.part")) == []
    return ended


def _quietly(config: cac_core.training.TrainConfig) -> None:
    torch.set_num_threads(1)
    with contextlib.redirect_stderr(io.StringIO()):
        train(config)


def main() -> None:
    folder, tries, seed = Path(sys.argv[1]), int(sys.argv[2]), random.randrange(1 << 30)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    cut = kill_while_saving(folder, tries, chance)
    ended = kill_while_training(folder, tries, chance)
    left = [each.name for each in Path(tempfile.gettempdir()).rglob("*") if each.is_file()]
    sys.stdout.write(f"{tries} kills while saving, {cut} within a file: every state was whole\n")
    sys.stdout.write(f"{tries} kills while training: {ended} models, each like that of an unbroken training\n")
    sys.stdout.write(f"{len(left)} files left in the temporary folder\n")


if __name__ == "__main__":
    main()
