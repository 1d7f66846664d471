# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How two processes of this machine reach each other: ROS domain and DDS transport, chosen by the environment."""

from __future__ import annotations

import os

from rclpy.utilities import get_rmw_implementation_identifier

from cac_core.support import console

WATCHED = "/cac_replay/debug_image"
"""The annotated image of a replay that is to be watched; compressed on .../compressed. As in replay.launch.py."""

_DOMAINS = 100  # higher ones use ports that Linux may give to other programs


def shared_memory(sockets_mb: int) -> str:
    """The value of FASTDDS_BUILTIN_TRANSPORTS for shared memory alone.

    Both ends are on this machine, and discovery then needs no network that passes multicast. The default size of Fast
    DDS is smaller than one 640x480 colour frame.

    Args:
        sockets_mb: room for the messages on their way [MB].
    """
    return f"SHM?max_msg_size=1MB&sockets_size={sockets_mb}MB&non_blocking=false"


LOCAL_TRANSPORT = shared_memory(8)
"""The transport of a replay."""


def stay_local(transport: str = LOCAL_TRANSPORT) -> None:
    """Choose a transport and a ROS domain for this process and its children, unless the user has.

    The discovery range stays as it is: with LOCALHOST, rmw_fastrtps makes transports of its own and ignores the
    variable. Measured with 640x480 colour frames: p50 14 ms instead of 4 ms.
    """
    os.environ.setdefault("FASTDDS_BUILTIN_TRANSPORTS", transport)
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
    if _discovery_is_limited() and "fastrtps" in get_rmw_implementation_identifier():
        notes.append("Discovery is limited to this machine (LOCALHOST). This makes Fast DDS slow with large images.")
    return notes


def domain_is_chosen() -> bool:
    """Whether the environment names a ROS domain."""
    return "ROS_DOMAIN_ID" in os.environ


def take_next_domain() -> None:
    """Go on in another ROS domain."""
    os.environ["ROS_DOMAIN_ID"] = str(1 + int(os.environ["ROS_DOMAIN_ID"]) % _DOMAINS)


def _discovery_is_limited() -> bool:
    range_ = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").upper()
    return range_ == "LOCALHOST" or os.environ.get("ROS_LOCALHOST_ONLY") == "1"
