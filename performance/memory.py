# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Resident memory of the node over many frames: it must be small and stay flat."""

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cac_core.support.command import Command, run
from cac_core.support.option_types import PositiveInt
from performance import table
from performance.camera import Camera
from performance.model import model_file
from performance.pictures import pictures
from performance.processes import comparison_node, our_node, prepare_ros, resident_mib
from performance.table import Figures, Measurement

SAMPLES = 100


@dataclass
class MemoryOptions(table.Options):
    """Resident memory of the node over many frames: it must stay flat.

    One frame after the other, each when the one before is answered. The first tenth is warm-up; the ratio compares the
    last tenth of the samples with the one after the warm-up.

    Attributes:
        frames: how many.
        changing: images of four sizes in turns.
    """

    frames: PositiveInt = 2000
    changing: bool = False
    json: Path = table.FOLDER / "memory.json"


COMMAND = Command(
    MemoryOptions,
    "python -m performance memory --frames 20000",
    notes="""\
more examples:
  python -m performance memory                    2,000 frames
  python -m performance memory --frames 20000     long enough for a small leak to show
  python -m performance memory --changing         a frame size that changes all the time
""",
)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    a = table.parse(COMMAND, words)
    prepare_ros()
    sizes = [(640, 480), (320, 240), (800, 600), (1280, 720)] if a.changing else [(640, 480)]
    images = list(itertools.chain.from_iterable(pictures(width, height, jpeg=False) for width, height in sizes))
    figures, samples, times = Figures(), [], []
    with Camera(images) as camera, camera.watched_by(comparison_node("echo")) as (pid, _):
        figures.note(echo_mib=resident_mib(pid))
    with (
        model_file(a) as model,
        Camera(images) as camera,
        camera.watched_by(our_node(model, a, **camera.parameters)) as (pid, _),
    ):
        for i in range(a.frames):
            times.append(camera.ask())
            if (i + 1) % max(1, a.frames // SAMPLES) == 0:
                samples.append(resident_mib(pid))
            if (i + 1) % max(1, a.frames // 10) == 0:
                table.say(f"memory: {i + 1} of {a.frames} frames, {samples[-1]:.0f} MiB")
    figures.note_times("frame", times)
    figures.rounds["samples_mib"] = samples
    tenth = max(1, len(samples) // 10)
    first, last = (statistics.median(part) for part in (samples[tenth : 2 * tenth] or samples, samples[-tenth:]))
    what = f"memory over {a.frames:,} frames{' of changing size' if a.changing else ''}"
    rows = [
        Measurement(
            what, last / first, "MiB at the end / after a tenth", "≤ 1.01", f"{first:.0f} MiB → {last:.0f} MiB"
        ),
        Measurement(
            f"resident memory, {a.backbone} at {a.image_size}",
            last / figures["echo_mib"],
            "MiB / echo node's",
            "",
            f"{last:.0f} MiB (wanted ≤ 250), echo {figures['echo_mib']:.0f} MiB",
        ),
    ]
    table.report(rows, figures, a)
    return 0


if __name__ == "__main__":
    run(main)
