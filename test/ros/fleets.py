# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small fleets: a few recordings with labels, and a crew that works without processes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cac_ros.fleet.config import FleetConfig
from cac_ros.fleet.crew import News
from cac_ros.fleet.evaluator import Evaluator
from cac_ros.fleet.task import Outcome, Settings, Task
from test.ros.recordings import write_labels, write_rosbag2

COLOURS = ("red", "grey", "green", "deep blue")


def write_fleet(folder: Path, count: int = 4, runs: int = 2) -> Path:
    """Recordings ``folder/bags/robot_0/drive_0`` and so on, and ``folder/labels/drive_0.csv``; returns the folder."""
    for number in range(count):
        labels = [COLOURS[(number + run) % 4] for run in range(runs) for _ in range(4)]
        place = folder / "bags" / f"robot_{number % 2}" / f"drive_{number}"
        place.parent.mkdir(parents=True, exist_ok=True)
        write_rosbag2(place, labels, "sqlite3" if number % 2 else "mcap")
        (folder / "labels").mkdir(exist_ok=True)
        write_labels(folder / "labels" / f"drive_{number}.csv", labels)
    return folder


def config(folder: Path, model: Path, **changes: Any) -> FleetConfig:
    """The options for such a fleet."""
    options: dict[str, Any] = {
        "bags": (str(folder / "bags"),), "model": model, "out": str(folder / "out"), "labels": folder / "labels",
        "engine": "torch",
    }  # fmt: skip
    return FleetConfig(**{**options, **changes})


class InlineCrew:
    """Workers that work when they are asked for news, one after the other, in this process."""

    def __init__(self, config: FleetConfig, most: int, settings: Settings) -> None:
        self.size = min(2, most)
        self._evaluator = Evaluator(settings)
        self._news = [News(worker) for worker in range(self.size)]

    def give(self, worker: int, task: Task) -> None:
        self._news.append(News(worker, self._evaluator.run(task)))

    def wait(self, seconds: float) -> Sequence[News]:
        news, self._news = self._news, []
        return news

    def replace(self, worker: int) -> None:
        self._news.append(News(worker))

    def close(self) -> None:
        pass


class ScriptedCrew:
    """Workers that do what a script says of each task: an outcome, "die" or "hang"."""

    def __init__(self, size: int, script: Callable[[Task, int], Outcome | str]) -> None:
        self.size = size
        self._script = script
        self._news = [News(worker) for worker in range(size)]
        self.given: list[str] = []
        self.replaced = 0

    def give(self, worker: int, task: Task) -> None:
        self.given.append(task.key)
        said = self._script(task, self.given.count(task.key))
        if isinstance(said, Outcome):
            self._news.append(News(worker, said))
        elif said == "die":
            self._news.append(News(worker, died=True))

    def wait(self, seconds: float) -> Sequence[News]:
        news, self._news = self._news, []
        return news

    def replace(self, worker: int) -> None:
        self.replaced += 1
        self._news.append(News(worker))

    def close(self) -> None:
        pass
