# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sqlite3 files that SQLite itself finds sound.

Only the two tables `topics` and `messages` are read, by the names of their columns. Whatever else a version of rosbag2
adds beside them (metadata, schema, message_definitions) is not needed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from operator import itemgetter
from pathlib import Path

from cac_ros.bags.message import BagMessage, Topic, added_up
from cac_ros.bags.recovery.sqlite import connect, is_short, read_channels

CHECK_SECONDS = 20.0
"""How long SQLite may look for damage in a file [s]; it reads 0.5 GB in a second. What it has not seen by then is
noticed when it is read, or by the counts in metadata.yaml."""


class DamagedDatabaseError(Exception):
    """SQLite finds the file damaged, or has no tables of a recording in it."""


class SqliteFile:
    """A database that is whole. See `BagFile`."""

    def __init__(self, path: Path, name: str) -> None:
        """Check the file, and count its messages.

        Raises:
            DamagedDatabaseError: it is damaged.
        """
        self.name = name
        self._path = path
        if is_short(path):
            raise DamagedDatabaseError("the file is shorter than it should be")
        try:
            with closing(connect(path)) as database:
                if (problem := _damage(database)) is not None:
                    raise DamagedDatabaseError(problem)
                self._channels = read_channels(database)
                counts = database.execute(
                    "SELECT topic_id, COUNT(*), MIN(timestamp), MAX(timestamp) FROM messages NOT INDEXED "
                    "WHERE typeof(timestamp) = 'integer' GROUP BY topic_id"
                ).fetchall()
        except sqlite3.Error as error:
            raise DamagedDatabaseError(str(error)) from error
        counts = [row for row in counts if row[0] in self._channels]
        count = {key: number for key, number, _, _ in counts}
        topics = (Topic(c.topic, c.msgtype, count.get(key, 0)) for key, c in self._channels.items())
        self.topics = list(added_up(topics).values())
        self.start_ns: int | None = min((row[2] for row in counts), default=None)
        self.end_ns: int | None = max((row[3] for row in counts), default=None)

    def messages(
        self, topic: str, start: int | None, stop: int | None, on_damage: Callable[[str], None]
    ) -> Iterator[BagMessage]:
        """Messages of one topic in order of time; see `BagFile`."""
        with closing(connect(self._path)) as database:
            rows = [
                (time_ns, row, channel)
                for key, channel in self._channels.items()
                if channel.topic == topic
                for row, time_ns in database.execute(
                    # Not by the index on time: it may be missing, or lack rows.
                    "SELECT rowid, timestamp FROM messages NOT INDEXED "
                    "WHERE topic_id = ? AND typeof(timestamp) = 'integer'",
                    (key,),
                )
                if (start is None or time_ns >= start) and (stop is None or time_ns < stop)
            ]
            for time_ns, row, channel in sorted(rows, key=itemgetter(0, 1)):
                try:
                    (data,) = database.execute("SELECT data FROM messages WHERE rowid = ?", (row,)).fetchone()
                except sqlite3.Error as error:
                    on_damage(str(error))
                    continue
                content = data if isinstance(data, bytes) else b""
                yield BagMessage(topic, time_ns, channel.msgtype, channel.encoding, content)

    def close(self) -> None:
        """Nothing stays open between two readings."""


def _damage(database: sqlite3.Connection) -> str | None:
    """What SQLite finds wrong; None when it finds nothing in the time it has."""
    timer = threading.Timer(CHECK_SECONDS, database.interrupt)
    timer.daemon = True
    timer.start()
    try:
        rows = database.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return None
        raise
    finally:
        timer.cancel()
        timer.join()
    text = str(rows[0][0]) if rows else "ok"
    return None if text == "ok" else " ".join(text.removeprefix("*** in database main ***").split())
