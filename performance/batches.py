# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bare engine on batches of 1 to 16 frames: what several cameras, or a replay, gain from one call.

No ROS: 640x480 frames in memory, resize, network, scores and decisions.

  python -m performance batches                                       the engine that auto chooses
  python -m performance batches --engine torch --precision bf16       another engine or precision
  python -m performance batches --device cuda:0 --interpolation area  a GPU that resizes as well
"""

from collections.abc import Sequence

from cac_core.support import console
from performance import table
from performance.model import bare_loop, load, model_file
from performance.pictures import pictures
from performance.table import Figures, Measurement


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = table.parser("batches", __doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4, 8, 16], help="default 1 2 4 8 16")
    parser.add_argument("--seconds", type=float, default=3.0, help="per batch size and round; default 3")
    a = table.parse(parser, arguments)
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
    console.run_command(main)
