# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node and the replay ask of a middleware. This class answers for one that is not known."""

from collections.abc import Mapping

Environment = Mapping[str, str]

RELIABLE_PUBLISHER = "make the publisher reliable: best effort does not resend lost images"


class Middleware:
    """A middleware of which nothing particular is known.

    Args:
        identifier: the name that rmw gives, such as rmw_fastrtps_cpp.

    Attributes:
        identifier: the same.
    """

    def __init__(self, identifier: str) -> None:
        self.identifier = identifier

    def same_for_both(self, environment: Environment) -> list[str]:
        """What two programs must have alike to see each other, with the values of this one."""
        return [
            f"RMW_IMPLEMENTATION ({self.identifier} here)",
            f"ROS_DOMAIN_ID ({environment.get('ROS_DOMAIN_ID') or '0'} here)",
        ]

    def reach(self, environment: Environment) -> str:
        """What else lets two programs see each other, after "check that"."""
        return "ROS_AUTOMATIC_DISCOVERY_RANGE lets the two see each other"

    def loss_cause(self) -> str:
        """Why images are lost, in front of what helps; empty if nothing particular is known."""
        return ""

    def loss_fixes(self, environment: Environment, best_effort: bool) -> list[str]:
        """What helps against lost images, each as the rest of a sentence.

        Args:
            environment: of this process.
            best_effort: whether a publisher is best effort.
        """
        return [RELIABLE_PUBLISHER] if best_effort else []

    def local_environment(self, room_mb: int) -> dict[str, str]:
        """Variables for two processes of this computer that talk to each other and to nobody else.

        Args:
            room_mb: for the messages on their way [MB].
        """
        return {}

    def slowness(self, environment: Environment) -> str:
        """What makes large images slow here, as a sentence; empty if nothing does."""
        return ""


def is_limited_to_this_computer(environment: Environment) -> str:
    """The setting that limits discovery to this computer, such as ``ROS_LOCALHOST_ONLY (1``; empty if none does."""
    for name, value in (("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST"), ("ROS_LOCALHOST_ONLY", "1")):
        if environment.get(name, "").upper() == value:
            return f"{name} ({value}"
    return ""
