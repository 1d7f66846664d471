# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read what is left of a damaged bag file: every complete message before the cut.

A recorder that was killed or a copy that broke off leaves a file without its index, and the ordinary readers refuse it.
The functions here need no index. Each walks the file from its start, notes where every complete message lies, and stops
where the file stops making sense. Messages are read from those places later, so memory holds one entry per message, not
the messages.
"""

from __future__ import annotations

from pathlib import Path

from cac_ros.bags.recovery import mcap, ros1, sqlite
from cac_ros.bags.recovery.mcap_records import MAGIC as MCAP_MAGIC
from cac_ros.bags.recovery.recovered import Recovered


def recover(path: Path) -> Recovered:
    """Scan one bag file of any supported kind.

    Args:
        path: an `.mcap`, `.db3` or ROS 1 `.bag` file. The kind is told by its first bytes, not by its name.

    Returns:
        The messages that are complete, in the order of the file.

    Raises:
        ValueError: the file is none of these kinds, or too short to tell what it holds.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        magic = file.read(16)
    if magic.startswith(MCAP_MAGIC):
        return mcap.scan(path)
    if magic.startswith(sqlite.MAGIC):
        return sqlite.scan(path)
    if magic.startswith(ros1.MAGIC):
        return ros1.scan(path)
    raise ValueError("it does not start like an mcap, sqlite3 or ROS 1 bag")
