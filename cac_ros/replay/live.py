# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Play a bag to the real node over DDS, in real time, and collect what it answers.

The node runs as its own process, in a namespace and (unless ROS_DOMAIN_ID is set, or it is to be watched) a ROS domain
of its own.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from cac_msgs.msg import OpenSetClassification

from cac_core.predictor import Reason, failed
from cac_core.support import console
from cac_ros.bags.message import MessageError, Topic
from cac_ros.bags.reader import Bag
from cac_ros.images import FAINT_NOTE, BadFrameError, FaintFrame, to_frame
from cac_ros.replay.dds_driver import DdsDriver, NotDiscoveredError
from cac_ros.replay.live_figures import LiveFigures
from cac_ros.replay.node_process import NodeProcess, ParameterValue
from cac_ros.replay.pacing import Played, SentFrame, play
from cac_ros.replay.results import UNKNOWN, FrameResult, from_decision, no_answer
from cac_ros.replay.signals import ended_by_sigterm
from cac_ros.replay.transport import WATCHED, domain_is_chosen, prepare_environment, take_next_domain

ATTEMPTS = 3
"""How often the replay is begun anew, each time in another ROS domain, when they do not find each other."""

_REPORT_PERIOD = 0.2  # [s]; of the node's diagnostics, from which the counters are read
_LOOKED_AT = 10  # frames
_LATE = 0.1  # [s]; publishing later than this is worth a note


@dataclass(frozen=True)
class LiveResult:
    """What a live replay gives: a row per frame, sentences, counters, and what the node said of its model."""

    rows: list[FrameResult]
    notes: list[str]
    figures: LiveFigures
    model: dict[str, str]


def replay(
    bag: Bag,
    topic: Topic,
    class_names: Sequence[str],
    parameters: Mapping[str, ParameterValue],
    rate: float = 1.0,
    watch: bool = False,
) -> LiveResult:
    """Start the node, play one image topic to it, and end the node.

    Args:
        bag: the bag, open.
        topic: its image topic.
        class_names: the model's classes in index order.
        parameters: of the node; `model_path` at least.
        rate: times the bag's own pace.
        watch: publish the annotated image on `WATCHED`, in the ROS domain and over the transport that the user's other
            programs have; otherwise nobody hears this replay.

    Raises:
        LiveError: the node was not found, or did not answer in time.
        NodeProcessError: the node did not start or ended early; with its reason.
    """
    attempts = 1 if watch or domain_is_chosen() else ATTEMPTS  # a domain of the user's choice is kept
    notes = [*prepare_environment(watch), *_faint_note(bag, topic, parameters.get("depth_range"))]
    while True:
        try:
            result = _attempt(bag, topic, class_names, parameters, rate, watch)
        except NotDiscoveredError as error:
            attempts -= 1
            if attempts == 0:
                raise
            # Seen once on a busy machine and never explained: both processes run, and neither sees the other.
            console.warn(f"{error} Trying again in the next domain.")
            take_next_domain()
        else:
            return replace(result, notes=[*notes, *result.notes])


def _attempt(
    bag: Bag,
    topic: Topic,
    class_names: Sequence[str],
    parameters: Mapping[str, ParameterValue],
    rate: float,
    watch: bool,
) -> LiveResult:
    compressed = topic.msgtype.endswith("/CompressedImage")
    namespace = f"/cac_replay_{os.getpid()}"
    reports = f"{namespace}/diagnostics"
    names = {"/diagnostics": reports}
    if watch:
        names |= {"~/debug_image": WATCHED, "~/debug_image/compressed": f"{WATCHED}/compressed"}
    own = {
        "image_transport": "compressed" if compressed else "raw",
        "diagnostics_period": _REPORT_PERIOD,
        "autostart": True,
    }
    with (
        ended_by_sigterm(),
        tempfile.TemporaryDirectory(prefix="cac_replay_") as folder,
        DdsDriver(namespace, reports, compressed) as driver,
        NodeProcess(Path(folder), namespace=namespace, parameters={**parameters, **own}, remappings=names) as node,
    ):
        with console.activity("starting the node"):
            driver.wait_ready(node)
        played = play(bag.messages(topic.name), driver, node.check, rate, topic.count or None)
        driver.settle(played.published, node)
        rows = _rows(played.frames, driver.answers, class_names)
        model = {key: driver.report.get(key, "") for key in ("engine", "device", "precision")}
        counters = driver.counters()
    figures = _figures(rows, played, counters, rate)
    return LiveResult(rows, [*played.notes(), *_notes(figures)], figures, model)


def _faint_note(bag: Bag, topic: Topic, depth_range: Any) -> list[str]:
    """What the node, whose log nobody sees, says of 16-bit images that become nearly one grey; by the first frames."""
    faint = seen = 0
    for message in islice(bag.messages(topic.name), _LOOKED_AT):
        with suppress(MessageError, BadFrameError):
            faint += isinstance(to_frame(message.decode(), depth_range=depth_range), FaintFrame)
            seen += 1
    return [FAINT_NOTE] if 2 * faint > seen else []


def _rows(
    frames: Sequence[SentFrame], answers: Mapping[int, tuple[float, OpenSetClassification]], class_names: Sequence[str]
) -> list[FrameResult]:
    """A row per frame."""
    index_of = {name: index for index, name in enumerate(class_names)}
    rows = []
    for frame in frames:
        if frame.new_stamp is None:
            rows.append(from_decision(frame.index, frame.time_ns, frame.stamp_ns, failed(Reason.BAD_FRAME)))
            continue
        if frame.new_stamp not in answers:
            rows.append(no_answer(frame.index, frame.time_ns, frame.stamp_ns))
            continue
        received_at, answer = answers[frame.new_stamp]
        rows.append(
            FrameResult(
                index=frame.index,
                time_ns=frame.time_ns,
                stamp_ns=frame.stamp_ns,
                unknown=answer.unknown,
                class_index=answer.class_index,
                nearest_index=index_of.get(answer.nearest_label, UNKNOWN),
                rejection_score=answer.rejection_score,
                threshold=answer.threshold,
                reason=Reason(answer.reason).name,
                latency_ms=1e3 * (received_at - frame.published_at),
            )
        )
    return rows


def _figures(rows: Sequence[FrameResult], played: Played, counters: Mapping[str, int], rate: float) -> LiveFigures:
    latencies = [row.latency_ms for row in rows if row.latency_ms is not None]
    # Without interpolation: each is the latency of a frame.
    quantiles = np.percentile(latencies or [np.nan], (50, 95, 99), method="inverted_cdf")
    p50, p95, p99 = (float(value) for value in quantiles)
    return LiveFigures(
        rate=rate,
        sent=played.published,
        **counters,
        answers=len(latencies),
        latency_p50=p50,
        latency_p95=p95,
        latency_p99=p99,
        worst_lateness_ms=1e3 * played.lateness,
    )


def _notes(figures: LiveFigures) -> list[str]:
    notes = []
    late = figures.worst_lateness_ms / 1e3
    if late > _LATE:
        notes.append(f"The bag could not be played at its pace: a frame was published {late:.2f} s late.")
    if figures.lost > 0:
        notes.append(f"{figures.lost} of {figures.sent} frames were lost on their way to the node.")
    if figures.replaced:
        notes.append(f"Frames replaced by newer ones before the node could classify them: {figures.replaced}.")
    return notes
