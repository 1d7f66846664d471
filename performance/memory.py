# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Resident memory of the node over many frames: it must stay flat.

One frame after the other, each when the one before is answered. The first tenth is warm-up; the ratio compares the last
tenth of the samples with the one after the warm-up.

  python -m performance memory                    2,000 frames
  python -m performance memory --frames 20000     long enough for a small leak to show
  python -m performance memory --changing         a frame size that changes all the time
"""

import itertools
import statistics
from collections.abc import Sequence

from cac_core.support import console
from performance import table
from performance.camera import Camera
from performance.model import model_file
from performance.pictures import pictures
from performance.processes import our_node, prepare_ros, resident_mib
from performance.table import Figures, Measurement

SAMPLES = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = table.parser("memory", __doc__)
    parser.add_argument("--frames", type=int, default=2000, help="default 2000")
    parser.add_argument("--changing", action="store_true", help="images of four sizes in turns")
    a = table.parse(parser, arguments)
    prepare_ros()
    sizes = [(640, 480), (320, 240), (800, 600), (1280, 720)] if a.changing else [(640, 480)]
    images = list(itertools.chain.from_iterable(pictures(width, height, jpeg=False) for width, height in sizes))
    figures, samples, times = Figures(), [], []
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
    besides = f"{first:.0f} MiB → {last:.0f} MiB"
    table.report([Measurement(what, last / first, "MiB at the end / after a tenth", "≤ 1.01", besides)], figures, a)
    return 0


if __name__ == "__main__":
    console.run_command(main)
