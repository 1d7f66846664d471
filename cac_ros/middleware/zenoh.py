# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Zenoh (``rmw_zenoh_cpp``). Facts from its README, configuration and sources of October 2024; not measured here.

- "Without the Zenoh router, nodes will not be able to discover each other since multicast discovery is disabled by
  default": one router for each computer, ``ros2 run rmw_zenoh_cpp rmw_zenohd``, on tcp/localhost:7447.
- ROS_AUTOMATIC_DISCOVERY_RANGE and ROS_LOCALHOST_ONLY are not read. Routers of several computers are connected in the
  router's configuration (ZENOH_ROUTER_CONFIG_URI).
- A program waits for the router for ever unless ZENOH_ROUTER_CHECK_ATTEMPTS is above 0 (tries, one a second) or below
  0 (no check). Later releases have another default.
- Messages travel over TCP. When the connection is congested, a publisher drops messages, unless it is reliable and
  keeps all (congestion control, ``rmw_publisher_data.cpp``).
"""

from cac_ros.middleware.middleware import Environment, Middleware

_ROUTER = "ros2 run rmw_zenoh_cpp rmw_zenohd"
_ATTEMPTS = "ZENOH_ROUTER_CHECK_ATTEMPTS"


class Zenoh(Middleware):
    """See the module."""

    def reach(self, environment: Environment) -> str:
        """The router; a discovery range has no effect."""
        session = environment.get("ZENOH_SESSION_CONFIG_URI")
        whose = f" (or as {session} says)" if session else ""
        return f"the router of Zenoh runs on this computer{whose}: {_ROUTER}"

    def loss_cause(self) -> str:
        """A connection that is too slow."""
        return "Zenoh drops images that its connection cannot carry: "

    def loss_fixes(self, environment: Environment, best_effort: bool) -> list[str]:
        """Fewer bytes; resending is no question over TCP."""
        return ["let the camera send compressed images", "run this node on the camera's computer"]

    def local_environment(self, room_mb: int) -> dict[str, str]:
        """Do not wait for a router for ever: without one the replay shall end with a sentence."""
        return {_ATTEMPTS: "5"}
