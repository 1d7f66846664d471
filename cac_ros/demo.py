# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The main job from end to end on real images: `python -m cac_ros.demo --out demo_output`.

Trains on scikit-learn's handwritten digits (six known, four unknown classes), records a bag in which a camera is shown
held-out digits, known and unknown, plays it to the real node at 30 Hz, and writes the report.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from cac_core.support import console
from cac_core.support.command import Command, run
from cac_core.support.files import write_atomically
from cac_core.training import load_recipe
from cac_core.training import train as run_training
from cac_ros.replay.config import ReplayConfig

if TYPE_CHECKING:
    from cac_core.data import DigitsTrial

TOPIC = "/camera/image_raw"
RATE_HZ = 30
START_NS = 1_767_225_600 * 10**9  # 2026-01-01, so that the bag is the same every time
WIDTH, HEIGHT = 640, 480
RECIPE = "digits"


@dataclass(frozen=True)
class DemoConfig:
    """Train on handwritten digits, record a bag of held-out ones, play it to the real node, report.

    Needs about 150 MB on disk and three minutes on two processor cores.

    Attributes:
        out: folder for model, bag and report.
        trial: which digits are known.
        device: of the node: auto, cpu, cuda or cuda:N.
    """

    out: Path = Path("demo_output")
    trial: Literal[0, 1, 2, 3, 4] = 0
    device: str = "auto"


COMMAND = Command(DemoConfig, "python -m cac_ros.demo --out demo_output")


def main(words: Sequence[str] | None = None) -> int:
    """Run the demo as the command line says."""
    options = COMMAND.parse(words)
    # Only now, here and below, because they load PyTorch or the readers of bags: --help answers at once.
    from cac_ros.replay.run import replay
    from cac_ros.replay.summary import print_summary

    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    model = out / "digits.cac"
    _step(1, f"train on handwritten digits → {model}")
    trial = train(model, options.trial)
    _step(2, f"record held-out digits as a camera sees them → {out / 'bag'}")
    record(trial, out / "bag", out / "labels.csv")
    _step(3, f"start the node and play the bag to it at {RATE_HZ} Hz")
    known = ", ".join(map(str, trial.split.known))
    title = f"Handwritten digits: {known} known, {', '.join(map(str, trial.split.unknown))} unknown"
    evaluation = replay(
        ReplayConfig(
            out / "bag", model, out, labels=out / "labels.csv", mode="live", device=options.device, title=title
        )
    )
    print_summary(evaluation, out, title)
    return 0


def train(model: Path, trial: int = 0) -> DigitsTrial:
    """Train as the recipe for digits says and save the bundle.

    Args:
        model: where to save it.
        trial: trial of the neal2018 splits, 0 to 4.

    Returns:
        The trial with its held-out digits.
    """
    from cac_core.data import load_digits_trial

    config = load_recipe(RECIPE)
    config.data.trial, config.out = trial, model
    run_training(config)
    return load_digits_trial(config.data.family, trial)


def record(trial: DigitsTrial, bag: Path, labels: Path, limit: int | None = None) -> int:
    """Write a bag in which every held-out digit is shown for one frame, digit by digit, and its labels.

    Args:
        trial: the digits.
        bag: folder to write; an earlier one is replaced.
        labels: CSV file to write; unknown digits stand in it by their name, which is no class of the model.
        limit: at most so many frames per digit.

    Returns:
        The number of frames.
    """
    from cac_ros.bags.writer import BagWriter

    order = _showing(trial, limit)
    unfinished = bag.with_name(bag.name + ".part") / bag.name  # the recorder names its file after the folder
    shutil.rmtree(unfinished.parent, ignore_errors=True)
    unfinished.parent.mkdir(parents=True)
    random = np.random.default_rng(0)
    lines = ["start,end,label"]
    with BagWriter(unfinished, compress=True) as writer, console.progress_bar() as bar:
        task = bar.add_task("recording", total=sum(len(indices) for _, indices in order))
        count = 0
        for digit, indices in order:
            first = count
            for index in indices:
                writer.write_image(TOPIC, START_NS + _elapsed_ns(count), camera_frame(int(index), random))
                count += 1
                bar.advance(task)
            lines.append(f"{_elapsed_ns(first) / 1e9:.9f},{_elapsed_ns(count) / 1e9:.9f},{digit}")
    shutil.rmtree(bag, ignore_errors=True)
    unfinished.rename(bag)
    unfinished.parent.rmdir()
    write_atomically(labels, ("\n".join(lines) + "\n").encode())
    return count


def camera_frame(index: int, random: np.random.Generator) -> np.ndarray:
    """A digit held into a camera: bgr8 (480, 640, 3), with the light and the noise of the moment.

    Args:
        index: position in scikit-learn's data set.
        random: draws brightness and noise.
    """
    from cac_core.data.digits import digit_picture

    grey = np.zeros((HEIGHT, WIDTH), np.float32)
    picture = digit_picture(index)
    left, top = (WIDTH - picture.shape[1]) // 2, (HEIGHT - picture.shape[0]) // 2
    grey[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    light, dark_level = random.uniform(0.88, 1.0), random.uniform(2.0, 10.0)
    noisy = dark_level + light * (grey - 0.04 * dark_level) + random.normal(0.0, 2.5, grey.shape).astype(np.float32)
    return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _showing(trial: DigitsTrial, limit: int | None) -> list[tuple[int, np.ndarray]]:
    """(digit, positions in the data set), known and unknown digits taking turns as long as there are both."""
    known, unknown = list(trial.split.known), list(trial.split.unknown)
    turns: list[int] = []
    while known or unknown:
        turns += [known.pop(0)] if known else []
        turns += [unknown.pop(0)] if unknown else []
    return [(digit, trial.test_indices[trial.test_digits == digit][:limit]) for digit in turns]


def _elapsed_ns(frame: int) -> int:
    return frame * 10**9 // RATE_HZ


def _step(number: int, what: str) -> None:
    console.err.print(f"[{number}/3] {what}", style="bold", markup=False, highlight=False)


if __name__ == "__main__":
    run(main)
