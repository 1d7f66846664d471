# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A log for each recording: when it was tried, and what came of it."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timezone

from cac_core.support.errors import CacError
from cac_core.support.names import one_line
from cac_ros.fleet.store import Store


def file_stem(name: str) -> str:
    """The name of a recording as that of a file; two names of one fleet never become one."""
    return re.sub(r"[^\w.%-]", lambda match: f"%{ord(match[0]):02x}", name.replace("%", "%25")).lstrip(".")[-180:]


class Logs:
    """Appends to the logs of recordings; a disk that is full does not stop the work."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, name: str, *sentences: str) -> None:
        """Append lines with the time of day."""
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        lines = "".join(f"{now} {one_line(sentence)}\n" for sentence in sentences)
        with contextlib.suppress(OSError, CacError):
            self._store.append(f"logs/{file_stem(name)}.log", lines.encode("utf-8", "backslashreplace"))
