# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a fleet: find what is missing, have it done, and put everything together."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cac_core
from cac_core.bundle import ModelBundle, load_bundle
from cac_core.support import console
from cac_core.support.errors import CacError
from cac_core.thresholds import ThresholdError
from cac_ros.fleet.bag_result import BagResult
from cac_ros.fleet.config import FleetConfig
from cac_ros.fleet.crew import Crew
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.identity import identity_of, key_of
from cac_ros.fleet.label_files import label_files, read_text
from cac_ros.fleet.local_crew import LocalCrew
from cac_ros.fleet.log import Logs, file_stem
from cac_ros.fleet.progress import Progress
from cac_ros.fleet.ray_crew import RayCrew
from cac_ros.fleet.recordings import Recording, answers_of
from cac_ros.fleet.remote import is_url
from cac_ros.fleet.schedule import run_tasks
from cac_ros.fleet.sources import ANSWERS, Source, find_sources
from cac_ros.fleet.store import LocalStore, RemoteStore, Store, result_name
from cac_ros.fleet.tags import Tag, read_tags, tag_of
from cac_ros.fleet.task import Outcome, Settings, Task

FORMAT = 1
"""Of a result; raised when results of older programs must be computed anew."""


_OF_RESULTS = (
    "known_kept", "threshold", "per_class", "engine", "device", "precision", "threads", "topic", "labels_topic",
)  # fmt: skip
"""Options that decide the content of a result."""

MakeCrew = Callable[[FleetConfig, int, Settings], Crew]


def start_crew(config: FleetConfig, most: int, settings: Settings) -> Crew:
    """Start the workers that the options ask for.

    Args:
        config: the options.
        most: number of tasks.
        settings: of the workers.
    """
    if config.ray is not None:
        return RayCrew(config.workers, most, settings, config.ray)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    usual = 1 if config.device.startswith("cuda") else max(1, cores // config.threads)
    return LocalCrew(max(1, min(config.workers or usual, most)), settings)


@dataclass(frozen=True)
class Fleet:
    """Everything that an evaluation found.

    Attributes:
        models: their ids.
        classes: of each model.
        recordings: in order of their names.
        notes: sentences.
        computed: results that were computed now; the others were there.
    """

    models: tuple[str, ...]
    classes: tuple[tuple[str, ...], ...]
    recordings: tuple[Recording, ...]
    notes: tuple[str, ...]
    computed: int


def evaluate_fleet(config: FleetConfig, make_crew: MakeCrew = start_crew) -> tuple[Fleet, Store]:
    """Bring the results up to date and read them.

    Args:
        config: the options.
        make_crew: starts the workers.

    Raises:
        CacError: the evaluation as a whole cannot be done; a recording that fails is no such thing.
    """
    _check(config)
    store: Store = RemoteStore(config.out) if is_url(config.out) else LocalStore(Path(config.out))
    store.check()
    logs = Logs(store)
    paths = [config.model, *([] if config.new_model is None else [config.new_model])]
    bundles = [load_bundle(path) for path in paths]
    _check_thresholds(config, bundles)
    with console.activity("looking for recordings"):
        sources = find_sources(config.bags)
        notes: list[str] = []
        tags, files = dict[str, Tag](), dict[str, Path]()
        if config.tags is not None:
            tags, sentences = read_tags(config.tags, sources)
            notes += sentences
        if config.labels is not None:
            files, sentences = label_files(config.labels, sources)
            notes += sentences
        tasks, problems = _tasks(config, bundles, sources, files)
        there = store.names("results")
    missing = [
        task
        for task in tasks
        if result_name(task.key) not in there or (task.answers and not Path(task.answers).exists())
    ]
    computed = 0
    if missing:
        settings = _settings(config, [str(path.resolve()) for path in paths])
        crew = make_crew(config, len(missing), settings)
        failed = _run(config, crew, missing, store, logs)
        problems |= failed
        computed = sum(task.source.name not in failed for task in missing)
    wanted = {result_name(task.key) for task in tasks}
    if others := len(there - wanted):
        notes.append(
            f"{others:,} results in {store.place} belong to other recordings, models, settings or versions; "
            "they were not used."
        )
    recordings = _recordings(sources, tasks, problems, tags, store)
    names = tuple(bundle.model_id for bundle in bundles)
    fleet = Fleet(names, tuple(b.class_names for b in bundles), recordings, tuple(notes), computed)
    if not any(recording.answers for recording in recordings):
        raise FleetError(f"No recording could be evaluated. The first one: {recordings[0].problem}")
    return fleet, store


def _check(config: FleetConfig) -> None:
    if config.labels is not None and config.labels_topic is not None:
        raise FleetError("Both --labels and --labels-topic were given; labels come from one of them.")
    if config.threshold is not None and (config.known_kept is not None or config.per_class):
        raise FleetError("--threshold sets θ by hand, so --known-kept and --per-class have no effect; leave them out.")
    if config.threshold is not None and config.new_model is not None:
        raise FleetError("One --threshold does not fit two models; use --known-kept, which each model understands.")
    for name, least in (("workers", 0), ("threads", 1), ("retries", 0), ("harvest_count", 1)):
        if getattr(config, name) < least:
            raise FleetError(f"--{name.replace('_', '-')} must be at least {least}, not {getattr(config, name)}.")
    if not (math.isfinite(config.time_limit) and config.time_limit > 0):
        raise FleetError(f"--time-limit must be a number of seconds above 0, not {config.time_limit:g}.")


def _check_thresholds(config: FleetConfig, bundles: Sequence[ModelBundle]) -> None:
    for bundle in bundles:
        try:
            bundle.thresholds.theta(config.known_kept, config.per_class, config.threshold)
        except ThresholdError as error:
            raise FleetError(f"--{error.argument.replace('_', '-')}: {bundle.name}: {error}.") from error


def _tasks(
    config: FleetConfig, bundles: Sequence[ModelBundle], sources: Sequence[Source], files: Mapping[str, Path]
) -> tuple[list[Task], dict[str, str]]:
    """Every task, and the problem of each recording that has none."""
    tasks, problems = [], dict[str, str]()
    for source in sources:
        file = files.get(source.name)
        try:
            identity = identity_of(source.place, config.by_content)
            labels = None if file is None else read_text(file)
        except CacError as error:
            problems[source.name] = str(error)
            continue
        for number, bundle in enumerate(bundles):
            key = key_of(identity, _settings_of_key(config, bundle, labels))
            tasks.append(Task(source, identity, key, number, labels, str(file or ""), _answers(config, source, bundle)))
    return tasks, problems


def _answers(config: FleetConfig, source: Source, bundle: ModelBundle) -> str:
    """Where the answers to a recording go; empty where they are not wanted."""
    if config.answers is None:
        return ""
    return str(config.answers.resolve() / f"{file_stem(source.name)}.{file_stem(bundle.name)}{ANSWERS}")


def _settings_of_key(config: FleetConfig, bundle: ModelBundle, labels: str | None) -> dict[str, Any]:
    return {
        "version": cac_core.__version__,
        "format": FORMAT,
        "model": bundle.checksum,
        "model_id": bundle.model_id,
        "labels": None if labels is None else hashlib.sha256(labels.encode()).hexdigest(),
        **{name: getattr(config, name) for name in _OF_RESULTS},
    }


def _settings(config: FleetConfig, models: Sequence[str]) -> Settings:
    return Settings(
        tuple(models), **{name: getattr(config, name) for name in (*_OF_RESULTS, "by_content", "scratch_gb")}
    )


def _run(config: FleetConfig, crew: Crew, missing: Sequence[Task], store: Store, logs: Logs) -> dict[str, str]:
    """Have the missing results computed; returns the problem of each recording that failed."""
    problems: dict[str, str] = {}
    with Progress(len(missing)) as progress:

        def on_outcome(task: Task, outcome: Outcome, seconds: float) -> None:
            if outcome.content is None:
                problems[task.source.name] = outcome.problem
                logs.add(task.source.name, f"failed after {seconds:.1f} s: {outcome.problem}", *outcome.notes)
            else:
                store.write(result_name(task.key), outcome.content)
                model = (config.model, config.new_model)[task.model]
                logs.add(task.source.name, f"{outcome.frames} frames in {seconds:.1f} s with {model}", *outcome.notes)
            progress.add(outcome.frames, outcome.content is None)

        def on_retry(task: Task, reason: str) -> None:
            logs.add(task.source.name, f"will be tried again: {reason}")

        try:
            run_tasks(missing, crew, config.retries + 1, config.time_limit, on_outcome, on_retry)
        finally:
            crew.close()
    return problems


def _recordings(
    sources: Sequence[Source],
    tasks: Sequence[Task],
    problems: Mapping[str, str],
    tags: Mapping[str, Tag],
    store: Store,
) -> tuple[Recording, ...]:
    """Read all results."""
    of_source: dict[str, list[Task]] = {}
    for task in tasks:
        of_source.setdefault(task.source.name, []).append(task)
    recordings = []
    for source in console.track(sources, "reading results", total=len(sources)):
        problem = problems.get(source.name, "")
        answers = []
        if not problem:
            try:
                for task in of_source[source.name]:
                    content = store.read(result_name(task.key))
                    answers.append(answers_of(task.key, BagResult.from_bytes(content)))
            except FleetError as error:
                problem, answers = f"{error} Delete it and run the command again.", []
        tag = tag_of(source.name, tags, answers[0].about["start_ns"]) if answers else tags.get(source.name, Tag())
        recordings.append(Recording(source.name, source.place, tag, tuple(answers), problem))
    return tuple(recordings)
