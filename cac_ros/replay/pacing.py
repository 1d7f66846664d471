# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Play the frames of a bag at their time, each stamped anew.

Frames are stamped with the time of their publication, as a camera does. Stamps of a recording may repeat or lie years
back, and the answers are told apart by their stamps.

A gap in the recording is not waited for: a robot without a clock records its first frames in 1970, and the others now.
"""

from __future__ import annotations

import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cac_core.support import console
from cac_ros.bags.message import BagMessage, MessageError
from cac_ros.stamps import stamp_ns

_LEAD = 0.05  # [s] before the first frame
_LONGEST_SLEEP = 0.5  # [s]; so often the node is looked at during a pause of the recording
LONGEST_GAP = 10.0
"""A gap between two frames up to this is kept [s of the recording]."""

SHORTENED_GAP = 2.0
"""What a longer gap becomes [s of the recording]; more than the second after which the node begins a new vote."""

_PLAYING = "playing the bag"
_SHOWN_WAIT = 1.0  # [s]; the progress bar tells of a longer wait
_CDR_HEADER = 4  # [bytes] before the first field of a serialised message


@dataclass(frozen=True)
class SentFrame:
    """A frame on its way.

    Attributes:
        index: its position among the frames of the topic, from 0.
        time_ns: when it was recorded.
        stamp_ns: the stamp of its header; 0 when the message could not be read.
        new_stamp: the stamp it was published with, None when it could not be published.
        published_at: when, in seconds of the monotonic clock.
    """

    index: int
    time_ns: int
    stamp_ns: int
    new_stamp: int | None
    published_at: float


@dataclass
class Played:
    """What was played.

    Attributes:
        frames: in order.
        lateness: the worst delay [s].
        complaints: how often a frame could not be sent for what.
        gaps: those of the recording that were shortened [s].
    """

    frames: list[SentFrame] = field(default_factory=list)
    lateness: float = 0.0
    complaints: Counter[str] = field(default_factory=Counter)
    gaps: Sequence[float] = ()

    @property
    def published(self) -> int:
        """How many frames were published."""
        return sum(frame.new_stamp is not None for frame in self.frames)

    def notes(self) -> list[str]:
        """Sentences about frames that could not be sent, and about gaps."""
        total = len(self.frames)
        notes = [f"{count} of {total} frames could not be sent: {why}." for why, count in self.complaints.items()]
        if self.gaps:
            several = len(self.gaps) > 1
            what = f"{len(self.gaps)} gaps" if several else "1 gap"
            longest = ("the longest: " if several else "") + _duration(max(self.gaps))
            notes.append(
                f"The recording has {what} longer than {LONGEST_GAP:g} s ({longest}). "
                f"A gap like that was played as {SHORTENED_GAP:g} s."
            )
        return notes


class Publisher(Protocol):
    """Where frames go to."""

    def publish(self, data: bytes) -> None:
        """Publish a serialised message."""

    def wait_for_answer(self, stamp_ns: int, timeout: float) -> None:
        """Wait until the frame with this stamp is answered, but no longer than `timeout` seconds."""


def play(
    messages: Iterator[BagMessage],
    publisher: Publisher,
    check: Callable[[], None],
    rate: float = 1.0,
    count: int | None = None,
) -> Played:
    """Publish every frame at its time.

    Args:
        messages: of one image topic, in order.
        publisher: where they go to.
        check: called during pauses; what it raises ends the playing.
        rate: times the bag's own pace.
        count: of the messages, for the progress bar; None when it is not known.
    """
    played = Played()
    pace, new_stamp, before = Pace(rate), 0, 0.0
    with console.progress_bar() as bar:
        task = bar.add_task(_PLAYING, total=count)
        for index, message in enumerate(messages):
            try:
                recorded = stamp_ns(message.decode().header.stamp)
                data = bytearray(message.cdr())
            except MessageError as error:  # a middleware must not be given such bytes
                played.complaints[str(error)] += 1
                played.frames.append(SentFrame(index, message.time_ns, 0, None, 0.0))
                continue
            due = pace.due(message.time_ns)
            waits = False
            while (left := due - time.monotonic()) > 0:
                if left > _SHOWN_WAIT:
                    waits = True
                    bar.update(task, description=f"{_PLAYING} (waiting {left:.0f} s for the next frame)")
                time.sleep(min(left, _LONGEST_SLEEP))
                check()
            if waits:
                bar.update(task, description=_PLAYING)
            played.lateness = max(played.lateness, time.monotonic() - due)
            new_stamp = max(time.time_ns(), new_stamp + 1)
            write_stamp(data, new_stamp)
            published_at = time.monotonic()
            publisher.publish(bytes(data))
            played.frames.append(SentFrame(index, message.time_ns, recorded, new_stamp, published_at))
            bar.advance(task)
            # Reading the next frame would hold up the thread that receives the answer, and so lengthen the latency.
            publisher.wait_for_answer(new_stamp, (due - before) / 2 if before else 0.0)
            before = due
    played.gaps = pace.gaps
    return played


class Pace:
    """Due times of frames; the clock starts with the first.

    Attributes:
        gaps: those of the recording that were shortened [s].
    """

    def __init__(self, rate: float) -> None:
        """Take `rate` times the pace of the recording."""
        self.gaps: list[float] = []
        self._rate = rate
        self._start: float | None = None
        self._before_ns = 0
        self._elapsed = 0.0  # [s of the recording], without what was left out of gaps

    def due(self, time_ns: int) -> float:
        """When a frame recorded at this time is due, in seconds of the monotonic clock."""
        if self._start is None:
            self._start, self._before_ns = time.monotonic() + _LEAD, time_ns
        gap = (time_ns - self._before_ns) / 1e9
        if gap > LONGEST_GAP:
            self.gaps.append(gap)
            gap = SHORTENED_GAP
        self._elapsed += gap
        self._before_ns = time_ns
        return self._start + self._elapsed / self._rate


def _duration(seconds: float) -> str:
    """A long time in the unit that people use for it."""
    for unit, length in (("years", 365.25 * 86400), ("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def write_stamp(data: bytearray, stamp_ns: int) -> None:
    """Change the stamp of a serialised message whose first field is a header.

    Args:
        data: the message in CDR; its second byte tells the order of bytes.
        stamp_ns: the new stamp.
    """
    order = "<" if data[1] & 1 else ">"
    struct.pack_into(f"{order}iI", data, _CDR_HEADER, *divmod(stamp_ns, 10**9))
