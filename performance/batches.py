# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bare engine on batches of 1 to 16 frames: what several cameras, or a replay, gain from one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cac_core.support.command import Command, run
from cac_core.support.option_types import PositiveFloat, PositiveInt
from performance import table
from performance.model import bare_loop, load, model_file
from performance.pictures import pictures
from performance.table import Figures, Measurement


@dataclass
class BatchesOptions(table.Options):
    """The bare engine on batches of 1 to 16 frames: what several cameras, or a replay, gain from one call.

    No ROS: 640x480 frames in memory, resize, network, scores and decisions.

    Attributes:
        sizes: of the batches.
        seconds: per batch size and round.
    """

    sizes: tuple[PositiveInt, ...] = (1, 2, 4, 8, 16)
    seconds: PositiveFloat = 3.0
    json: Path = table.FOLDER / "batches.json"


COMMAND = Command(
    BatchesOptions,
    "python -m performance batches --sizes 1 4 16",
    notes="""\
more examples:
  python -m performance batches                                       the engine that auto chooses
  python -m performance batches --engine torch --precision bf16       another engine or precision
  python -m performance batches --device cuda:0 --interpolation area  a GPU that resizes as well
""",
)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    a = table.parse(COMMAND, words)
    figures, images = Figures(), pictures(640, 480, jpeg=False, count=16)
    sizes = sorted({1, *a.sizes})
    with model_file(a) as model:
        predictor = load(model, a)
        for number in range(1, a.rounds + 1):
            for size in sizes:
                table.say(f"batches: {size} frames, round {number} of {a.rounds}")
                figures.note_times(f"{size}", bare_loop(predictor, images, size, a.seconds))
    engine = f"{predictor.engine_name} on {predictor.device_name}"
    rows = [
        Measurement(
            f"batch of {size}, {engine}",
            figures[f"{size}_p50"] / size / figures["1_p50"],
            "time of a frame / its time alone",
            "",
            f"{1e3 * size / figures[f'{size}_p50']:.0f} frames/s",
            figures.times(f"{size}"),
        )
        for size in sizes
    ]
    table.report(rows, figures, a)
    return 0


if __name__ == "__main__":
    run(main)
