# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keeps rejected frames, and those near the threshold, in a folder, to be labelled and trained on.

Never blocks a frame. No ROS in this file. ``FOLDER/20260131T120000.123456_near-cup.jpg`` and so on, and
``FOLDER/index.csv`` with a line for each.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from cac_core.pictures.encode import encode_jpeg
from cac_core.predictor import Decision, Reason
from cac_core.support.errors import CacError
from cac_core.support.names import one_line
from cac_ros.images import to_bgr
from cac_ros.images.likeness import Thumbnail, alike, thumbnail_of
from cac_ros.node.log_throttle import LogThrottle
from cac_ros.node.newest_frame_worker import NewestFrameWorker
from cac_ros.node.observers.harvest_index import NEAR_THRESHOLD, UNKNOWN, append_row, index_row, renew_header
from cac_ros.node.observers.observer import AnsweredFrame

_REMEMBERED = 256  # saved pictures that a new one is compared with
_SAY_AGAIN = 600.0  # [s]; a disk at its brink fails and works in turns
_HANGS = 5.0  # [s]; no picture takes a disk that works for so long


class QuotaError(Exception):
    """The folder is full as far as we are concerned; the message is a sentence."""


def saved_because(decision: Decision, margin: float) -> str:
    """Why a frame is worth saving; empty if it is not.

    Args:
        decision: what was answered.
        margin: share of the threshold that a score near it differs by at most; 0 = only unknown frames are saved.
    """
    if decision.reason not in (Reason.OK, Reason.ABOVE_THRESHOLD):
        return ""
    near = margin > 0 and abs(decision.rejection_score - decision.threshold) <= margin * decision.threshold
    if near:
        return NEAR_THRESHOLD
    return UNKNOWN if decision.unknown else ""


class Harvest:
    """An observer that saves frames answered with "unknown" because no class was close enough.

    With a margin it also saves those, known or unknown, whose score lies near the threshold. Frames with an error are
    not saved. Everything that touches the disk happens in a thread of its own, which works on the newest frame and
    forgets older ones.

    Args:
        folder: made when the first frame is saved.
        period: least time between two frames that are looked at [s].
        quota: most bytes of pictures in the folder, those of earlier runs included.
        say: gets a sentence when saving fails, once in ten minutes for each kind of failure.
        clock: gives the time of day [s since 1970], for the names of the files.
        margin: see :func:`saved_because`.
    """

    def __init__(
        self,
        folder: Path,
        period: float,
        quota: float,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.time,
        margin: float = 0.0,
    ) -> None:
        self._folder = folder
        self._period = period
        self._quota = quota
        self._say = say
        self._clock = clock
        self._margin = margin
        self._due = 0.0
        self._used = -1  # bytes; -1 = not counted yet
        self._thumbnails: deque[Thumbnail] = deque(maxlen=_REMEMBERED)
        self._saved = self._alike = self._failed = 0
        self._failure = ""  # of the last picture that was to be written; empty if it was
        self._throttle = LogThrottle(_SAY_AGAIN)
        self._worker: NewestFrameWorker[AnsweredFrame] = NewestFrameWorker(self._work, self._fail, name="harvest")

    @property
    def problem(self) -> str:
        """Why saving fails; until a picture is written again. Empty if it does not fail."""
        if (seconds := self._worker.busy_for()) > _HANGS:
            return f"Saving an unknown frame in {one_line(str(self._folder))} has taken {seconds:.0f} s so far."
        return self._failure

    def observe(self, answered: AnsweredFrame) -> None:
        """Hand a frame that is worth saving to the thread if it is time for one."""
        wanted = answered.frame is not None and saved_because(answered.decision, self._margin)
        if wanted and answered.arrived >= self._due:
            self._due = answered.arrived + self._period
            self._worker.put("frame", answered)

    def status_values(self) -> Mapping[str, str]:
        """What became of the frames that were looked at, and why saving fails."""
        return {
            "harvested": str(self._saved),
            "harvest_duplicates": str(self._alike),
            "harvest_failed": str(self._failed),
            "harvest_problem": self.problem,
        }

    def wait_idle(self, timeout: float) -> bool:
        """Wait until everything handed over is done with [s]; returns whether that happened in time."""
        return self._worker.wait_idle(timeout)

    def close(self, patience: float) -> None:
        """End the thread."""
        self._worker.close(patience)

    def _work(self, batch: Sequence[AnsweredFrame]) -> list[bool]:
        for answered in batch:
            try:
                if self._save(answered):
                    self._failure = ""
            except (OSError, QuotaError, CacError) as error:
                self._fail(error)
        return [True] * len(batch)

    def _fail(self, error: Exception) -> None:
        self._failed += 1
        kind: object = type(error)
        self._failure = str(error)
        if isinstance(error, OSError):
            kind = error.errno
            folder = one_line(str(self._folder))
            self._failure = f"Unknown frames cannot be saved in {folder}: {error.strerror or error}."
        if text := self._throttle(kind, self._failure):
            self._say(text)

    def _save(self, answered: AnsweredFrame) -> bool:
        """Returns whether it was written; otherwise it looks like one that was."""
        assert answered.frame is not None
        picture = to_bgr(answered.frame)
        thumbnail = thumbnail_of(picture)
        if any(alike(thumbnail, earlier) for earlier in self._thumbnails):
            self._alike += 1
            return False
        self._folder.mkdir(parents=True, exist_ok=True)
        data = encode_jpeg(picture)
        if self._used < 0 or self._used + len(data) > self._quota:  # somebody may have moved pictures away
            self._used = _bytes_of_pictures(self._folder)
        if self._used + len(data) > self._quota:
            raise QuotaError(
                f"{one_line(str(self._folder))} holds {self._used / 1e6:.0f} MB of unknown frames, the harvest_quota: "
                "label them and move them away, or raise the quota; until then no more are saved."
            )
        name = file_name(self._clock(), answered.decision.nearest_label)
        path, unfinished = self._folder / name, self._folder / f".{name}.part"
        try:
            unfinished.write_bytes(data)
            unfinished.replace(path)
            index = self._folder / "index.csv"
            if not self._saved:
                renew_header(index)
            append_row(index, index_row(name, answered, saved_because(answered.decision, self._margin)))
        except (OSError, CacError):
            unfinished.unlink(missing_ok=True)
            path.unlink(missing_ok=True)  # a picture without its line is of no use
            raise
        self._used += len(data)
        self._saved += 1
        self._thumbnails.append(thumbnail)
        return True


def _bytes_of_pictures(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.jpg"))


def file_name(now: float, nearest_label: str) -> str:
    """Of a picture: the time of day in UTC, and the nearest class as far as it is fit for a file name."""
    moment = datetime.fromtimestamp(now, timezone.utc).strftime("%Y%m%dT%H%M%S.%f")
    label = re.sub(r"[^\w-]+", "-", nearest_label).strip("-")[:40]
    return f"{moment}_near-{label}.jpg" if label else f"{moment}.jpg"
