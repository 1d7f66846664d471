# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The loop of the executor, which a failing callback does not end."""

import traceback

from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from cac_core.support.names import several_lines


class _Executor(SingleThreadedExecutor):
    """One whose destructor is quiet when a signal took the ROS context away while it was made."""

    _sigint_gc = None


def spin(node: Node, log_period: float) -> None:
    """Handle callbacks until the process is asked to end.

    Args:
        node: its callbacks are handled.
        log_period: a failing callback is logged no more often [s].

    Raises:
        KeyboardInterrupt: on Ctrl-C.
        ExternalShutdownException: on another signal.
    """
    executor = _Executor()
    executor.add_node(node)
    while True:
        try:
            executor.spin()
            return
        except (KeyboardInterrupt, ExternalShutdownException):
            raise
        except Exception:  # noqa: BLE001 - a message that cannot be deserialised, say: no reason to stop the robot's eyes
            if not node.context.ok():
                return
            text = several_lines(f"A callback failed:\n{traceback.format_exc()}")
            node.get_logger().error(text, throttle_duration_sec=log_period)
