# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A log for each recording: when it was tried, and what came of it."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timezone
from pathlib import Path

from cac_core.support.appending import append_whole
from cac_core.support.names import one_line


def file_stem(name: str) -> str:
    """The name of a recording as that of a file; two names of one fleet never become one."""
    return re.sub(r"[^\w.%-]", lambda match: f"%{ord(match[0]):02x}", name.replace("%", "%25")).lstrip(".")[-180:]


class Logs:
    """Appends to the logs of recordings; a disk that is full does not stop the work."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, *sentences: str) -> None:
        """Append lines with the time of day."""
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        lines = "".join(f"{now} {one_line(sentence)}\n" for sentence in sentences)
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            append_whole(self._folder / f"{file_stem(name)}.log", lines.encode("utf-8", "backslashreplace"))
