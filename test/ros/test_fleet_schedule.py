# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every task has one outcome, whatever its workers do."""

from collections.abc import Callable

import pytest

from cac_ros.fleet.crew import News
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.schedule import run_tasks
from cac_ros.fleet.sources import Source
from cac_ros.fleet.task import Outcome, Task
from test.ros.fleets import ScriptedCrew

DONE = Outcome(b"result", 1)


def tasks(count: int) -> list[Task]:
    return [Task(Source(f"bag {n}", ""), "", f"key {n}", 0) for n in range(count)]


def run(
    script: Callable[[Task, int], Outcome | str], count: int = 5, workers: int = 2, limit: float = 60.0
) -> tuple[dict[str, Outcome], ScriptedCrew, list[str]]:
    crew, outcomes, retries = ScriptedCrew(workers, script), dict[str, Outcome](), list[str]()

    def on_outcome(task: Task, outcome: Outcome, seconds: float) -> None:
        assert task.key not in outcomes
        assert seconds >= 0
        outcomes[task.key] = outcome

    run_tasks(tasks(count), crew, 3, limit, on_outcome, lambda task, reason: retries.append(reason))
    assert outcomes.keys() == {f"key {n}" for n in range(count)}
    return outcomes, crew, retries


def test_every_task_is_given_once() -> None:
    outcomes, crew, _ = run(lambda task, tried: DONE)
    assert crew.given == [f"key {n}" for n in range(5)]
    assert all(outcome == DONE for outcome in outcomes.values())


def test_a_task_whose_worker_dies_is_tried_again() -> None:
    outcomes, crew, retries = run(lambda task, tried: "die" if task.key == "key 1" and tried < 3 else DONE)
    assert outcomes["key 1"] == DONE
    assert crew.replaced == 2
    assert all("died" in reason for reason in retries)


def test_a_task_that_always_kills_its_worker_fails_alone() -> None:
    outcomes, crew, _ = run(lambda task, tried: "die" if task.key == "key 1" else DONE)
    assert "died" in outcomes["key 1"].problem
    assert crew.given.count("key 1") == 3
    assert sum(outcome == DONE for outcome in outcomes.values()) == 4


def test_a_task_that_takes_too_long_is_ended() -> None:
    outcomes, crew, _ = run(lambda task, tried: "hang" if task.key == "key 0" else DONE, count=2, limit=0.01)
    assert "longer than 0.01 s" in outcomes["key 0"].problem
    assert crew.replaced == 3
    assert outcomes["key 1"] == DONE


def test_what_is_wrong_for_good_is_not_tried_again() -> None:
    broken = Outcome(problem="it is no bag")
    _, crew, retries = run(lambda task, tried: broken)
    assert (len(crew.given), retries) == (5, [])


def test_what_may_pass_is_tried_again() -> None:
    outcomes, _, retries = run(lambda task, tried: Outcome(problem="busy", again=True) if tried == 1 else DONE, count=2)
    assert outcomes["key 1"] == DONE
    assert retries == ["busy", "busy"]


def test_a_model_that_cannot_be_loaded_ends_everything() -> None:
    crew = ScriptedCrew(1, lambda task, tried: DONE)
    crew._news = [News(0, fatal="the model is damaged")]
    with pytest.raises(FleetError, match="the model is damaged"):
        run_tasks(tasks(1), crew, 3, 1.0, lambda *_: None, lambda *_: None)


def test_workers_that_die_before_they_are_ready_end_everything() -> None:
    class Dying(ScriptedCrew):
        def replace(self, worker: int) -> None:
            self._news.append(News(worker, died=True))

    crew = Dying(1, lambda task, tried: DONE)
    crew._news = [News(0, died=True)]
    with pytest.raises(FleetError, match="No worker can start"):
        run_tasks(tasks(1), crew, 3, 1.0, lambda *_: None, lambda *_: None)
