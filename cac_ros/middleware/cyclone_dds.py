# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cyclone DDS (``rmw_cyclonedds_cpp``). Facts from its README and ``rmw_node.cpp`` of December 2024; not measured here.

- "With large samples (100s of kilobytes), excessive latency can be caused by running out of space in the OS-level
  receive buffer": the README raises ``net.core.rmem_max`` and ``net.core.rmem_default``.
- CYCLONEDDS_URI holds its settings: network interfaces, peers where multicast does not work.
- A discovery range of LOCALHOST switches multicast off and names localhost as the only peer.
- At most about 32 ROS processes of one computer see each other (MaxAutoParticipantIndex), unless CYCLONEDDS_URI says
  otherwise.
"""

from cac_ros.middleware.middleware import RELIABLE_PUBLISHER, Environment, Middleware

_BUFFERS = "sudo sysctl -w net.core.rmem_max=8388608 net.core.rmem_default=8388608"


class CycloneDds(Middleware):
    """See the module."""

    def same_for_both(self, environment: Environment) -> list[str]:
        """Its settings, too: peers and interfaces."""
        uri = "set" if environment.get("CYCLONEDDS_URI") else "not set"
        return [*super().same_for_both(environment), f"the same CYCLONEDDS_URI ({uri} here)"]

    def reach(self, environment: Environment) -> str:
        """Multicast or peers."""
        return f"{super().reach(environment)}: by multicast, or by peers in CYCLONEDDS_URI"

    def loss_cause(self) -> str:
        """The kernel's buffer."""
        return "Large images need a large receive buffer of the kernel: "

    def loss_fixes(self, environment: Environment, best_effort: bool) -> list[str]:
        """Larger buffers, on each computer that receives."""
        fix = f"enlarge it with `{_BUFFERS}`"
        return [fix, RELIABLE_PUBLISHER] if best_effort else [fix]

    def local_environment(self, room_mb: int) -> dict[str, str]:
        """This computer only; it costs nothing with Cyclone."""
        return {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
