# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What changed bytes in JPEGs do to the answers of a trained model, against those to the undamaged pictures.

``python -m cac_core.train --recipe digits --out digits.cac`` and ``python -m test.ros.damaged_answers digits.cac``
print the table of ``docs/reliability.md`` (about ten minutes).
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from cac_core.data import load_digits_trial
from cac_core.pictures import PictureError, decode_jpeg
from cac_core.predictor import Decision, Predictor
from cac_core.preprocessing import Frame
from cac_ros.demo import camera_frame
from test.core.picture_damage import one_byte, ten_bytes
from test.core.picture_files import Damage, jpeg

DAMAGES: dict[str, Damage] = {"one byte": one_byte, "ten bytes": ten_bytes}
KINDS: dict[str, Callable[[np.ndarray], bytes]] = {
    "baseline": partial(jpeg, quality=80),
    "restart markers": partial(jpeg, quality=80, restart=1),
    "progressive": partial(jpeg, quality=80, progressive=True),
}
BATCH = 32


def pictures(trial: int = 0) -> Iterator[np.ndarray]:
    """Held-out digits as a camera sees them, known and unknown ones, in an order that mixes them; without end."""
    digits = load_digits_trial("neal2018", trial)
    random = np.random.default_rng(0)
    while True:
        for number in random.permutation(len(digits.test_indices)):
            yield camera_frame(int(digits.test_indices[number]), random)


def outcome(before: Decision, after: Decision) -> str:
    """What the damage did to an answer."""
    if before.label == after.label:
        return "same answer"
    if before.unknown:
        return "unknown became known"
    return "known became unknown" if after.unknown else "another class"


def count(predictor: Predictor, write: Callable[[np.ndarray], bytes], damage: Damage, tries: int) -> Counter[str]:
    """Damage JPEGs of so many pictures, once each, and compare the answers; refused ones count as such."""
    outcomes: Counter[str] = Counter()
    random, frames = np.random.default_rng(1), pictures()
    while tries:
        good, bad, number = [], [], min(BATCH, tries)
        tries -= number
        for data in (write(next(frames)) for _ in range(number)):
            try:
                bad.append(Frame(decode_jpeg(damage(data, random))[0], "bgr"))
                good.append(Frame(decode_jpeg(data)[0], "bgr"))
            except PictureError:
                outcomes["refused"] += 1
        if bad:
            outcomes.update(map(outcome, predictor.predict(good), predictor.predict(bad)))
    return outcomes


def main(model: str, tries: int) -> None:
    """Print the table."""
    predictor = Predictor.load(Path(model), device="cpu")
    columns = ("refused", "same answer", "known became unknown", "another class", "unknown became known")
    sys.stdout.write("| damage | " + " | ".join(columns) + " |\n")
    for damage_name, damage in DAMAGES.items():
        for kind, write_jpeg in KINDS.items():
            found = count(predictor, write_jpeg, damage, tries)
            cells = " | ".join(f"{found[column]:,}" for column in columns)
            sys.stdout.write(f"| {damage_name}, {kind} | {cells} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2000)
