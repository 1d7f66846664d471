# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Collects the most informative frames of a fleet in a folder.

It has the form of the node's harvest: pictures, and ``index.csv`` with a line for each.
"""

from __future__ import annotations

from pathlib import Path

from cac_core.pictures.encode import encode_jpeg
from cac_core.predictor import Decision, Reason
from cac_core.preprocessing import Frame
from cac_core.support import console
from cac_core.support.errors import CacError
from cac_core.support.files import sentence_about, write_atomically
from cac_ros.bags.message import MessageError
from cac_ros.bags.reader import Bag
from cac_ros.fleet.bag_result import BagResult
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.informative import Candidate, most_informative
from cac_ros.fleet.opening import open_recording
from cac_ros.fleet.recordings import Answers
from cac_ros.fleet.run import Fleet
from cac_ros.fleet.store import Store, result_name
from cac_ros.images import BadFrameError, to_bgr, to_frame
from cac_ros.images.likeness import Thumbnail, alike, thumbnail_of
from cac_ros.node.observers.harvest import file_name
from cac_ros.node.observers.harvest_index import append_row, index_row
from cac_ros.node.observers.observer import AnsweredFrame
from cac_ros.stamps import stamp_ns


def check_harvest(folder: Path) -> None:
    """See before the work that pictures can be put there.

    Raises:
        FleetError: the folder holds something.
    """
    with sentence_about(folder):
        full = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if full:
        raise FleetError(f"--harvest {folder} is not empty; give a new folder, so that nothing is labelled twice.")


def harvest(fleet: Fleet, store: Store, folder: Path, most: int, scratch_gb: float) -> int:
    """Save the most informative frames; none looks like another one.

    Args:
        fleet: what was found.
        store: holds the results.
        folder: for the pictures.
        most: how many are saved.
        scratch_gb: see `open_recording`.

    Returns:
        How many were saved.

    Raises:
        CacError: they cannot be written.
    """
    model = len(fleet.models) - 1
    found = [
        (each, BagResult.from_bytes(store.read(result_name(each.answers[model].key))).scenes)
        for each in fleet.recordings
        if each.answers
    ]
    looks: list[Thumbnail] = []
    with console.progress_bar() as bar:
        task = bar.add_task("harvesting frames", total=most)
        for candidate in most_informative(found, model):
            if len(looks) == most:
                break
            answered = _read(candidate, model, scratch_gb)
            if answered is None or answered.frame is None:
                continue
            picture = to_bgr(answered.frame)
            look = thumbnail_of(picture)
            if any(alike(look, earlier) for earlier in looks):
                continue
            data = encode_jpeg(picture)
            _save(folder, answered, data, candidate.because)
            looks.append(look)
            bar.advance(task)
    return len(looks)


def _save(folder: Path, answered: AnsweredFrame, data: bytes, because: str) -> None:
    seconds = answered.arrived
    while (path := folder / file_name(seconds, answered.decision.nearest_label)).exists():
        seconds += 2e-6  # another robot saw something at the same time
    write_atomically(path, data)
    with sentence_about(folder):
        append_row(folder / "index.csv", index_row(path.name, answered, because))


def _read(candidate: Candidate, model: int, scratch_gb: float) -> AnsweredFrame | None:
    """The frame; None where it cannot be read any more."""
    answers = candidate.recording.answers[model]
    try:
        with open_recording(candidate.recording.place, scratch_gb) as bag:
            found = _message(bag, answers, candidate.frame)
    except CacError:
        return None
    if found is None:
        return None
    header, frame = found
    time_ns = int(answers.frames.time_ns[candidate.frame])
    return AnsweredFrame(
        header, frame, _decision(answers, candidate.frame), answers.about["model_id"], answers.about["classes"],
        time_ns / 1e9, 0.0,
    )  # fmt: skip


def _message(bag: Bag, answers: Answers, frame: int) -> tuple[object, Frame] | None:
    time_ns, stamp = int(answers.frames.time_ns[frame]), int(answers.frames.stamp_ns[frame])
    for message in bag.messages(answers.about["topic"], time_ns, time_ns + 1):
        try:
            content = message.decode()
            if stamp_ns(content.header.stamp) == stamp:
                return content.header, to_frame(content)
        except (MessageError, BadFrameError):
            continue
    return None


def _decision(answers: Answers, frame: int) -> Decision:
    frames, names = answers.frames, [*answers.about["classes"], ""]
    said, nearest = int(frames.said[frame]), int(frames.nearest[frame])
    return Decision(
        unknown=bool(frames.unknown[frame]),
        class_index=said,
        label=names[said],
        nearest_index=nearest,
        nearest_label=names[nearest],
        rejection_score=float(frames.score[frame]),
        threshold=float(frames.threshold[frame]),
        reason=Reason(int(frames.reason[frame])),
        rejection_scores=frames.score[:0],
    )
