# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs an experiment: trains what is not there yet, then makes the table and the figure."""

import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

import torch

from cac_core.benchmark import figures, table3, tables
from cac_core.benchmark.config import BenchmarkConfig, check
from cac_core.benchmark.network_spec import NetworkSpec
from cac_core.benchmark.networks import train_network
from cac_core.benchmark.results import Result, write
from cac_core.benchmark.rows import Networks
from cac_core.benchmark.stored_networks import Outputs, finished
from cac_core.support import console
from cac_core.support.devices import resolve_device
from cac_core.support.differences import differences
from cac_core.support.errors import DataError

NETWORKS = "networks"


class Experiment(NamedTuple):
    """A table or a figure.

    Attributes:
        networks: those it needs.
        result: its rows and drawing from their outputs.
    """

    networks: Callable[[BenchmarkConfig], list[NetworkSpec]]
    result: Callable[[BenchmarkConfig, Networks], Result]


EXPERIMENTS = {
    "table1": Experiment(tables.table1_networks, tables.table1),
    "table2": Experiment(tables.table2_networks, tables.table2),
    "table3": Experiment(table3.table3_networks, table3.table3),
    "table4": Experiment(tables.table4_networks, tables.table4),
    "table5": Experiment(tables.table5_networks, tables.table5),
    "figure1": Experiment(figures.figure1_networks, figures.figure1),
    "figure2": Experiment(figures.figure2_networks, figures.figure2),
    "figure3": Experiment(figures.figure3_networks, figures.figure3),
    "figure4": Experiment(figures.figure4_networks, figures.figure4),
    "figure5": Experiment(figures.figure5_networks, figures.figure5),
}


def run(config: BenchmarkConfig) -> tuple[Result, list[Path]]:
    """Check, train, measure and write one experiment.

    Returns:
        The result and the files that were written.

    Raises:
        DataError: for missing images, names that do not exist, or a folder with results of another configuration.
        TrainingError: for settings that cannot work, or when a training fails.
    """
    check(config)
    name, described = config.experiment, config.to_dict()
    experiment = EXPERIMENTS[name]
    specs = list({spec.name: spec for spec in experiment.networks(config)}.values())
    folder = config.out / name
    _refuse_other_configuration(folder / "results.json", described)
    outputs = {spec.name: output for spec, output in _train_all(specs, config)}
    result = experiment.result(config, lambda spec: outputs[spec.name])
    times = {spec_name: _times(output) for spec_name, output in sorted(outputs.items())}
    return result, write(result, described, times, folder, name)


def _train_all(specs: list[NetworkSpec], config: BenchmarkConfig) -> Iterator[tuple[NetworkSpec, Outputs]]:
    folder = config.out / NETWORKS
    device, notes = resolve_device(config.device)
    for note in notes:
        console.warn(note)
    missing = []
    for spec in specs:
        before = finished(spec, folder, config.precision)
        if before is None or "measures" not in before.record:
            missing.append(spec)
        else:
            yield spec, before
    if len(missing) < len(specs):
        _tell(f"{len(specs) - len(missing)} of {len(specs)} networks were trained before")
    jobs = min(config.jobs, len(missing))
    done = _in_processes(missing, config, device, jobs) if jobs > 1 else _in_turn(missing, config, device)
    for number, (spec, output) in enumerate(done, start=1):
        seconds = output.record["seconds"]["train"]
        split = spec.trial.split
        _tell(
            f"{number}/{len(missing)} {split.dataset} {split.family} trial {split.trial}, {spec.loss}: {seconds:.0f} s"
        )
        yield spec, output


def _in_turn(
    specs: list[NetworkSpec], config: BenchmarkConfig, device: torch.device
) -> Iterator[tuple[NetworkSpec, Outputs]]:
    for spec in specs:
        yield spec, train_network(spec, config.out / NETWORKS, config.source, device, config.precision)


def _in_processes(
    specs: list[NetworkSpec], config: BenchmarkConfig, device: torch.device, jobs: int
) -> Iterator[tuple[NetworkSpec, Outputs]]:
    """Several networks at a time: one alone leaves most of a GPU idle at these image sizes."""
    context = multiprocessing.get_context("spawn")
    going_on = console.activity(f"training {len(specs)} networks, {jobs} at a time")
    with going_on, ProcessPoolExecutor(jobs, mp_context=context) as pool:
        try:
            for part in _equal_trainings_last(specs):
                waiting = {
                    pool.submit(
                        train_network, spec, config.out / NETWORKS, config.source, device, config.precision, False
                    ): spec
                    for spec in part
                }
                for future in as_completed(waiting):
                    yield waiting[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _equal_trainings_last(specs: list[NetworkSpec]) -> tuple[list[NetworkSpec], list[NetworkSpec]]:
    """Networks to train, and those that take the weights of one of them: these have to wait."""
    seen: set[str] = set()
    first: list[NetworkSpec] = []
    later: list[NetworkSpec] = []
    for spec in specs:
        shared = spec.shared_weights
        (later if shared in seen else first).append(spec)
        seen |= {shared} if shared else set()
    return first, later


def _refuse_other_configuration(file: Path, described: dict[str, Any]) -> None:
    if not file.is_file():
        return
    try:
        before = json.loads(file.read_text(encoding="utf-8"))["settings"]
    except (ValueError, KeyError, OSError) as error:
        raise DataError(f"{file} is not a benchmark result: delete it or choose another --out.") from error
    # More or other datasets, trials and losses only ask for another table of the same networks.
    free = {"datasets", "trials", "systems", "losses", "family"}
    different = [name for name in differences(before, described) if name not in free]
    if different:
        changes = ", ".join(f"{name} ({before.get(name)}, now {described.get(name)})" for name in different)
        raise DataError(
            f"{file.parent} holds results of another configuration: {changes}; choose another --out, or repeat the "
            "command with the same config."
        )


def _times(output: Outputs) -> dict[str, Any]:
    return {"seconds": output.record["seconds"], "device": output.record["device"], "torch": output.record["torch"]}


def _tell(line: str) -> None:
    console.say(line)
