# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Latency and throughput of the node for each size of image, raw and JPEG.

Beside each row, in the same run: an echo node for the same images (what ROS 2 in Python costs) and reading plus
classifying them in a bare loop (what the work costs).

  python -m performance inputs                                all six rows
  python -m performance inputs --sizes 1920x1080 --reduced    what reduced_jpeg saves
  python -m performance inputs --rounds 1 --frames 30         only to see that it works
"""

import argparse
from collections.abc import Sequence

from cac_core.support import console
from performance import table
from performance.camera import Camera
from performance.model import bare_loop, load, model_file
from performance.pictures import pictures
from performance.processes import comparison_node, our_node, prepare_ros
from performance.table import Figures, Measurement

SIZES = ("640x480", "1280x720", "1920x1080")
KINDS = {"raw": "echo", "JPEG": "echo_jpeg"}


def size(text: str) -> tuple[int, int]:
    """``WIDTHxHEIGHT`` as numbers; raises argparse's error for anything else."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"write a size as WIDTHxHEIGHT, such as 640x480, not {text!r}")
    return int(width), int(height)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = table.parser("inputs", __doc__)
    parser.add_argument(
        "--sizes", nargs="+", type=size, default=[size(s) for s in SIZES], help=f"default {' '.join(SIZES)}"
    )
    parser.add_argument("--rate", type=float, default=30.0, help="of the latency rows [Hz]; default 30")
    parser.add_argument("--frames", type=int, default=200, help="per round and row; default 200")
    parser.add_argument("--reduced", action="store_true", help="with the node's parameter reduced_jpeg")
    a = table.parse(parser, arguments)
    prepare_ros()
    figures, rows = Figures(), []
    with model_file(a) as model:
        predictor = load(model, a)
        for width, height in a.sizes:
            for kind, echo in KINDS.items():
                name = f"{width}×{height} {kind}"
                images = pictures(width, height, kind == "JPEG")
                for number in range(1, a.rounds + 1):
                    table.say(f"inputs: {name}, round {number} of {a.rounds}")
                    loop = bare_loop(predictor, images)
                    figures.note(**{f"{name}_bare_per_s": len(loop) / sum(loop)})
                    figures.note_times(f"{name}_forward", bare_loop(predictor, images, rate=a.rate))
                    for who in ("echo", "ours"):
                        with Camera(images) as camera:
                            ours = our_node(model, a, **camera.parameters, reduced_jpeg=a.reduced)
                            with camera.watched_by(ours if who == "ours" else comparison_node(echo)):
                                latencies, lost = camera.latencies(a.frames, a.rate)
                                figures.note_times(f"{name}_{who}", latencies)
                                per_s = sum(camera.saturated(3.0))
                                figures.note(**{f"{name}_{who}_lost": lost, f"{name}_{who}_per_s": per_s})
                rows.append(row(figures, name, f"at {a.rate:g} Hz"))
    table.report(rows, figures, a)
    return 0


def row(f: Figures, name: str, rate: str) -> Measurement:
    """One size and kind."""
    possible = 1.0 / (1.0 / f[f"{name}_echo_per_s"] + 1.0 / f[f"{name}_bare_per_s"])
    share = f[f"{name}_ours_per_s"] / possible
    return Measurement(
        f"{name} {rate}",
        f[f"{name}_ours_p50"] / (f[f"{name}_echo_p50"] + f[f"{name}_forward_p50"]),
        "p50 / (echo + read + forward at this rate)",
        "≤ 1.25" if name == "640×480 raw" else "",
        f"{f[f'{name}_ours_lost']:.0f} lost; saturated {f[f'{name}_ours_per_s']:.0f} frames/s, {share:.2f} of possible",
        f.times(f"{name}_ours"),
    )


if __name__ == "__main__":
    console.run_command(main)
