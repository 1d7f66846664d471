# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a model on the camera topic of a recorded bag."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cac_core.bundle import ModelBundle, load_bundle
from cac_core.predictor import Predictor
from cac_core.support import console
from cac_core.support.errors import CacError
from cac_core.support.files import check_writable, sentence_about, write_together
from cac_core.support.names import listed
from cac_core.thresholds import ThresholdError
from cac_ros.bags.message import Topic
from cac_ros.bags.reader import Bag
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.labels import Labels, check_coverage, check_span, read_label_file, read_label_topic
from cac_ros.replay.live_figures import LiveFigures
from cac_ros.replay.results import UNKNOWN, Evaluation, FrameResult, with_labels

FILES = ("frames.csv", "metrics.json", "report.html")
"""What a replay writes into its folder."""

_ROOM = 16_000_000  # bytes; about what a report and the lines of 100,000 frames take


class ReplayError(CacError):
    """A replay that cannot be done, or whose counts do not add up."""


def replay(config: ReplayConfig) -> Evaluation:
    """Run a replay and write its three files, all of them or none.

    Raises:
        CacError: with a sentence; files of an earlier replay are left as they were. The one exception are counts that
            do not add up after a live replay: then the files are written first, to look into.
    """
    _check(config)
    for name in FILES:
        check_writable(config.out / name, _ROOM)
    bundle = load_bundle(config.model)
    try:
        theta = bundle.thresholds.theta(config.known_kept, config.per_class, config.threshold)
    except ThresholdError as error:
        raise ReplayError(f"--{error.argument.replace('_', '-')}: {error}.") from error
    with Bag(config.bag) as bag:
        topic = bag.image_topic(config.topic)
        labels = _labels(bag, config)
        rows, notes, live, model = _classify(bag, topic, bundle, theta, config)
        if not rows:
            raise ReplayError(" ".join([f"{bag.path}: no frame on {topic.name} can be read.", *bag.notes]))
        truncated = bag.damaged
        times = sorted(row.time_ns for row in rows)
        if labels is not None:
            notes += check_coverage(labels, times, bag.start_ns, truncated)
        rows = with_labels(rows, labels, bundle.class_names)
        evaluation = Evaluation(
            bag_name=config.bag.resolve().name,
            topic=topic.name,
            bag_start_ns=bag.start_ns,
            mode=config.mode,
            rows=rows,
            class_names=bundle.class_names,
            theta=tuple(float(t) for t in theta),
            known_kept=bundle.thresholds.known_kept if config.known_kept is None else config.known_kept,
            per_class=config.per_class,
            fixed_threshold=config.threshold is not None,
            model=model,
            truncated=truncated,
            labels=labels,
            notes=(*bag.notes, *notes, *_label_notes(rows, labels, bundle.class_names)),
            live=live,
        )
        write_results(evaluation, bag, config.out, config.title)
    if live is not None and (problems := live.broken_sums()):
        raise ReplayError(f"The counts of the live replay do not add up: {' '.join(problems)} See {config.out}.")
    return evaluation


def write_results(evaluation: Evaluation, bag: Bag, out: Path, title: str | None = None) -> None:
    """Write metrics.json, frames.csv and report.html: all of this replay, or none."""
    from cac_ros.replay.report.replay_page import replay_page  # plotly takes a second to import

    text = json.dumps(evaluation.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    page = replay_page(evaluation, bag, title)
    contents = (evaluation.to_csv(), text, page)
    write_together(
        {out / name: content.encode("utf-8", "backslashreplace") for name, content in zip(FILES, contents, strict=True)}
    )


def _check(config: ReplayConfig) -> None:
    if config.labels is not None and config.labels_topic is not None:
        raise ReplayError("Both --labels and --labels-topic were given; labels come from one of them.")
    if config.threshold is not None and (config.known_kept is not None or config.per_class):
        raise ReplayError("--threshold sets θ by hand, so --known-kept and --per-class have no effect; leave them out.")
    if not (math.isfinite(config.rate) and config.rate > 0):
        raise ReplayError(
            f"--rate must be a number above 0, not {config.rate:g}; 1 plays in real time, 2 twice as fast."
        )
    if config.rate != 1.0 and config.mode == "offline":
        raise ReplayError("--rate is about live replays; offline reads every frame at full speed, so leave it out.")
    if config.watch and config.mode == "offline":
        raise ReplayError("--watch is about live replays; offline draws nothing, so add --mode live.")
    with sentence_about(config.out):  # a name that is too long
        is_file = config.out.exists() and not config.out.is_dir()
    if is_file:
        raise ReplayError(f"--out {config.out} is a file; give a folder, it is created when missing.")


def _labels(bag: Bag, config: ReplayConfig) -> Labels | None:
    if config.labels is not None:
        labels = read_label_file(config.labels, bag.start_ns)
        if not bag.damaged:
            check_span(labels, bag.start_ns, bag.end_ns)
        return labels
    if config.labels_topic is not None:
        return read_label_topic(bag, config.labels_topic)
    return None


def _classify(
    bag: Bag, topic: Topic, bundle: ModelBundle, theta: np.ndarray, config: ReplayConfig
) -> tuple[list[FrameResult], list[str], LiveFigures | None, dict[str, Any]]:
    """Rows, sentences, live figures and the model card's engine lines."""
    about = {"id": bundle.model_id, "name": bundle.name, "classes": list(bundle.class_names)}
    if config.mode == "live":
        from cac_ros.replay import live  # the only part that needs ROS

        parameters = _node_parameters(config)
        result = live.replay(bag, topic, bundle.class_names, parameters, config.rate, config.watch)
        return result.rows, list(result.notes), result.figures, {**about, **result.model}
    from cac_ros.replay.offline import classify

    predictor = Predictor(bundle, config.engine, config.device)
    with console.progress_bar() as bar:
        task = bar.add_task("classifying frames", total=topic.count or None)
        rows, notes = classify(bag.messages(topic.name), predictor, theta, lambda: bar.advance(task))
    about |= {"engine": predictor.engine_name, "device": predictor.device_name}
    return rows, [*predictor.notes, *notes], None, about


def _node_parameters(config: ReplayConfig) -> dict[str, str | bool | float]:
    """The node's parameters that say the same as our options."""
    parameters: dict[str, str | bool | float] = {
        "model_path": str(config.model.resolve()),
        "engine": config.engine,
        "device": config.device,
        "per_class_thresholds": config.per_class,
    }
    if config.known_kept is not None:
        parameters["known_kept"] = float(config.known_kept)
    if config.threshold is not None:
        parameters["threshold"] = float(config.threshold)
    return parameters


def _label_notes(rows: Sequence[FrameResult], labels: Labels | None, class_names: Sequence[str]) -> list[str]:
    if labels is None:
        return ["No labels were given, so nothing is scored; give --labels or --labels-topic to get metrics."]
    notes = []
    unlabelled = sum(row.truth is None for row in rows)
    if unlabelled:
        notes.append(f"{unlabelled:,} of {len(rows):,} frames have no label: they were classified but not scored.")
    foreign = Counter(row.label for row in rows if row.truth == UNKNOWN)
    if foreign:
        names = listed([f"{name!r} ({count})" for name, count in sorted(foreign.items(), key=str)])
        notes.append(f"Labels that are no class of the model count as unknown: {names}.")
    missing = [name for name in class_names if all(row.label != name for row in rows)]
    if missing:
        notes.append(f"No frame is labelled as {listed([*map(repr, missing)])}, so nothing is measured about it.")
    if not any(row.scored and row.truth == UNKNOWN for row in rows):
        notes.append(
            "No scored frame shows something unknown, so AUROC and the share of unknown rejected have no value."
        )
    if not any(row.scored and row.truth != UNKNOWN for row in rows):
        notes.append(
            "No scored frame shows a known class, so accuracy, AUROC and the share of known kept have no value."
        )
    return notes
