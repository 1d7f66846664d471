# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All measurements: ``python -m performance [--device cuda] [NAME [OPTIONS]]``."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from cac_core.support import console
from cac_core.support.command import Command, run
from cac_core.support.command_words import UsageError
from performance.table import FOLDER, print_rows, read_rows

ROWS = {
    "node": "latency, throughput and start of the node against an echo, a bare loop and a plain node",
    "inputs": "640x480, 1280x720 and 1920x1080, raw and JPEG",
    "cameras": "1, 2 and 4 cameras that one model answers",
    "batches": "the bare engine on batches of 1 to 16 frames",
    "overhead": "what a frame costs around the network: reading, resize, scores, decision, message",
    "startup": "from the start of the process to active and to the first answer, and what the imports take",
    "memory": "resident memory over many frames",
}
"""Measurements whose rows make up the one table."""

OTHERS = {
    "training_speed": "training images per second against a plain loop of the same network",
    "soak": "minutes of work with model swaps: memory, latency and missing answers",
    "fleet": "many recordings: two workers against one, scheduling against a plain loop, memory of a worker",
    "classes": "time and memory of loss and scores from 10 to 10,000 classes",
}
"""Measurements with a table of their own."""

ON_REQUEST = {
    "teach": "how fast the page that teaches answers with 2,000 frames, and how long a lesson takes; needs --model",
}
"""Measurements of something of your own."""

EVERYTHING = {**ROWS, **OTHERS, **ON_REQUEST}

NOTES = (
    "measurements:\n"
    + "\n".join(f"  {name:<15} {what}" for name, what in EVERYTHING.items())
    + """

Without NAME all but the last run, which takes about an hour, and one table comes at the end.
With NAME its own options may follow:
  python -m performance node --help
  python -m performance memory --frames 20000
Close what else runs on the machine first. JSON files with every round are kept in bench_output/.
"""
)


@dataclass(frozen=True)
class PerformanceOptions:
    """Measure this machine: medians of several runs; both sides of a ratio come from one run.

    Attributes:
        name: one measurement; all when not given.
        options: of that measurement.
        device: auto, cpu or cuda:N.
    """

    name: str | None = None
    options: tuple[str, ...] = ()
    device: str = "auto"


COMMAND = Command(
    PerformanceOptions,
    "python -m performance --device cpu node --rounds 1",
    positional=("name",),
    rest="options",
    notes=NOTES,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one measurement, or all one after the other, each in a process of its own."""
    chosen = COMMAND.parse(words)
    if chosen.name is None:
        return run_all(chosen.device)
    if chosen.name not in EVERYTHING:
        raise UsageError(f"there is no measurement {chosen.name!r}: choose from {', '.join(EVERYTHING)}.")
    return measure(chosen.name, chosen.device, chosen.options)


def measure(name: str, device: str, options: Sequence[str] = ()) -> int:
    """Run a measurement; its exit status."""
    chosen = [] if device == "auto" else ["--device", device]
    return subprocess.run([sys.executable, "-m", f"performance.{name}", *chosen, *options], check=False).returncode


def run_all(device: str) -> int:
    """Run everything that needs no options and print the one table."""
    failed = [name for name in OTHERS if measure(name, device)]
    rows = []
    for name, what in ROWS.items():
        console.err.print(f"{name}: {what}", style="bold", markup=False, highlight=False)
        if measure(name, device, ["--part"]):
            failed.append(name)
        else:
            rows += read_rows(FOLDER / f"{name}.json")
    print_rows(rows)
    if failed:
        console.fail(f"these measurements failed, see above: {', '.join(failed)}")
    return 0


if __name__ == "__main__":
    run(main)
