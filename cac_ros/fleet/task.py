# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a worker is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass

from cac_ros.fleet.sources import Source


@dataclass(frozen=True)
class Settings:
    """What holds for every recording.

    Attributes:
        models: paths of the bundles.
        known_kept, threshold, per_class: how θ is chosen.
        engine, device, precision: of the models.
        threads: CPU threads of an engine.
        topic: image topic; None takes the only one.
        labels_topic: topic with labels.
        by_content: see `cac_ros.fleet.identity`.
        scratch_gb: largest remote file that is copied [GB].
    """

    models: tuple[str, ...]
    known_kept: float | None = None
    threshold: float | None = None
    per_class: bool = False
    engine: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    threads: int = 1
    topic: str | None = None
    labels_topic: str | None = None
    by_content: bool = False
    scratch_gb: float = 20.0


@dataclass(frozen=True)
class Task:
    """One recording and one model.

    Attributes:
        source: the recording.
        identity: what it was known by when it was found.
        key: of its result.
        model: position in `Settings.models`.
        labels: content of its label file; None without one.
        labels_name: path of that file, for sentences.
        answers: path of the file for the answers as a recording; empty for none.
    """

    source: Source
    identity: str
    key: str
    model: int
    labels: str | None = None
    labels_name: str = ""
    answers: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes:
        content: the result as a file; None where it failed.
        frames: that were classified.
        notes: sentences for the log.
        problem: why it failed, a sentence.
        again: whether another try may succeed.
    """

    content: bytes | None = None
    frames: int = 0
    notes: tuple[str, ...] = ()
    problem: str = ""
    again: bool = False
