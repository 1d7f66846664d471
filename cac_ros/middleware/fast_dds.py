# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fast DDS (``rmw_fastrtps_cpp``), the one that the tests run on. What is said to be measured was measured here.

- Its default shared memory has 0.5 MB: a 640x480 colour image does not fit. Best effort then received 3 of 177.
- FASTDDS_BUILTIN_TRANSPORTS=LARGE_DATA sends data over TCP and shared memory (README of rmw_fastrtps). Measured: a
  program with it and one without do not discover each other.
- Measured: with a discovery range of LOCALHOST, rmw_fastrtps makes its own transports and ignores the variable. 640x480
  colour frames then take 14 ms (p50) instead of 4 ms.
- Its shared memory does not pass between users.
"""

from cac_ros.middleware.middleware import RELIABLE_PUBLISHER, Environment, Middleware, is_limited_to_this_computer

TRANSPORTS = "FASTDDS_BUILTIN_TRANSPORTS"


def shared_memory(room_mb: int) -> str:
    """The value of FASTDDS_BUILTIN_TRANSPORTS for shared memory alone, large enough for images.

    Discovery then needs no network that passes multicast.

    Args:
        room_mb: for the messages on their way [MB].
    """
    return f"SHM?max_msg_size=1MB&sockets_size={room_mb}MB&non_blocking=false"


class FastDds(Middleware):
    """See the module."""

    def same_for_both(self, environment: Environment) -> list[str]:
        """The domain, and the transports: measured."""
        domain = f"ROS_DOMAIN_ID ({environment.get('ROS_DOMAIN_ID') or '0'} here)"
        return [domain, f"the same {TRANSPORTS} ({environment.get(TRANSPORTS) or 'not set'} here)"]

    def loss_cause(self) -> str:
        """The size of the shared memory."""
        return "Images over 0.5 MB do not fit the shared memory of Fast DDS: "

    def loss_fixes(self, environment: Environment, best_effort: bool) -> list[str]:
        """LARGE_DATA for both, where it has an effect."""
        setting = f"set {TRANSPORTS}=LARGE_DATA for"
        if limit := is_limited_to_this_computer(environment):
            name = limit.partition(" ")[0]
            value = limit.rpartition("(")[2]
            fix = f"unset {name} ({value} makes Fast DDS ignore its transport setting) and {setting} both nodes"
        elif environment.get(TRANSPORTS, "").startswith("LARGE_DATA"):
            fix = f"{setting} the publisher, too (here it is set)"
        else:
            fix = f"{setting} this node and for the publisher (here it is not set)"
        return [fix, RELIABLE_PUBLISHER] if best_effort else [fix]

    def local_environment(self, room_mb: int) -> dict[str, str]:
        """Shared memory alone. The discovery range stays: with LOCALHOST it would have no effect."""
        return {TRANSPORTS: shared_memory(room_mb)}

    def slowness(self, environment: Environment) -> str:
        """LOCALHOST: measured."""
        if is_limited_to_this_computer(environment):
            return "Discovery is limited to this machine (LOCALHOST). This makes Fast DDS slow with large images."
        return ""
