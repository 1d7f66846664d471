# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Kill the node at random moments, under load: ``python -m test.ros.node_kills FOLDER TRIES``.

It saves unknown frames meanwhile, the only files that it writes. No answer may name a class that was not shown, every
saved picture must be whole, every line of the index must have its picture, and the next node must answer.
"""

import csv
import random
import sys
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from sensor_msgs.msg import Image

from cac_core.pictures import decode_jpeg
from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame
from cac_ros.node.observers.harvest_index import COLUMNS
from test.ros.colour_bundle import write_model
from test.ros.domains import private_domain
from test.ros.driver import RED, NodeProcess, Robot, picture, running
from test.ros.faults import Ledger

PERIOD = 0.02
"""Time between two frames [s]."""

LOADED = 3.0
"""How long a node answers at most before it is killed [s]."""


class Found(NamedTuple):
    """What the kills left.

    Attributes:
        starting: kills before the first answer.
        answering: kills after it.
        answers: to frames of killed nodes.
        saved: pictures with their line.
        alone: pictures without a line: the kill came between the two.
        recovery: from the start of the last node to its first right answer [s].
    """

    starting: int
    answering: int
    answers: int
    saved: int
    alone: int
    recovery: float


def kill_nodes(folder: Path, domain: int, tries: int, chance: random.Random) -> Found:
    """Start and kill so many nodes, then start one more."""
    model, harvest = write_model(folder), folder / "harvest"
    content, options = model.read_bytes(), {"harvest_folder": str(harvest), "harvest_period": 0.0}
    unknown = unknown_pictures(Predictor.load(model, device="cpu"), np.random.default_rng(chance.randrange(2**32)))
    robot = Robot(domain)
    ledger, starting, answering = Ledger(robot), 0, 0
    try:
        with running(folder, domain, model, **options) as node:
            longest = _first_answer(robot, ledger)
            node.interrupt()
        for number in range(tries):
            before = len(robot.answers)
            with running(folder, domain, model, **options) as node:
                if number % 2:  # every other one is killed after its first answer
                    _first_answer(robot, ledger)
                _load(robot, ledger, unknown, node, chance.uniform(0.0, LOADED if number % 2 else longest))
            answered = len(robot.answers) > before
            starting, answering = starting + (not answered), answering + answered
            _check_harvest(harvest)
        answers = len(robot.answers)
        with running(folder, domain, model, **options) as node:
            recovery = _first_answer(robot, ledger)
            ledger.check()
            assert node.interrupt() == 0
    finally:
        robot.close()
    assert model.read_bytes() == content
    return Found(starting, answering, answers, *_check_harvest(harvest), recovery)


def unknown_pictures(predictor: Predictor, noise: np.random.Generator) -> list[Image]:
    """Pictures that look unlike each other, and that an undisturbed model does not know."""
    found: list[Image] = []
    while len(found) < 300:
        patches = noise.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        pixels = cv2.resize(patches, (64, 48), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
        if predictor.predict([Frame(pixels, "rgb")])[0].unknown:
            message = picture(RED)
            message.data = pixels.tobytes()
            found.append(message)
    return found


def _first_answer(robot: Robot, ledger: Ledger) -> float:
    start = time.monotonic()
    robot.wait(robot.images.get_subscription_count, "the node to read our images", 60.0)
    ledger.seconds_to_recover(limit=60.0)
    return time.monotonic() - start


def _load(robot: Robot, ledger: Ledger, unknown: list[Image], node: NodeProcess, seconds: float) -> None:
    """Send known and unknown frames for so long [s]; then leaving the node's context kills it."""
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        if number % 2:
            ledger.send(RED)
        else:
            ledger.spoiled(unknown[number // 2 % len(unknown)])
        due = time.monotonic() + PERIOD
        robot.wait(lambda: time.monotonic() > due, "the next frame")  # noqa: B023
    assert node.status is None, node.last_words()


def _check_harvest(folder: Path) -> tuple[int, int]:
    """Returns the number of pictures with a line and of those without one."""
    pictures = {path.name for path in folder.glob("*.jpg")} if folder.exists() else set()
    for name in pictures:
        decode_jpeg((folder / name).read_bytes())
    index = folder / "index.csv"
    lines = list(csv.reader(index.read_text(encoding="utf-8").splitlines())) if index.exists() else []
    assert all(len(line) == len(COLUMNS) for line in lines)
    named = [line[0] for line in lines[1:]]
    assert len(named) == len(set(named))
    assert set(named) <= pictures, "a line without its picture"
    return len(named), len(pictures) - len(named)


def main(folder: str, tries: str) -> None:
    """Kill and say what was found."""
    seed = random.randrange(2**32)
    Path(folder).mkdir(parents=True, exist_ok=True)
    with private_domain() as domain:
        found = kill_nodes(Path(folder), domain, int(tries), random.Random(seed))
    sys.stdout.write(f"seed {seed}\n{found}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
