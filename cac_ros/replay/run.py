# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a model on a recorded bag: `python -m cac_ros.replay BAG --model MODEL --labels LABELS --out DIR`."""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape

from cac_core.bundle import ModelBundle, load_bundle, write_atomically
from cac_core.predictor import Predictor, Reason
from cac_core.support import console
from cac_core.support.errors import CacError
from cac_ros.bags.reader import Bag, Topic
from cac_ros.replay.labels import Labels, check_coverage, check_span, read_label_file, read_label_topic
from cac_ros.replay.results import UNKNOWN, Evaluation, FrameResult, LiveFigures, metrics_of, with_labels

HELP = """\
Evaluate a model on the camera topic of a recorded bag.

Every frame is classified, the answers are compared with your labels, and three files are written to --out:
  report.html    summary, ROC, scores over time with the labels, confusion matrix, worst errors; opens offline
  metrics.json   the same numbers for programs
  frames.csv     one line per frame
"""

EXAMPLES = """\
two modes:
  offline   reads every frame itself: the same result every time, as fast as the model runs (default)
  live      starts the real node and plays the bag to it over DDS in real time: latency, lost and replaced frames

labels, one of:
  --labels labels.csv          header start,end,label; then a line per stretch of time, end excluded:
                                   start,end,label
                                   0.0,4.5,cup
                                   4.5,6.0,unknown
                               times are seconds from the first message of the bag, or seconds since 1970 when they
                               are 100000000 or more; a label that is no class of the model means unknown
  --labels-topic /label        a std_msgs/String topic of the bag: each message holds until the next, "" = no label
Frames without a label are classified but not scored. Without labels there are scores over time and no metrics.

examples:
  python -m cac_ros.replay recordings/kitchen --model kitchen.cac --labels kitchen.csv --out kitchen_report
  python -m cac_ros.replay old.bag --topic /front/image_raw/compressed --model m.cac --labels-topic /label --out r
  python -m cac_ros.replay drive.mcap --model m.cac --labels l.csv --out r --mode live --rate 2
  python -m cac_ros.replay drive.mcap --model m.cac --labels l.csv --out r --known-kept 0.99

A bag that was cut off is evaluated up to the cut, and the report says so.
"""


_JUDGED = (Reason.OK.name, Reason.ABOVE_THRESHOLD.name)


class ReplayError(CacError):
    """A replay that cannot be done, or whose counts do not add up."""


@dataclass(frozen=True)
class Settings:
    """What one replay does; the command line's options."""

    bag: Path
    model: Path
    out: Path
    labels: Path | None = None
    labels_topic: str | None = None
    topic: str | None = None
    mode: str = "offline"
    rate: float = 1.0
    known_kept: float | None = None
    threshold: float | None = None
    per_class: bool = False
    engine: str = "auto"
    device: str = "auto"
    title: str | None = None
    watch: bool = False


def replay(settings: Settings) -> Evaluation:
    """Run a replay and write its three files.

    Raises:
        CacError: with a sentence; files of an earlier replay are left as they were. The one exception are counts that
            do not add up after a live replay: then the files are written first, to look into.
    """
    _check(settings)
    bundle = load_bundle(settings.model)
    try:
        theta = bundle.thresholds.theta(settings.known_kept, settings.per_class, settings.threshold).numpy()
    except ValueError as error:
        own = settings.per_class and not bundle.thresholds.any_of_one_class
        option = "--per-class" if own else "--known-kept" if settings.threshold is None else "--threshold"
        raise ReplayError(f"{option}: {error}.") from error
    with Bag(settings.bag) as bag:
        topic = bag.image_topic(settings.topic)
        labels = _labels(bag, settings)
        rows, notes, live, model = _classify(bag, topic, bundle, theta, settings)
        if not rows:
            raise ReplayError(f"{bag.path}: there is no frame on {topic.name}; record the bag again.")
        truncated = bag.damaged
        times = sorted(row.time_ns for row in rows)
        if labels is not None:
            notes += check_coverage(labels, times, bag.start_ns, truncated)
        rows = with_labels(rows, labels, bundle.class_names)
        evaluation = Evaluation(
            bag_name=settings.bag.resolve().name,
            topic=topic.name,
            bag_start_ns=bag.start_ns,
            mode=settings.mode,
            rows=rows,
            class_names=bundle.class_names,
            theta=tuple(float(t) for t in theta),
            known_kept=bundle.thresholds.known_kept if settings.known_kept is None else settings.known_kept,
            per_class=settings.per_class,
            fixed_threshold=settings.threshold is not None,
            model=model,
            truncated=truncated,
            labels=labels,
            notes=(*bag.notes, *notes, *_label_notes(rows, labels, bundle.class_names)),
            live=live,
        )
        write_results(evaluation, bag, settings.out, settings.title)
    if live is not None and (problems := live.broken_sums()):
        raise ReplayError(f"The counts of the live replay do not add up: {' '.join(problems)} See {settings.out}.")
    return evaluation


def write_results(evaluation: Evaluation, bag: Bag, out: Path, title: str | None = None) -> None:
    """Write metrics.json, frames.csv and report.html; each file appears whole or not at all."""
    from cac_ros.replay.report import build_report  # plotly takes a second to import

    text = json.dumps(evaluation.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    report = build_report(evaluation, bag, title)
    write_atomically(out / "frames.csv", evaluation.to_csv().encode())
    write_atomically(out / "metrics.json", text.encode())
    write_atomically(out / "report.html", report.encode())


def _check(settings: Settings) -> None:
    if settings.labels is not None and settings.labels_topic is not None:
        raise ReplayError("Both --labels and --labels-topic were given; labels come from one of them.")
    if settings.threshold is not None and (settings.known_kept is not None or settings.per_class):
        raise ReplayError("--threshold sets θ by hand, so --known-kept and --per-class have no effect; leave them out.")
    if not (math.isfinite(settings.rate) and settings.rate > 0):
        raise ReplayError(
            f"--rate must be a number above 0, not {settings.rate:g}; 1 plays in real time, 2 twice as fast."
        )
    if settings.rate != 1.0 and settings.mode == "offline":
        raise ReplayError("--rate is about live replays; offline reads every frame at full speed, so leave it out.")
    if settings.watch and settings.mode == "offline":
        raise ReplayError("--watch is about live replays; offline draws nothing, so add --mode live.")
    if settings.out.exists() and not settings.out.is_dir():
        raise ReplayError(f"--out {settings.out} is a file; give a folder, it is created when missing.")


def _labels(bag: Bag, settings: Settings) -> Labels | None:
    if settings.labels is not None:
        labels = read_label_file(settings.labels, bag.start_ns)
        if not bag.damaged:
            check_span(labels, bag.start_ns, bag.end_ns)
        return labels
    if settings.labels_topic is not None:
        return read_label_topic(bag, settings.labels_topic)
    return None


def _classify(
    bag: Bag, topic: Topic, bundle: ModelBundle, theta: np.ndarray, settings: Settings
) -> tuple[list[FrameResult], list[str], LiveFigures | None, dict[str, Any]]:
    """Rows, sentences, live figures and the model card's engine lines."""
    about = {"id": bundle.model_id, "name": bundle.name, "classes": list(bundle.class_names)}
    if settings.mode == "live":
        from cac_ros.replay import live  # the only part that needs ROS

        parameters = _node_parameters(settings)
        result = live.replay(bag, topic, bundle.class_names, parameters, settings.rate, settings.watch)
        return result.rows, list(result.notes), result.figures, {**about, **result.model}
    from cac_ros.replay.offline import classify

    predictor = Predictor(bundle, settings.engine, settings.device)
    with console.progress_bar() as bar:
        task = bar.add_task("classifying frames", total=topic.count or None)
        rows, notes = classify(bag.messages(topic.name), predictor, theta, lambda: bar.advance(task))
    about |= {"engine": predictor.engine_name, "device": predictor.device_name}
    return rows, [*predictor.notes, *notes], None, about


def _node_parameters(settings: Settings) -> dict[str, str | bool | float]:
    """The node's parameters that say the same as our options."""
    parameters: dict[str, str | bool | float] = {
        "model_path": str(settings.model.resolve()),
        "engine": settings.engine,
        "device": settings.device,
        "per_class_thresholds": settings.per_class,
    }
    if settings.known_kept is not None:
        parameters["known_kept"] = float(settings.known_kept)
    if settings.threshold is not None:
        parameters["threshold"] = float(settings.threshold)
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
        names = ", ".join(f"{name!r} ({count})" for name, count in sorted(foreign.items(), key=str))
        notes.append(f"Labels that are no class of the model count as unknown: {names}.")
    missing = [name for name in class_names if all(row.label != name for row in rows)]
    if missing:
        notes.append(f"No frame is labelled as {', '.join(map(repr, missing))}, so nothing is measured about it.")
    if not any(row.scored and row.truth == UNKNOWN for row in rows):
        notes.append(
            "No scored frame shows something unknown, so AUROC and the share of unknown rejected have no value."
        )
    if not any(row.scored and row.truth != UNKNOWN for row in rows):
        notes.append(
            "No scored frame shows a known class, so accuracy, AUROC and the share of known kept have no value."
        )
    return notes


def summary(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Lines for a table: what was measured, and the figure."""
    metrics, counts = metrics_of(evaluation.rows), evaluation.counts()
    number = console.number
    lines = [
        ("frames", f"{counts['total']:,} ({counts['scored']:,} scored)"),
        ("AUROC, known against unknown", number(metrics.auroc)),
        ("accuracy on known", number(metrics.accuracy)),
        ("CCR at 5 % FPR", number(metrics.ccr_at_fpr_5)),
        ("CCR at 10 % FPR", number(metrics.ccr_at_fpr_10)),
        ("known kept at θ", number(metrics.known_kept)),
        ("unknown rejected at θ", number(metrics.unknown_rejected)),
        ("unknown accepted as known", f"{counts['unknown_accepted']:,}"),
    ]
    lines += [
        (f"not judged: {name}", f"{count:,}") for name, count in evaluation.reasons().items() if name not in _JUDGED
    ]
    if evaluation.live is not None:
        live = evaluation.live
        lines += [
            ("latency p50", f"{number(live.latency_p50, 1)} ms"),
            ("latency p95", f"{number(live.latency_p95, 1)} ms"),
            ("latency p99", f"{number(live.latency_p99, 1)} ms"),
            ("sent = received + lost", f"{live.sent} = {live.received} + {live.lost}"),
            (
                "received = classified + replaced + failed",
                f"{live.received} = {live.classified} + {live.replaced} + {live.failed}",
            ),
        ]
    return lines


def print_summary(evaluation: Evaluation, out: Path, title: str) -> None:
    """Print the table, the notes and the path of the report."""
    console.out.print(console.table(escape(title), ("measured", "value"), summary(evaluation)))
    for note in evaluation.notes:
        console.err.print(f"note: {note}", markup=False, highlight=False)
    console.out.print(str(out / "report.html"), markup=False, highlight=False)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="python -m cac_ros.replay",
        description=HELP,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = result.add_argument
    add("bag", type=Path, metavar="BAG", help="rosbag2 folder, or a .mcap, .db3 or ROS 1 .bag file")
    add("--model", type=Path, required=True, metavar="FILE", help="the model bundle (.cac)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results; created when missing")
    add("--labels", type=Path, metavar="FILE", help="labels.csv, see below")
    add("--labels-topic", metavar="NAME", help="std_msgs/String topic of the bag with labels, see below")
    add("--topic", metavar="NAME", help="image topic; not needed when the bag has exactly one")
    add("--mode", choices=("offline", "live"), default="offline", help="see below; default: %(default)s")
    add("--rate", type=float, default=1.0, metavar="X", help="live: times the bag's own pace; default: %(default)s")
    add("--known-kept", type=float, metavar="SHARE", help="choose θ so that this share of known validation images is "
        "kept, above 0 up to 1; default: as chosen when the model was trained")  # fmt: skip
    add("--threshold", type=float, metavar="THETA", help="set θ by hand instead")
    add("--per-class", action="store_true", help="one θ per class instead of one for all")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N; default: %(default)s")
    add("--engine", default="auto", help="inference engine; default: %(default)s")
    add("--watch", action="store_true", help="live: publish the annotated image on /cac_replay/debug_image, in the ROS "
        "domain of this terminal, for RViz, rqt or Foxglove")  # fmt: skip
    add("--title", metavar="TEXT", help="title of the report; default: the bag's name")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the command line."""
    settings = Settings(**vars(parser().parse_args(arguments)))
    evaluation = replay(settings)
    print_summary(evaluation, settings.out, f"{evaluation.bag_name} · {evaluation.topic} · {evaluation.mode}")
    return 0
