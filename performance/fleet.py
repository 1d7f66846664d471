# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Many recordings: workers against one worker, the scheduling against a plain loop, and the memory of a worker."""

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from cac_core.predictor import Predictor
from cac_core.support.command import Command, run
from cac_core.support.option_types import PositiveInt
from cac_ros.bags.reader import Bag
from cac_ros.bags.writer import BagWriter
from cac_ros.fleet.config import FleetConfig
from cac_ros.fleet.crew import News
from cac_ros.fleet.local_crew import LocalCrew
from cac_ros.fleet.run import evaluate_fleet
from cac_ros.fleet.task import Settings, Task
from cac_ros.replay.offline import classify
from performance import table
from performance.model import model_file
from performance.pictures import pictures
from performance.table import Figures, Measurement

_TOPIC = "/camera/image_raw"
_START_NS = 1_790_000_000 * 10**9


@dataclass
class FleetOptions(table.Options):
    """Many recordings through local workers.

    All recordings are one file under many names. The clock runs from the first recording that is given to a worker
    until the last result is written; loading the models is not counted. Each process uses one CPU thread.

    Attributes:
        recordings: how many.
        frames: of each.
        width: of the frames [pixels].
        height: of the frames [pixels].
        workers: that are compared with one.
    """

    recordings: PositiveInt = 1000
    frames: PositiveInt = 100
    width: PositiveInt = 64
    height: PositiveInt = 48
    workers: PositiveInt = 2
    backbone: str = "paper"
    image_size: PositiveInt = 32
    rounds: PositiveInt = 1
    json: Path = table.FOLDER / "fleet.json"


COMMAND = Command(
    FleetOptions,
    "python -m performance fleet --recordings 1000 --frames 100",
    notes="""\
more examples:
  python -m performance fleet --recordings 60 --backbone efficientnet_lite0 --image-size 224 --width 640 --height 480
""",
)


@dataclass
class Watched:
    """Local workers whose work and memory are measured; none gets a task before all have loaded their models."""

    crew: LocalCrew
    began: float = 0.0
    seconds: float = 0.0
    cpu: float = 0.0
    memory: list[int] = field(default_factory=list)
    _early: list[News] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Number of workers."""
        return self.crew.size

    def give(self, worker: int, task: Task) -> None:
        """Give a task."""
        if not self.began:
            self.began, self.cpu = time.perf_counter(), self._cpu()
        self.crew.give(worker, task)

    def wait(self, seconds: float) -> Sequence[News]:
        """What happened."""
        news = list(self.crew.wait(seconds))
        if not self.began:
            self._early += news
            if len(self._early) < self.size:
                return []
            return self._early
        self.memory.append(max(resident(process.pid or 0) for process, _ in self.crew._workers))
        return news

    def replace(self, worker: int) -> None:
        """Start another worker."""
        self.crew.replace(worker)

    def close(self) -> None:
        """End all."""
        self.seconds, self.cpu = time.perf_counter() - self.began, self._cpu() - self.cpu
        self.crew.close()

    def _cpu(self) -> float:
        """CPU time of the driver and the workers [s]."""
        return time.process_time() + sum(cpu_seconds(process.pid or 0) for process, _ in self.crew._workers)

    def growth(self) -> float:
        """Largest memory of a worker in the second half of the work over that in the second tenth."""
        count = len(self.memory)
        return max(self.memory[count // 2 :]) / max(self.memory[count // 10 : max(count // 5, count // 10 + 1)])


def resident(process: int) -> int:
    """Resident memory of a process [bytes]."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0


def cpu_seconds(process: int) -> float:
    """CPU time of a process so far [s]."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def write_recordings(folder: Path, options: FleetOptions) -> Path:
    """The recordings; returns their folder."""
    images = pictures(options.width, options.height, jpeg=False, count=10)
    with BagWriter(folder / "first") as bag:
        for index in range(options.frames):
            time_ns = _START_NS + index * 10**8
            bag.write_image(_TOPIC, time_ns, _pixels(images[index % len(images)]))
    (first,) = (folder / "first").glob("*.mcap")
    place = folder / "recordings"
    place.mkdir()
    for number in range(options.recordings):
        os.link(first, place / f"recording_{number:05d}.mcap")
    return place


def _pixels(image: object) -> "cv2.typing.MatLike":
    from cac_ros.images import to_bgr, to_frame

    return to_bgr(to_frame(image))


def plain_loop(model: Path, place: Path, options: FleetOptions) -> tuple[float, float]:
    """Seconds, and seconds of CPU time, of the same work in one process and nothing around it."""
    predictor = Predictor.load(model, options.engine, options.device, 1, options.precision)
    predictor.warm_up()
    theta = predictor.theta()
    begin, cpu = time.perf_counter(), time.process_time()
    for path in sorted(place.iterdir()):
        with Bag(path) as bag:
            classify(bag.messages(_TOPIC), predictor, theta)
    return time.perf_counter() - begin, time.process_time() - cpu


def fleet(model: Path, place: Path, out: Path, options: FleetOptions, workers: int) -> Watched:
    """Do the work with so many workers."""
    crews: list[Watched] = []

    def start(config: FleetConfig, most: int, settings: Settings) -> Watched:
        crews.append(Watched(LocalCrew(workers, settings)))
        return crews[0]

    config = FleetConfig(
        (str(place),), model, str(out), engine=options.engine, device=options.device, precision=options.precision
    )
    evaluate_fleet(config, start)
    shutil.rmtree(out)
    return crews[0]


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    a = table.parse(COMMAND, words)
    cv2.setNumThreads(1)
    figures, frames = Figures(), a.recordings * a.frames
    with tempfile.TemporaryDirectory() as name, model_file(a) as model:
        place = write_recordings(Path(name), a)
        for number in range(1, a.rounds + 1):
            table.say(f"fleet: plain loop, round {number} of {a.rounds}")
            seconds, cpu = plain_loop(model, place, a)
            figures.note(plain=seconds, plain_cpu=cpu)
            for workers in (1, a.workers):
                table.say(f"fleet: {workers} workers, round {number} of {a.rounds}")
                watched = fleet(model, place, Path(name) / "out", a, workers)
                figures.note(**{
                    f"workers_{workers}": watched.seconds,
                    f"cpu_{workers}": watched.cpu,
                    f"growth_{workers}": watched.growth(),
                    f"memory_{workers}": max(watched.memory) / 1e6,
                })  # fmt: skip
    plain, one, many = figures["plain"], figures["workers_1"], figures[f"workers_{a.workers}"]
    what = f"{a.recordings:,} recordings of {a.frames} frames"
    rows = [
        Measurement(
            f"{what}, {a.workers} workers", one / many, "time of one worker / theirs", "≥ 1.8 with 2 on 2 idle cores",
            f"{frames / many:,.0f} frames/s, one worker {frames / one:,.0f}",
        ),
        Measurement(
            f"{what}, scheduling", one / plain, "one worker / plain loop in one process", "≤ 1.05",
            f"plain loop {frames / plain:,.0f} frames/s",
        ),
        Measurement(
            f"{what}, scheduling, CPU time", figures["cpu_1"] / figures["plain_cpu"],
            "driver and one worker / plain loop", "≤ 1.05", f"{1e3 * figures['cpu_1'] / frames:.2f} ms a frame",
        ),
        Measurement(
            f"{what}, memory", figures["growth_1"], "a worker's memory, second half / second tenth", "flat",
            f"at most {figures['memory_1']:.0f} MB",
        ),
    ]  # fmt: skip
    table.report(rows, figures, a)
    return 0


if __name__ == "__main__":
    run(main)
