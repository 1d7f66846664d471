# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The options of a fleet's evaluation, declared once: the command line is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FleetConfig:
    """Evaluate a model on many recordings, and write one report.

    Every recording is classified by a worker process, and its result is kept in the folder of --out. The same command
    again does only what is missing. A recording that cannot be read becomes a row with its reason.

    Attributes:
        bags: recordings: folders, globs, files, URLs, or a .txt file with one of these on each line; see below.
        model: the model bundle (.cac).
        out: folder or URL for the results and the report; created when missing.
        new_model: a second model; the report compares it with the first, frame by frame.
        labels: folder with a CSV file for each recording, see below.
        labels_topic: std_msgs/String topic of the recordings with labels.
        tags: CSV file with the header bag,robot,day: what the report groups by, see below.
        topic: image topic; not needed where a recording has exactly one.
        known_kept: choose θ so that this share of known validation images is kept, above 0 up to 1; as chosen when the
            model was trained when not given.
        threshold: set θ by hand instead; not with --new-model.
        per_class: one θ per class instead of one for all.
        engine: inference engine.
        device: auto, cpu, cuda or cuda:N.
        precision: float32, or a variant of the model; auto takes what fits the device.
        harvest: new folder for the frames that are most worth a label, see below.
        harvest_count: most frames that are harvested.
        answers: folder, as the workers see it, for the answers to each recording as an .mcap file with the annotated
            images, for Foxglove and Rerun.
        workers: processes that classify; 0 is one per CPU core, or one per GPU.
        ray: address of a Ray cluster whose workers are used: auto, HOST:PORT or ray://HOST:PORT; local starts one on
            this machine. Without it, workers are plain processes of this machine.
        threads: CPU threads of each worker; figures may differ in the last digit with another number.
        retries: how often a recording is tried again after its worker died or took too long.
        time_limit: longest time for one recording [s]; its worker is ended then.
        scratch_gb: largest remote file that is copied to the disk of a worker, where it cannot be read in place [GB].
        by_content: know a recording by the digest of its bytes instead of path, size and time of change.
    """

    bags: tuple[str, ...]
    model: Path
    out: str
    new_model: Path | None = None
    labels: Path | None = None
    labels_topic: str | None = None
    tags: Path | None = None
    topic: str | None = None
    known_kept: float | None = None
    threshold: float | None = None
    per_class: bool = False
    engine: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    harvest: Path | None = None
    harvest_count: int = 200
    answers: Path | None = None
    workers: int = 0
    ray: str | None = None
    threads: int = 1
    retries: int = 2
    time_limit: float = 3600.0
    scratch_gb: float = 20.0
    by_content: bool = False
