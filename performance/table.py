# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows of the one table that ``make bench`` prints: each has a ratio whose two sides were measured in one run."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from cac_core.preprocessing import Interpolation
from cac_core.support import console
from cac_core.support.command import Command
from cac_core.support.devices import choose_device
from cac_core.support.files import write_atomically
from cac_core.support.option_types import PositiveFloat, PositiveInt

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


@dataclass
class Options:
    """What all measurements let one choose.

    Attributes:
        device: auto, cpu or cuda:N.
        engine: auto, torch, openvino or onnxruntime.
        precision: auto, float32, int8 or bf16; the last two are written into the untrained network's model file.
        model: a model file to measure, also on a robot without PyTorch; an untrained network when not given.
        backbone: an untrained network of this name.
        image_size: side of the network's input [pixels].
        interpolation: of the resize.
        rounds: the medians of so many are printed.
        json: file with the figures of every round.
    """

    device: str = "auto"
    engine: str = "auto"
    precision: Literal["auto", "float32", "int8", "bf16"] = "auto"
    model: Path | None = None
    backbone: str = "efficientnet_lite0"
    image_size: PositiveInt = 224
    interpolation: Interpolation = "mipmap"
    rounds: PositiveInt = 3
    json: Path = FOLDER / "figures.json"
    part: bool = False  # the caller prints the rows; without a text it is not listed


@dataclass
class CameraOptions(Options):
    """The same for a camera that publishes raw images.

    Attributes:
        width: of the images [pixels].
        height: of the images [pixels].
        rate: of a camera [Hz].
        frames: per round and node or camera.
    """

    width: PositiveInt = 640
    height: PositiveInt = 480
    rate: PositiveFloat = 30.0
    frames: PositiveInt = 300


T = TypeVar("T", bound=Options)


def parse(command: Command[T], words: Sequence[str] | None = None) -> T:
    """Read the command line; raises DeviceError for a device that is not there, before anything has been measured."""
    options = command.parse(words)
    choose_device(options.device)
    return options


def say(sentence: str) -> None:
    """Progress, on standard error."""
    console.err.print(sentence, markup=False, highlight=False)


def report(rows: Sequence[Measurement], figures: Figures, options: Options) -> None:
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
    gpu = ""
    if choose_device("auto")[0] != "cpu":
        import torch  # only now: neither --help nor a robot needs it

        gpu = f", {torch.cuda.get_device_name(0)}"
    return f"{model}, {len(os.sched_getaffinity(0))} cores{gpu}"
