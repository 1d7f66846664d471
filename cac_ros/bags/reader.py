# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Camera topics of bags: rosbag2 folders (mcap, sqlite3), a bare `.mcap` or `.db3`, and ROS 1 `.bag` files.

The files decide what is read; metadata.yaml is a hint. A file without a complete index, or a damaged one, goes through
`cac_ros.bags.recovery`, so that everything before a cut is still read. What was lost is told in `Bag.notes`, in
sentences for the user.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from functools import cached_property
from operator import attrgetter, itemgetter
from pathlib import Path
from types import TracebackType

from cac_ros.bags.bag_file import BagFile
from cac_ros.bags.findings import Findings
from cac_ros.bags.message import IMAGE_TYPES, STRING_TYPE, VIDEO_TYPES, BagError, BagMessage, Topic, added_up
from cac_ros.bags.opening import open_files
from cac_ros.bags.video import unread_pictures

_FIRST_RECORDINGS_NS = 1_262_304_000 * 10**9  # 2010, when ROS came out; a clock without a battery says 1970, 1980, 2000


class Bag:
    """A bag open for reading; use it in a `with` statement.

    Attributes:
        path: where the bag is.
        topics: every topic by name.
        start_ns, end_ns: first and last time of recording of any message, ns.
        notes: sentences about what is wrong with the bag. Reading may add to them.
        damaged: whether something of the recording is missing, as far as it was read until now.
    """

    def __init__(self, path: Path | str, files: Sequence[BagFile] | None = None) -> None:
        """Open the bag.

        Args:
            path: where it is.
            files: its files, where they are open already; closed by whoever opened them.

        Raises:
            BagError: nothing there, not a bag, or nothing of it readable.
        """
        self.path = Path(path)
        self._findings = Findings()
        self._stack = ExitStack()
        try:
            if files is None:
                files = open_files(self.path, self._findings, self._stack)
        except BaseException:
            self._stack.close()
            raise
        self._files = list(files)
        self.topics = added_up(topic for file in self._files for topic in file.topics)
        starts = [file.start_ns for file in self._files if file.start_ns is not None]
        ends = [file.end_ns for file in self._files if file.end_ns is not None]
        if not starts or not ends:
            self._stack.close()
            raise BagError(" ".join([f"The bag {self.path} holds no message.", *self.notes]))
        self.start_ns, self.end_ns = min(starts), max(ends)

    def __enter__(self) -> Bag:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._stack.close()

    @property
    def notes(self) -> list[str]:
        """Sentences about what is wrong with the bag."""
        return self._findings.sentences

    @cached_property
    def zero_ns(self) -> int:
        """The time from which seconds are counted, ns: that of the first message.

        A robot without a clock records its first messages in 1970, and the others when it has learned the time. Then
        it is the first message of these, and a note says so.
        """
        if self.start_ns >= _FIRST_RECORDINGS_NS or self.end_ns < _FIRST_RECORDINGS_NS:
            return self.start_ns
        filled = [topic.name for topic in self.topics.values() if topic.count]
        firsts = (next(self.messages(name, _FIRST_RECORDINGS_NS), None) for name in filled)
        zero = min((message.time_ns for message in firsts if message is not None), default=self.start_ns)
        self._findings.add(
            f"The first messages are of {_day(self.start_ns)}, before the clock was set: seconds count from the first "
            f"message of {_day(zero)}.",
            lost=False,
        )
        return zero

    @property
    def damaged(self) -> bool:
        """Whether something of the recording is missing."""
        return self._findings.lost

    def image_topics(self) -> list[Topic]:
        """Topics with images, by name."""
        return sorted((t for t in self.topics.values() if t.msgtype in IMAGE_TYPES), key=attrgetter("name"))

    def image_topic(self, name: str | None = None) -> Topic:
        """The image topic called `name`, or the only one with messages when no name is given.

        Raises:
            BagError: there is no such topic, it has no images, or there are several to choose from.
        """
        images = self.image_topics()
        filled = [topic for topic in images if topic.count]
        offer = ", ".join(f"{t.name} ({t.msgtype.rpartition('/')[2]}, {t.count} messages)" for t in filled or images)
        if name is None:
            filled = [topic for topic in filled if topic.msgtype not in VIDEO_TYPES] or filled  # often the same camera
            if len(filled) > 1:
                raise BagError(f"{self.path} has {len(filled)} image topics, choose one with --topic: {offer}.")
            if filled:
                empty = [topic.name for topic in images if not topic.count]
                if empty:
                    self._findings.add(f"{filled[0].name} was taken: no message is on {', '.join(empty)}.", lost=False)
                return filled[0]
        else:
            found = self.topics.get(name) or self.topics.get(f"/{name.lstrip('/')}")
            if found in filled:
                return found
            if filled:
                problem = f"no topic {name}"
                if found is not None:
                    problem = (
                        f"no images on {name} (it is a {found.msgtype})" if found.count else f"no message on {name}"
                    )
                way_out = unread_pictures([found]) if found is not None else ""
                raise BagError(f"{self.path} has {problem}; its image topics are: {offer}. {way_out}".strip())
        if images:
            raise BagError(f"{self.path} has no message on its image topics: {', '.join(t.name for t in images)}.")
        if way_out := unread_pictures(self.topics.values()):
            raise BagError(f"{self.path} has no image topic that is read here. {way_out}")
        topics = ", ".join(sorted(self.topics)) or "none"
        raise BagError(f"{self.path} has no image topic (its topics: {topics}); choose a bag recorded with a camera.")

    def label_topic(self, name: str) -> Topic:
        """The `std_msgs/String` topic called `name`.

        Raises:
            BagError: there is no such topic.
        """
        found = self.topics.get(name) or self.topics.get(f"/{name.lstrip('/')}")
        if found is not None and found.msgtype == STRING_TYPE:
            return found
        strings = sorted(t.name for t in self.topics.values() if t.msgtype == STRING_TYPE)
        offer = (
            f"its std_msgs/String topics are: {', '.join(strings)}" if strings else "it has no std_msgs/String topic"
        )
        raise BagError(f"{self.path} has no label topic {name}; {offer}.")

    def messages(self, topic: str, start: int | None = None, stop: int | None = None) -> Iterator[BagMessage]:
        """Messages of one topic in the order of recording.

        Args:
            topic: its name.
            start: only messages recorded at or after this time, ns.
            stop: only messages recorded before this time, ns.

        Yields:
            The messages. Where a file turns out to be damaged they end, and `notes` says so.
        """
        seen: dict[bytes, BagFile] = {}  # what was recorded at `now`, and the file that it is from
        now, twice = -1, 0
        streams = (self._stream(file, topic, start, stop) for file in self._files)
        for time_ns, file, message in heapq.merge(*streams, key=itemgetter(0)):
            if message is None:
                continue
            if len(self._files) > 1:
                if time_ns != now:
                    seen.clear()
                    now = time_ns
                if seen.setdefault(message.data, file) is not file:
                    twice += 1
                    continue
            yield message
        if twice:
            self._findings.add(f"{twice:,} messages on {topic} lie in two files; they were counted once.", lost=False)

    def _stream(
        self, file: BagFile, topic: str, start: int | None, stop: int | None
    ) -> Iterator[tuple[int, BagFile, BagMessage | None]]:
        """The messages of one file, which is read when its time comes, and not before."""
        if file.start_ns is None or topic not in {t.name for t in file.topics}:
            return
        yield file.start_ns, file, None
        for message in self._guarded(file, topic, start, stop):
            yield message.time_ns, file, message

    def _guarded(self, file: BagFile, topic: str, start: int | None, stop: int | None) -> Iterator[BagMessage]:
        count = 0
        problems: list[str] = []
        try:
            for message in file.messages(topic, start, stop, problems.append):
                count += 1
                yield message
            promised = sum(t.count for t in file.topics if t.name == topic)
            if start is None and stop is None and count < promised and not problems:
                problems.append(f"{promised:,} messages on {topic} are listed, {count:,} were found")
        except Exception as error:  # noqa: BLE001 — told in `notes`; damage makes readers raise anything
            problems.append(str(error))
        if problems:
            # Damage in the middle of a file with an intact index.
            self._findings.add(f"{file.name} is damaged ({problems[0]}): not all of its messages could be read.")


def _day(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 10**9, timezone.utc).date().isoformat()
