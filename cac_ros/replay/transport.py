# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How two processes of this machine reach each other: ROS domain and transport, chosen by the environment."""

from __future__ import annotations

import os

from rclpy.utilities import get_rmw_implementation_identifier

from cac_core.support import console
from cac_ros.middleware import Middleware, middleware_of

WATCHED = "/cac_replay/debug_image"
"""The annotated image of a replay that is to be watched; compressed on .../compressed. As in replay.launch.py."""

_DOMAINS = 100  # higher ones use ports that Linux may give to other programs


ROOM_MB = 8
"""Room for the messages of a replay on their way [MB]."""


def stay_local(room_mb: int = ROOM_MB) -> None:
    """Choose a transport and a ROS domain for this process and its children, unless the user has.

    Args:
        room_mb: for the messages on their way [MB].
    """
    for name, value in _middleware().local_environment(room_mb).items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % _DOMAINS))


def prepare_environment(watch: bool) -> list[str]:
    """Set what ROS reads from the environment, unless the user did.

    Args:
        watch: stay in the user's ROS domain and with the user's transport. Programs with another transport would
            neither see the node nor be seen.

    Returns:
        Sentences about what slows the replay down.
    """
    notes = []
    if watch:
        os.environ.setdefault("ROS_DOMAIN_ID", "0")
        where = f"{WATCHED} (and {WATCHED}/compressed) in ROS domain {os.environ['ROS_DOMAIN_ID']}"
        console.err.print(f"watch {where}", markup=False, highlight=False)
        notes.append(f"The annotated image could be watched on {where}; latencies are longer than without --watch.")
    else:
        stay_local()
    if slowness := _middleware().slowness(os.environ):
        notes.append(slowness)
    return notes


def how_they_see_each_other() -> str:
    """What two programs need to see each other with the middleware in use, after "check that"."""
    return _middleware().reach(os.environ)


def domain_is_chosen() -> bool:
    """Whether the environment names a ROS domain."""
    return "ROS_DOMAIN_ID" in os.environ


def take_next_domain() -> None:
    """Go on in another ROS domain."""
    os.environ["ROS_DOMAIN_ID"] = str(1 + int(os.environ["ROS_DOMAIN_ID"]) % _DOMAINS)


def _middleware() -> Middleware:
    return middleware_of(get_rmw_implementation_identifier())
