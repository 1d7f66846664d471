# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a model on the camera topic of a recorded bag."""

from __future__ import annotations

import json
import math
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle, load_bundle
from cac_core.bundle.variants import FLOAT32
from cac_core.predictor import Predictor
from cac_core.support import console
from cac_core.support.errors import CacError
from cac_core.support.files import check_writable, sentence_about, write_together
from cac_core.support.names import by_form
from cac_core.thresholds import ThresholdError
from cac_ros.bags.message import VIDEO_TYPES, Topic
from cac_ros.bags.reader import Bag
from cac_ros.images import BadFrameError
from cac_ros.images.video import check_decoder
from cac_ros.parameters.checks import range_problem
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.live_figures import LiveFigures
from cac_ros.replay.results import Evaluation, FrameResult
from cac_ros.replay.scoring import labels_of, scored

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
    _theta(bundle, config)  # what is wrong with the options is said before the bag is read
    if config.labels is not None or config.labels_topic is not None:
        by_form(bundle.class_names)  # names that labels cannot tell apart
    with Bag(config.bag) as bag:
        topic = bag.image_topic(config.topic)
        _check_video(topic, config)
        labels = labels_of(bag, config.labels, config.labels_topic)
        rows, notes, live, model, answering = _classify(bag, topic, bundle, config)
        if not rows:
            raise ReplayError(" ".join([f"{bag.path}: no frame on {topic.name} can be read.", *bag.notes]))
        truncated = bag.damaged
        rows, label_notes = scored(rows, labels, bag, bundle.class_names)
        evaluation = Evaluation(
            bag_name=config.bag.resolve().name,
            topic=topic.name,
            bag_start_ns=bag.zero_ns,
            mode=config.mode,
            rows=rows,
            class_names=bundle.class_names,
            theta=tuple(float(t) for t in _theta(answering, config)),
            known_kept=answering.thresholds.known_kept if config.known_kept is None else config.known_kept,
            per_class=config.per_class,
            fixed_threshold=config.threshold is not None,
            model=model,
            truncated=truncated,
            labels=labels,
            notes=(*bag.notes, *notes, *label_notes),
            live=live,
            depth_range=config.depth_range,
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
    if problem := range_problem(config.depth_range):
        raise ReplayError(f"--depth-range {problem}.")
    if config.answers is not None and config.mode == "live":
        raise ReplayError("--answers is about offline replays; record the node's topics, or leave out --mode live.")
    if config.answers is not None and config.answers.suffix.lower() != ".mcap":
        raise ReplayError(f"--answers {config.answers} must be a file that ends with .mcap.")
    if config.watch and config.mode == "offline":
        raise ReplayError("--watch is about live replays; offline draws nothing, so add --mode live.")
    with sentence_about(config.out):  # a name that is too long
        is_file = config.out.exists() and not config.out.is_dir()
    if is_file:
        raise ReplayError(f"--out {config.out} is a file; give a folder, it is created when missing.")


def _check_video(topic: Topic, config: ReplayConfig) -> None:
    if topic.msgtype not in VIDEO_TYPES:
        return
    if config.mode == "live":
        raise ReplayError(f"{topic.name} is a video, which the node does not read; leave --mode live out.")
    try:
        check_decoder()
    except BadFrameError as error:
        raise ReplayError(f"{topic.name}: {error}") from None


def _theta(bundle: ModelBundle, config: ReplayConfig) -> NDArray[np.float32]:
    try:
        return bundle.thresholds.theta(config.known_kept, config.per_class, config.threshold)
    except ThresholdError as error:
        raise ReplayError(f"--{error.argument.replace('_', '-')}: {error}.") from error


def _classify(
    bag: Bag, topic: Topic, bundle: ModelBundle, config: ReplayConfig
) -> tuple[list[FrameResult], list[str], LiveFigures | None, dict[str, Any], ModelBundle]:
    """Rows, sentences, live figures, the model card, and the bundle in the precision that answered."""
    about = {"name": bundle.name, "classes": list(bundle.class_names)}
    if config.mode == "live":
        from cac_ros.replay import live  # the only part that needs ROS

        parameters = _node_parameters(config)
        result = live.replay(bag, topic, bundle.class_names, parameters, config.rate, config.watch)
        answering = bundle.in_precision(result.model["precision"] or FLOAT32)
        model = {"id": answering.model_id, **about, **result.model}
        return result.rows, list(result.notes), result.figures, model, answering
    from cac_ros.replay.answers_bag import AnswersBag
    from cac_ros.replay.offline import Answered, classify

    predictor = Predictor(bundle, config.engine, config.device, precision=config.precision)
    theta = _theta(predictor.bundle, config)
    with console.progress_bar() as bar, ExitStack() as stack:
        task = bar.add_task("classifying frames", total=topic.count or None)
        answers: AnswersBag | None = None
        if config.answers is not None:
            answers = stack.enter_context(AnswersBag(config.answers, predictor.model_id))

        def on_frame(answered: Answered) -> None:
            bar.advance(task)
            if answers is not None:
                answers.see(answered)

        rows, notes = classify(bag.messages(topic.name), predictor, theta, on_frame, config.depth_range)
    engine = {"engine": predictor.engine_name, "device": predictor.device_name, "precision": predictor.precision}
    return rows, [*predictor.notes, *notes], None, {"id": predictor.model_id, **about, **engine}, predictor.bundle


def _node_parameters(config: ReplayConfig) -> dict[str, str | bool | float | list[float]]:
    """The node's parameters that say the same as our options."""
    parameters: dict[str, str | bool | float | list[float]] = {
        "model_path": str(config.model.resolve()),
        "engine": config.engine,
        "device": config.device,
        "precision": config.precision,
        "per_class_thresholds": config.per_class,
    }
    if config.known_kept is not None:
        parameters["known_kept"] = float(config.known_kept)
    if config.threshold is not None:
        parameters["threshold"] = float(config.threshold)
    if config.depth_range is not None:
        parameters["depth_range"] = list(config.depth_range)
    return parameters
