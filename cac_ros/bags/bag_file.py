# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One file of a bag, whatever its format and its state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Protocol

from cac_ros.bags.message import BagMessage, Topic, added_up
from cac_ros.bags.recovery.recovered import Recovered


class BagFile(Protocol):
    """One file of a bag.

    Attributes:
        name: of the file.
        topics: those it has, with the number of messages that are in it.
        start_ns, end_ns: first and last time of recording of any message, None without a message.
    """

    name: str
    topics: list[Topic]
    start_ns: int | None
    end_ns: int | None

    def messages(
        self, topic: str, start: int | None, stop: int | None, on_damage: Callable[[str], None]
    ) -> Iterator[BagMessage]:
        """Messages of one topic recorded at or after `start` and before `stop` [ns], in order of time.

        `on_damage` is told what is wrong with a part that cannot be read; the reading goes on behind it.
        """

    def close(self) -> None:
        """Close the file."""


class ScannedFile:
    """A file read without its index."""

    def __init__(self, name: str, found: Recovered) -> None:
        self.name = name
        self._found = found
        counts = dict.fromkeys(found.channels, 0)
        for entry in found.entries:
            counts[entry.channel] += 1
        topics = (Topic(c.topic, c.msgtype, counts[key]) for key, c in found.channels.items())
        self.topics = list(added_up(topics).values())
        times = [entry.time_ns for entry in found.entries]
        self.start_ns: int | None = min(times, default=None)
        self.end_ns: int | None = max(times, default=None)

    def messages(
        self, topic: str, start: int | None, stop: int | None, on_damage: Callable[[str], None]
    ) -> Iterator[BagMessage]:
        """Messages of one topic in order of time; see `BagFile`."""
        channels = self._found.channels
        for entry in sorted(self._found.entries, key=attrgetter("time_ns")):
            channel = channels[entry.channel]
            early = start is not None and entry.time_ns < start
            late = stop is not None and entry.time_ns >= stop
            if channel.topic == topic and not early and not late:
                data = self._found.fetch(entry.place)
                yield BagMessage(topic, entry.time_ns, channel.msgtype, channel.encoding, data)

    def close(self) -> None:
        """Close the file."""
        self._found.close()
