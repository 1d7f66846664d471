# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From classified frames and labels to frames that are scored, and what to say about the labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cac_core.support.names import listed
from cac_ros.bags.reader import Bag
from cac_ros.replay.labels import Labels, check_coverage, check_span, read_label_file, read_label_topic
from cac_ros.replay.results import UNKNOWN, FrameResult, with_labels


def labels_of(bag: Bag, file: Path | None, topic: str | None) -> Labels | None:
    """The labels of a bag, from a file or from one of its topics; None where neither is given.

    Raises:
        LabelError: they cannot be used, or lie outside of the recording.
        BagError: there is no such topic.
    """
    if file is not None:
        labels = read_label_file(file, bag.zero_ns)
        if not bag.damaged:
            check_span(labels, bag.zero_ns, bag.end_ns)
        return labels
    return None if topic is None else read_label_topic(bag, topic)


def scored(
    rows: Sequence[FrameResult], labels: Labels | None, bag: Bag, class_names: Sequence[str]
) -> tuple[list[FrameResult], list[str]]:
    """The rows with their labels, and sentences about the labels.

    Args:
        rows: every frame of the bag, at least one.
        labels: of the bag.
        bag: the frames were read from it to the end.
        class_names: of the model.

    Raises:
        LabelError: a label is about no frame.
    """
    notes = []
    if labels is not None:
        notes = check_coverage(labels, sorted(row.time_ns for row in rows), bag.zero_ns, bag.damaged)
    labelled = with_labels(rows, labels, class_names)
    return labelled, [*notes, *_label_notes(labelled, labels, class_names)]


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
