# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows of the one table that ``make bench`` prints: each has a ratio whose two sides were measured in one run."""

import argparse
import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch

from cac_core.preprocessing import Interpolation
from cac_core.support import console
from cac_core.support.devices import resolve_device
from cac_core.support.files import write_atomically

FOLDER = Path("bench_output")
COLUMNS = ("measured", "p50 ms", "p95 ms", "p99 ms", "ratio", "ratio of", "wanted", "besides")


@dataclass(frozen=True)
class Measurement:
    """One line.

    Attributes:
        what: what was measured.
        ratio: of two figures of the same run.
        of: which two.
        wanted: the ratio to reach; empty where none was set.
        besides: other figures worth a look.
        times: p50, p95 and p99 [ms]; empty where the row is not a time.
    """

    what: str
    ratio: float
    of: str
    wanted: str = ""
    besides: str = ""
    times: tuple[float, ...] = ()

    def cells(self) -> tuple[str, ...]:
        """The line as text, in the order of :data:`COLUMNS`."""
        times = [f"{t:.2f}" for t in self.times] or [""] * 3
        return (self.what, *times, f"{self.ratio:.2f}", self.of, self.wanted, self.besides)


class Figures:
    """Figures of several rounds by name; their medians are what counts."""

    def __init__(self) -> None:
        self.rounds: dict[str, list[float]] = {}

    def note(self, **values: float) -> None:
        """Add a figure of this round to each name."""
        for name, value in values.items():
            self.rounds.setdefault(name, []).append(float(value))

    def note_times(self, prefix: str, seconds: Sequence[float]) -> None:
        """Add ``PREFIX_p50``, ``_p95`` and ``_p99`` [ms] of the times of one round."""
        for q in (50, 95, 99):
            self.note(**{f"{prefix}_p{q}": 1e3 * float(np.percentile(seconds, q)) if len(seconds) else float("nan")})

    def __getitem__(self, name: str) -> float:
        """The median."""
        return statistics.median(self.rounds[name])

    def times(self, prefix: str) -> tuple[float, ...]:
        """Medians of what :meth:`note_times` noted."""
        return tuple(self[f"{prefix}_p{q}"] for q in (50, 95, 99))


def parser(name: str, text: str) -> argparse.ArgumentParser:
    """A measurement's command line with the options that all have."""
    result = argparse.ArgumentParser(
        prog=f"python -m performance {name}", description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("--device", default="auto", help="auto, cpu or cuda:N; default auto")
    result.add_argument("--engine", default="auto", help="auto, torch, openvino or onnxruntime; default auto")
    result.add_argument("--precision", default="auto", help="auto, float32, bf16 or fp16; default auto = float32")
    result.add_argument("--backbone", default="efficientnet_lite0", help="default efficientnet_lite0, untrained")
    result.add_argument("--image-size", type=int, default=224, help="side of the network's input [pixels]; default 224")
    result.add_argument(
        "--interpolation", default="mipmap", choices=get_args(Interpolation), help="of the resize; default mipmap"
    )
    result.add_argument("--rounds", type=int, default=3, help="the medians of so many are printed; default 3")
    result.add_argument("--json", type=Path, default=FOLDER / f"{name}.json", help="default %(default)s")
    result.add_argument("--part", action="store_true", help=argparse.SUPPRESS)  # the caller prints the rows
    return result


def camera_options(command: argparse.ArgumentParser, rate: float, frames: int, of: str) -> None:
    """Add the options of a camera that publishes raw images: size, and with these defaults rate and number."""
    command.add_argument("--width", type=int, default=640, help="of the images [pixels]; default 640")
    command.add_argument("--height", type=int, default=480, help="of the images [pixels]; default 480")
    command.add_argument("--rate", type=float, default=rate, help="of a camera [Hz]; default %(default)g")
    command.add_argument("--frames", type=int, default=frames, help=f"per round and {of}; default %(default)s")


def parse(command: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; raises DeviceError for a device that is not there, before anything has been measured."""
    options = command.parse_args(arguments)
    resolve_device(options.device)
    return options


def say(sentence: str) -> None:
    """Progress, on standard error."""
    console.err.print(sentence, markup=False, highlight=False)


def report(rows: Sequence[Measurement], figures: Figures, options: argparse.Namespace) -> None:
    """Write the JSON file, and print the table unless this is a part of a larger one."""
    document = {
        "machine": machine(),
        "options": {name: str(value) for name, value in vars(options).items()},
        "rows": [asdict(row) for row in rows],
        "rounds": figures.rounds,
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.json, (json.dumps(document, indent=1) + "\n").encode())
    if not options.part:
        print_rows(rows)
        console.out.print(f"{options.json}", highlight=False)


def print_rows(rows: Sequence[Measurement]) -> None:
    """Print the table with the machine's name over it."""
    console.out.print(console.table(machine(), COLUMNS, [row.cells() for row in rows]))


def read_rows(path: Path) -> list[Measurement]:
    """The rows of a JSON file that :func:`report` wrote."""
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return [Measurement(**{**row, "times": tuple(row["times"])}) for row in rows]


def machine() -> str:
    """What this was measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
         if line.startswith("model name")),
        platform.machine(),
    )  # fmt: skip
    gpu = f", {torch.cuda.get_device_name(0)}" if torch.cuda.is_available() else ""
    return f"{model}, {len(os.sched_getaffinity(0))} cores{gpu}"
