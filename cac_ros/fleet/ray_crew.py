# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Workers as actors of a Ray cluster; each holds its models. Ray comes with the extra `fleet`.

The models travel with the actors. The recordings do not: their paths or URLs must lead to the same files everywhere.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cac_core.support.devices import is_installed
from cac_core.support.errors import CacError
from cac_core.support.limits import MODEL_BYTES
from cac_core.support.regular_files import read_regular_file
from cac_ros.fleet.crew import News
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.task import Outcome, Settings, Task

LOCAL = "local"
"""The address that starts a cluster on this machine."""

_STORE_BYTES = 200_000_000  # of a cluster on this machine: for models and results on their way


class RayCrew:
    """See `cac_ros.fleet.crew.Crew`."""

    def __init__(self, size: int, most: int, settings: Settings, address: str) -> None:
        """Connect to a cluster and start the actors.

        Args:
            size: number of workers; 0 is as many as the cluster has room for.
            most: number of tasks; more workers than that would have nothing to do.
            settings: of the workers.
            address: of the cluster: auto, HOST:PORT, ray://HOST:PORT, or local.

        Raises:
            FleetError: Ray is not installed, or no cluster is there.
        """
        if not is_installed("ray"):
            raise FleetError("--ray needs Ray: pip install '.[fleet]' in the folder of cac_ros.")
        import ray

        self._ray: Any = ray
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray warns of a change to come
        store: dict[str, Any] = {}
        if address == LOCAL:
            store = {"object_store_memory": _STORE_BYTES, "include_dashboard": False}
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **store)
        except (ConnectionError, ValueError, RuntimeError, OSError) as error:
            raise FleetError(f"No Ray cluster is found at {address}: {error}") from error
        self._settings = settings
        self._models = [ray.put(read_regular_file(path, MODEL_BYTES)) for path in settings.models]
        self._gpus = 1 if settings.device.startswith("cuda") else 0
        resources = self._ray.cluster_resources()
        room = int(resources.get("GPU", 0) if self._gpus else resources.get("CPU", 1) // settings.threads)
        self.size = max(1, min(size or room, most))
        self._actors: list[Any] = [None] * self.size
        self._open: dict[Any, int] = {}
        for worker in range(self.size):
            self._start(worker)

    def give(self, worker: int, task: Task) -> None:
        """Give a task to a worker."""
        self._open[self._actors[worker].run.remote(task)] = worker

    def wait(self, seconds: float) -> Sequence[News]:
        """What happened."""
        references = list(self._open)
        done, _ = self._ray.wait(references, num_returns=len(references), timeout=0)
        if not done:
            done, _ = self._ray.wait(references, num_returns=1, timeout=seconds)
        return [self._news(self._open.pop(reference), reference) for reference in done]

    def replace(self, worker: int) -> None:
        """End a worker and start another."""
        self._end(worker)
        self._start(worker)

    def close(self) -> None:
        """End all, and leave the cluster."""
        for worker in range(self.size):
            self._end(worker)
        self._ray.shutdown()

    def _news(self, worker: int, reference: Any) -> News:
        try:
            fatal, outcome = self._ray.get(reference)
        except self._ray.exceptions.RayError:
            return News(worker, died=True)
        return News(worker, outcome, fatal=fatal)

    def _start(self, worker: int) -> None:
        actor = self._ray.remote(num_cpus=self._settings.threads, num_gpus=self._gpus)(_RayWorker)
        self._actors[worker] = actor.remote(self._settings, self._models)
        self._open[self._actors[worker].prepare.remote()] = worker

    def _end(self, worker: int) -> None:
        self._open = {reference: owner for reference, owner in self._open.items() if owner != worker}
        self._ray.kill(self._actors[worker])


class _RayWorker:
    """Runs in a process of the cluster."""

    def __init__(self, settings: Settings, models: Sequence[Any]) -> None:
        import ray

        from cac_ros.fleet.evaluator import Evaluator

        self._folder = tempfile.TemporaryDirectory(prefix="cac_fleet_")
        paths = [Path(self._folder.name) / f"{number}.cac" for number in range(len(models))]
        for path, content in zip(paths, ray.get(list(models)), strict=True):
            path.write_bytes(content)
        self._evaluator = Evaluator(replace(settings, models=tuple(map(str, paths))))

    def prepare(self) -> tuple[str, Outcome | None]:
        """Load the first model; returns why that is impossible."""
        try:
            self._evaluator.prepare(0)
        except CacError as error:
            return str(error), None
        return "", None

    def run(self, task: Task) -> tuple[str, Outcome | None]:
        """Run a task."""
        return "", self._evaluator.run(task)
