# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One model that answers 1, 2 and 4 cameras (image_topics): latency, throughput, and whether each gets its share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cac_core.support.command import Command, run
from cac_core.support.option_types import PositiveFloat, PositiveInt
from performance import table
from performance.camera import Camera
from performance.model import bare_loop, load, model_file
from performance.pictures import pictures
from performance.processes import our_node, prepare_ros
from performance.table import Figures, Measurement


@dataclass
class CamerasOptions(table.CameraOptions):
    """One model that answers 1, 2 and 4 cameras (image_topics): latency, throughput, and whether each gets its share.

    The node takes the newest frame of every camera in one batch. Beside it, in the same run, the same batches in a bare
    loop without ROS.

    Attributes:
        counts: numbers of cameras.
    """

    counts: tuple[PositiveInt, ...] = (1, 2, 4)
    rate: PositiveFloat = 10.0
    frames: PositiveInt = 100
    json: Path = table.FOLDER / "cameras.json"


COMMAND = Command(
    CamerasOptions,
    "python -m performance cameras --counts 1 8 --rounds 1",
    notes="""\
more examples:
  python -m performance cameras                                1, 2 and 4 cameras at 10 Hz each
  python -m performance cameras --device cuda:0 --rate 30      several cameras at full rate on a GPU
  python -m performance cameras --counts 1 8 --rounds 1        other numbers
""",
)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    a = table.parse(COMMAND, words)
    prepare_ros()
    figures, images = Figures(), pictures(a.width, a.height, jpeg=False)
    with model_file(a) as model:
        predictor = load(model, a)
        for number in range(1, a.rounds + 1):
            for count in a.counts:
                table.say(f"cameras: {count}, round {number} of {a.rounds}")
                loop = bare_loop(predictor, images, count)
                figures.note(**{f"{count}_bare_per_s": count * len(loop) / sum(loop)})
                with Camera(images, count) as camera, camera.watched_by(our_node(model, a, **camera.parameters)):
                    latencies, lost = camera.latencies(a.frames, a.rate)
                    figures.note_times(f"{count}", latencies)
                    each = camera.saturated(4.0)
                    shares = {f"{count}_per_s": sum(each), f"{count}_least": min(each) / max(*each, 1e-9)}
                    figures.note(**{f"{count}_lost": lost, **shares})
    rows = [row(figures, count, f"{a.width}×{a.height} raw at {a.rate:g} Hz each") for count in a.counts]
    table.report(rows, figures, a)
    return 0


def row(f: Figures, count: int, what: str) -> Measurement:
    """One number of cameras."""
    return Measurement(
        f"{count} camera{'s' if count > 1 else ''}, {what}",
        f[f"{count}_per_s"] / f[f"{count}_bare_per_s"],
        f"saturated frames/s / bare loop with batches of {count}",
        "",
        f"{f[f'{count}_per_s']:.0f} frames/s in all; the slowest camera gets {f[f'{count}_least']:.2f} of the fastest; "
        f"{f[f'{count}_lost']:.0f} lost at the steady rate",
        f.times(f"{count}"),
    )


if __name__ == "__main__":
    run(main)
