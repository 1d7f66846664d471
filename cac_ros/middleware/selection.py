# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which file answers for the middleware in use."""

from cac_ros.middleware.cyclone_dds import CycloneDds
from cac_ros.middleware.fast_dds import FastDds
from cac_ros.middleware.middleware import Middleware
from cac_ros.middleware.zenoh import Zenoh

_KNOWN: dict[str, type[Middleware]] = {"fastrtps": FastDds, "cyclonedds": CycloneDds, "zenoh": Zenoh}


def middleware_of(identifier: str) -> Middleware:
    """What is known of a middleware.

    Args:
        identifier: what rclpy.get_rmw_implementation_identifier() says, such as rmw_fastrtps_cpp.
    """
    kind = next((kind for word, kind in _KNOWN.items() if word in identifier), Middleware)
    return kind(identifier)
