# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Gives tasks to workers until every task has its outcome."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cac_ros.fleet.crew import Crew, News
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.task import Outcome, Task

START_TIMEOUT = 600.0
"""How long a worker may take to load its model [s]; an engine may compile for minutes."""

_MOST_DEATHS = 10  # of workers one after the other, before any became ready
_PAUSE = 1.0  # [s]


@dataclass
class _Desk:
    """What one worker has to do, and until when."""

    deadline: float
    task: Task | None = None
    ready: bool = False


def run_tasks(
    tasks: Sequence[Task],
    crew: Crew,
    tries: int,
    time_limit: float,
    on_outcome: Callable[[Task, Outcome, float], None],
    on_retry: Callable[[Task, str], None],
) -> None:
    """Run every task; a task whose worker dies or takes too long is tried again.

    Args:
        tasks: in the order in which they are begun.
        crew: the workers.
        tries: how often a task is tried.
        time_limit: longest time of a try [s].
        on_outcome: is given each task, its last outcome and how long its last try took [s].
        on_retry: is given a task that will be tried again, and the reason.

    Raises:
        FleetError: no worker can start.
    """
    waiting = deque(tasks)
    tried: dict[str, int] = {}
    open_tasks = len(tasks)
    desks = [_Desk(time.monotonic() + START_TIMEOUT) for _ in range(crew.size)]
    deaths = 0

    def finish(desk: _Desk, outcome: Outcome) -> None:
        nonlocal open_tasks
        task, desk.task = desk.task, None
        assert task is not None
        tried[task.key] = tried.get(task.key, 0) + 1
        if outcome.again and tried[task.key] < tries:
            on_retry(task, outcome.problem)
            waiting.append(task)
            return
        open_tasks -= 1
        on_outcome(task, outcome, time.monotonic() - desk.deadline + time_limit)

    def replace(worker: int, problem: str) -> None:
        nonlocal deaths
        desk = desks[worker]
        if desk.task is not None:
            finish(desk, Outcome(problem=problem, again=True))
        elif not desk.ready:
            deaths += 1
            if deaths >= _MOST_DEATHS:
                raise FleetError(f"No worker can start: {problem} Try fewer --workers: memory may not suffice.")
        crew.replace(worker)
        desks[worker] = _Desk(time.monotonic() + START_TIMEOUT)

    def hear(news: News) -> None:
        nonlocal deaths
        desk = desks[news.worker]
        if news.fatal:
            raise FleetError(news.fatal)
        if news.died:
            replace(news.worker, "its worker died, maybe for want of memory.")
        elif news.outcome is None:
            desk.ready, deaths = True, 0
        elif desk.task is not None:
            finish(desk, news.outcome)

    while open_tasks:
        for worker, desk in enumerate(desks):
            if desk.ready and desk.task is None and waiting:
                desk.task, desk.deadline = waiting.popleft(), time.monotonic() + time_limit
                crew.give(worker, desk.task)
        for news in crew.wait(_PAUSE):
            hear(news)
        for worker, desk in enumerate(desks):
            if (desk.task is not None or not desk.ready) and time.monotonic() > desk.deadline:
                limit = time_limit if desk.task is not None else START_TIMEOUT
                replace(worker, f"it took longer than {limit:g} s.")
