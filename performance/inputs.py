# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Latency and throughput of the node for each size of image, raw and JPEG."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cac_core.support.command import Command, run
from cac_core.support.command_words import UsageError
from cac_core.support.option_types import PositiveFloat, PositiveInt
from performance import table
from performance.camera import Camera
from performance.model import bare_loop, load, model_file
from performance.pictures import pictures
from performance.processes import comparison_node, our_node, prepare_ros
from performance.table import Figures, Measurement

SIZES = ("640x480", "1280x720", "1920x1080")
KINDS = {"raw": "echo", "JPEG": "echo_jpeg"}


def size(text: str) -> tuple[int, int]:
    """``WIDTHxHEIGHT`` as numbers; raises UsageError for anything else."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise UsageError(f"write a size as WIDTHxHEIGHT, such as 640x480, not {text!r}.")
    return int(width), int(height)


@dataclass
class InputsOptions(table.Options):
    """Latency and throughput of the node for each size of image, raw and JPEG.

    Beside each row, in the same run: an echo node for the same images (what ROS 2 in Python costs) and reading plus
    classifying them in a bare loop (what the work costs).

    Attributes:
        sizes: of the frames, WIDTHxHEIGHT.
        rate: of the latency rows [Hz].
        frames: per round and row.
        reduced: with the node's parameter reduced_jpeg.
    """

    sizes: tuple[str, ...] = SIZES
    rate: PositiveFloat = 30.0
    frames: PositiveInt = 200
    reduced: bool = False
    json: Path = table.FOLDER / "inputs.json"


COMMAND = Command(
    InputsOptions,
    "python -m performance inputs --sizes 640x480",
    notes="""\
more examples:
  python -m performance inputs                                all six rows
  python -m performance inputs --sizes 1920x1080 --reduced    what reduced_jpeg saves
  python -m performance inputs --rounds 1 --frames 30         only to see that it works
""",
)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    a = table.parse(COMMAND, words)
    sizes = [size(text) for text in a.sizes]
    prepare_ros()
    figures, rows = Figures(), []
    with model_file(a) as model:
        predictor = load(model, a)
        for width, height in sizes:
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
    run(main)
