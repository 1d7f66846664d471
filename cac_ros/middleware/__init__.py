# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is known of each middleware (RMW): one file for each, with its facts from its documentation and sources.

No ROS in this room: the environment and the name of the middleware are given.
"""

from cac_ros.middleware.middleware import Middleware
from cac_ros.middleware.selection import middleware_of

__all__ = ["Middleware", "middleware_of"]
